// What the tests of the documents read out of Markdown: tables, blocks of code, links, anchors.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/command.mjs";

/** The text of a file of the repository, by its path from the root. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The part of a document below a heading, down to the next one of the same rank or a higher one. */
export function section(text: string, heading: string): string {
  const lines = withoutCode(text).split("\n");
  const rank = (line: string): number =>
    /^(#+) /.exec(line)?.[1]?.length ?? Number.POSITIVE_INFINITY;
  const start = lines.findIndex((line) => line.replace(/^#+ /, "") === heading && rank(line) < 7);
  if (start === -1) throw new Error(`there is no heading "${heading}"`);
  const length = lines.slice(start + 1).findIndex((line) => rank(line) <= rank(lines[start] ?? ""));
  const end = length === -1 ? undefined : start + 1 + length;
  return text
    .split("\n")
    .slice(start + 1, end)
    .join("\n");
}

/** The rows of all tables in a text, each as the Markdown of its cells; heads are left out. */
export function tableRows(text: string): string[][] {
  const lines = text.split("\n");
  const isRule = (line: string | undefined): boolean => /^\|[\s:|-]+\|$/.test(line ?? "");
  return lines
    .filter((line, index) => line.startsWith("|") && !isRule(line) && !isRule(lines[index + 1]))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** The words of a text that stand in backticks. */
export function codeIn(text: string): string[] {
  return Array.from(text.matchAll(/`([^`]+)`/g), ([, code = ""]) => code);
}

/** A fenced block of code. */
export interface Block {
  readonly language: string;
  readonly code: string;
  /** The headings above it, as one text: blocks under one heading belong together. */
  readonly heading: string;
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  for (const part of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$|^#+ (.*)$/gm)) {
    const [, language, code, title] = part;
    if (title !== undefined) heading = title;
    else blocks.push({ language: language ?? "", code: code ?? "", heading });
  }
  return blocks;
}

/** The goals of all links, as written. */
export function linksOf(text: string): string[] {
  const prose = withoutCode(text).replaceAll(/`[^`\n]*`/g, "");
  return Array.from(prose.matchAll(/\]\(([^()\s]+)\)/g), ([, goal = ""]) => goal);
}

/** The anchors that a document's headings have on the web. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return Array.from(withoutCode(text).matchAll(/^#+ (.*)$/gm), ([, title = ""]) => {
    const anchor = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** The same lines, with those of code emptied: a comment of a shell is no heading. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, (code) => code.replaceAll(/.+/g, ""));
}
