import { connect } from "myelin";

const [, , name, to] = process.argv;
const client = await connect(`udp://127.0.0.1:${process.env.PORT ?? 8000}`);

// An event may be lost, so what matters is said again until there is an answer.
console.log(`${name} goes to the ${to}`);
const say = () => client.send("moved", { name, to });
const again = setInterval(say, 50);
say();
client.on("all-here", () => {
  clearInterval(again);
  console.log("everybody is here");
  void client.close();
});
