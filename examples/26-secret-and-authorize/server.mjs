import { serve } from "myelin";

const port = Number(process.env.PORT ?? 8000);
const tokens = new Map([["token-of-ada", "Ada"]]);

const server = await serve(`tcp://127.0.0.1:${port}`, {
  // What both ends know and nobody else; a real one is random and comes from where secrets are kept.
  secret: process.env.SHARED_SECRET ?? "for this example only, 32 bytes long",
  // Asked after the secret was proven. Whatever is not true is a no.
  authorize: (_, { meta }) => tokens.has(meta.token),
  handlers: { open: () => "the vault is open" },
});
server.onPeer((peer) => void peer.closed.then(() => server.close()));
console.log("listening");
await server.closed;
console.log(`turned away: ${server.stats().refused}`);
