// Hears the same events, and can ask as well.
import { connect } from "myelin";

const client = await connect(`unix:${process.env.SOCKET_ROOT ?? "/tmp/"}app.world`);
const news = new Promise((resolve) => client.on("news", resolve, { once: true }));
client.on("greeting", (text) => console.log(text));
console.log(`it is ${await client.call("time")}`);
client.send("greet", { name: "Grace" });
console.log(await news);
await client.close();
