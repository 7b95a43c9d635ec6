import "@myelin/node-ipc/colors";
import ipc from "@myelin/node-ipc";

// The styles that node-ipc's logs had from colors.js, on every string, because this program asked for them.
ipc.log("good".good, "notice".notice, "warn".warn, "error".error, "debug".debug);
ipc.log("got a message from".debug, "Ada".variable, ":", "Hello".data);
ipc.log("and a rainbow".rainbow);

// Where the lines go is up to the program.
ipc.config.logger = (line) => console.log(`[log] ${line}`);
ipc.log("a logger of our own".good);

ipc.config.silent = true;
ipc.log("nobody sees this");
