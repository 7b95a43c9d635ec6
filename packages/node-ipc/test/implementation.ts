// Compiled, never run: what the sources have is what index.d.ts declares. What is picked from the
// declarations is taken on trust: there they differ on purpose, so that programs compile. They leave out
// `false` and UDP peers, keep old slips, and have `any` where the sources have something stricter.
import type Declared from "../index.js";
import type { Client } from "../src/client.ts";
import type { Defaults } from "../src/defaults.ts";
import type { IPC } from "../src/ipc.ts";
import type { AssuredParser, GuardedParser } from "../src/parser/guarded-parser.ts";
import type { MessageParser } from "../src/parser/message-parser.ts";
import type { Parser } from "../src/parser/parser.ts";
import type { RawParser } from "../src/parser/raw-parser.ts";
import type { IPCProtocolError } from "../src/protocol-error.ts";
import type { Server } from "../src/server.ts";

/** Refuses what has a member of another type than declared, or none. */
type Implements<Interface, Implementation extends Interface> = Implementation;

export type Checked = [
  Implements<
    Declared.Config,
    Defaults & Pick<Declared.Config, "encoding" | "interfaces" | "parser" | "tls">
  >,
  Implements<Declared.IPC, IPC & Pick<Declared.IPC, "config" | "of" | "server">>,
  Implements<
    Declared.Client,
    Client & Pick<Declared.Client, "Client" | "config" | "list" | "socket">
  >,
  Implements<
    Declared.Server,
    Server & Pick<Declared.Server, "config" | "emit" | "list" | "sockets">
  >,
  Implements<Declared.Parser, Parser>,
  Implements<Declared.RawParser, RawParser>,
  Implements<Declared.GuardedParser, GuardedParser>,
  Implements<Declared.AssuredParser, AssuredParser>,
  Implements<Declared.MessageParser, MessageParser>,
  Implements<Declared.IPCProtocolError, IPCProtocolError>,
  Implements<Declared.IPCErrorCode, IPCProtocolError["code"]>,
  Implements<IPCProtocolError["code"], Declared.IPCErrorCode>,
];
