// The name of the pipe that a path means on Windows; the pipes themselves are in windows/.
import { expect, test } from "vitest";
import { pipeName } from "../src/route.ts";

test.each([
  ["/tmp/app.world", "\\\\.\\pipe\\tmp-app.world"],
  ["tmp/app.world", "\\\\.\\pipe\\tmp-app.world"],
  ["/a/b/c d/é", "\\\\.\\pipe\\a-b-c d-é"],
  ["//server/share", "\\\\.\\pipe\\-server-share"],
  ["world", "\\\\.\\pipe\\world"],
  ["\\\\.\\pipe\\own", "\\\\.\\pipe\\own"],
  ["\\\\.\\pipe\\own/with/slashes", "\\\\.\\pipe\\own/with/slashes"],
])("%s becomes %s", (path, name) => {
  expect(pipeName(path)).toBe(name);
});

test("what is a name already stays", () => {
  expect(pipeName(pipeName("/tmp/app.world"))).toBe(pipeName("/tmp/app.world"));
});
