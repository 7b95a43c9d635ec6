import ipc from "@myelin/node-ipc";

const name = process.argv[2] ?? "Ada";

ipc.config.silent = true;
ipc.config.networkPort = Number(process.env.PORT ?? 8000);

ipc.connectToNet("newsroom", () => {
  const { newsroom } = ipc.of;

  newsroom.on("connect", () => newsroom.emit("subscribe", name));
  newsroom.on("welcome", () => console.log(`${name} reads the news`));
  newsroom.on("news", ({ headline, page }) => console.log(`page ${page}: ${headline}`));
  newsroom.on("crossword", (clue) => console.log(`crossword: ${clue}`));
  newsroom.on("closing", () => ipc.disconnect("newsroom"));
});
