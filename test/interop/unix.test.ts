import { testStreams } from "./streams.ts";

testStreams({ name: "unix", kind: "unix" });
