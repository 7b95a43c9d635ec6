export { type Abortable, unwatchAbort, watchAbort } from "../abort-watch.ts";
