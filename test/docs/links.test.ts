// Every link of every document leads to something that is there.
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../scripts/command.mjs";
import { documents } from "./documents.ts";
import { anchorsOf, linksOf, textOf } from "./markdown.ts";

/** What is wrong with a link, if anything is. */
function faultOf(document: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const goal = path === "" ? document : join(dirname(document), path);
  if (goal.startsWith("..")) return "leads out of the repository";
  if (!existsSync(join(root, goal))) return "leads nowhere";
  if (anchor === undefined) return undefined;
  if (statSync(join(root, goal)).isDirectory()) return "names an anchor of a folder";
  return anchorsOf(textOf(goal)).includes(anchor) ? undefined : "names an anchor that is not there";
}

describe("links", () => {
  test.each(documents)("%s", (document) => {
    const links = linksOf(textOf(document)).filter((link) => !/^(?:https?|mailto):/.test(link));
    const faults = links
      .map((link) => ({ link, fault: faultOf(document, link) }))
      .filter(({ fault }) => fault !== undefined);
    expect(faults).toEqual([]);
  });

  test("are found, and faults with them", () => {
    expect(linksOf(textOf("README.md")).length).toBeGreaterThan(10);
    expect(faultOf("README.md", "docs/errors.md#codes-of-the-core")).toBeUndefined();
    expect(faultOf("README.md", "docs/errors.md#nothing")).toBe(
      "names an anchor that is not there",
    );
    expect(faultOf("docs/errors.md", "nothing.md")).toBe("leads nowhere");
  });

  test("the README leads to every page of docs/", () => {
    const links = linksOf(textOf("README.md"));
    const pages = documents.filter((path) => path.startsWith("docs/"));
    expect(pages.filter((page) => !links.includes(page))).toEqual([]);
  });
});
