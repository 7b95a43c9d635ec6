import * as myelin from "myelin";
import { myelinPeer } from "./myelin-api.mjs";

export const peer = myelinPeer(myelin);
