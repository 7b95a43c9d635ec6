// A socket file that nobody listens on, as a killed server leaves behind.
import { once } from "node:events";
import { linkSync, lstatSync } from "node:fs";
import net from "node:net";

export async function staleSocket(path: string): Promise<void> {
  const server = net.createServer().listen(`${path}~`);
  await once(server, "listening");
  linkSync(`${path}~`, path);
  server.close(); // Takes the name away that it listened on, not the other one.
  await once(server, "close");
  if (!lstatSync(path).isSocket()) throw new Error("no stale socket could be made");
}
