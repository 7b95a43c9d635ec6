import { testStreams } from "./streams.ts";

testStreams({ name: "tcp", kind: "tcp" });
