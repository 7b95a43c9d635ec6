// `myelin/testing`: what makes tests of programs that talk to each other quick and repeatable.

export type { Clock, Timer } from "../clock.ts";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.ts";
