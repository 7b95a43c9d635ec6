import { connect } from "myelin";

const [, , name, room] = process.argv;

const client = await connect("local:theatre");
client.on("line", (text) => console.log(text));
client.on("curtain", () => client.close());
console.log(await client.call("enter", { name, room }));
client.send("seated");
