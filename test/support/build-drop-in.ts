// Builds the drop-in's bundle once before the tests, so that they run what users install.
import { buildDropIn } from "../../scripts/build-drop-in.mjs";

export default async function setup(): Promise<void> {
  await buildDropIn();
}
