// What a test does to socket files with its own hands: leave a stale one, and ask whoever answers for its name.
import { once } from "node:events";
import { rename } from "node:fs/promises";
import { connect, createServer } from "node:net";

/** Leaves the file of a server that is gone, as a crash does. */
export async function leaveStaleFile(path: string): Promise<void> {
  const server = createServer().listen(`${path}.dying`);
  await once(server, "listening");
  // Closing removes the name that was bound: the file has another one by then.
  await rename(`${path}.dying`, path);
  server.close();
  await once(server, "close");
}

/** The name that the server behind a path greets with, or the code of the failure. */
export async function whoAnswers(path: string): Promise<string> {
  const socket = connect(path).setEncoding("utf8");
  let text = "";
  try {
    for await (const chunk of socket) {
      text += chunk as string;
      if (text.endsWith("\f")) return (JSON.parse(text.slice(0, -1)) as { data: string }).data;
    }
    return "nobody";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "nobody";
  } finally {
    socket.destroy();
  }
}
