// The old log styles, for programs that ask for them.
import "node-ipc/colors";

import colors = require("node-ipc/colors");
import ipc = require("node-ipc");

const message = { from: "world", text: "hello" };
ipc.log("got a message from ".debug, message.from.variable, " : ".debug, message.text.data);
ipc.log("## connected ##".rainbow, "fine".good, "note".notice, "careful".warn, "broken".error);
const chained: string = "all".red.bgWhite.underline.italic.brightGreen.bgBrightBlue.redBG.zebra
  .america.random.strip;

declare global {
  interface String {
    readonly alarm: string;
  }
}
colors.setTheme({ notice: "cyan", alarm: ["red", "underline", "bold"], good: "rainbow" });
ipc.log("fire".alarm, chained);
if (colors.isEnabled()) colors.disable();
else colors.default.enable();
// @ts-expect-error -- no such style
colors.setTheme({ notice: "pink" });
// @ts-expect-error -- a style is a name
colors.setTheme({ notice: 31 });
// @ts-expect-error -- not part of the theme
void "x".bad;
