// Works: here the client has the handlers.
import { connect } from "myelin";

const [, , name] = process.argv;

const client = await connect("local:office", {
  handlers: {
    name: () => name,
    work(day) {
      if (day === "monday" && name === "Grace") throw new Error("Grace does not work on mondays");
      return `${name} worked`;
    },
  },
  // When the server closes, so does this.
  retry: false,
});
console.log(`${name} is here`);
await client.closed;
console.log(`${name} goes home`);
