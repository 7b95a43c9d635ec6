import { openChannels } from "./raw-party.mjs";

openChannels("client");
