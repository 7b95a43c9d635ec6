// What the demo draws, on a terminal and elsewhere.
import { describe, expect, test, vi } from "vitest";
import { paintFor } from "../../demo/paint.mjs";
import { Progress } from "../../demo/progress.mjs";
import { row } from "../../demo/table.mjs";

class Screen {
  readonly isTTY: boolean;
  readonly columns: number;
  written = "";

  constructor(isTTY: boolean, columns = 80) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string): void {
    this.written += text;
  }
}

describe("colours", () => {
  test.each([
    ["on a terminal", true, {}, true],
    ["not in a file", false, {}, false],
    ["not with NO_COLOR", true, { NO_COLOR: "1" }, false],
    ["also with an empty NO_COLOR, as its convention says", true, { NO_COLOR: "" }, true],
    ["not on a dumb terminal", true, { TERM: "dumb" }, false],
  ])("%s", (_, isTTY, env, coloured) => {
    expect(paintFor(new Screen(isTTY), env).green("✓") !== "✓").toBe(coloured);
  });
});

describe("the progress line", () => {
  test("moves below the lines that stay", () => {
    vi.useFakeTimers();
    const screen = new Screen(true);
    const progress = new Progress(screen);
    progress.show(() => "unix");
    const first = screen.written;
    vi.advanceTimersByTime(100);
    expect(screen.written.length).toBeGreaterThan(first.length);
    progress.print("a row");
    expect(screen.written).toContain("\r\u001B[2Ka row\n");
    progress.stop();
    expect(screen.written.endsWith("\r\u001B[2K")).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  test("never wraps", () => {
    const screen = new Screen(true, 20);
    const progress = new Progress(screen);
    progress.show(() => "x".repeat(100));
    progress.stop();
    for (const line of screen.written.split("\r\u001B[2K")) expect(line.length).toBeLessThan(20);
  });

  test("is not there without a terminal", () => {
    const screen = new Screen(false);
    const progress = new Progress(screen);
    progress.show(() => "unix");
    progress.print("a row");
    progress.stop();
    expect(screen.written).toBe("a row\n");
  });
});

describe("a row", () => {
  const paint = paintFor(new Screen(false));
  const scenario = { transport: "tcp", server: { name: "ours" }, clients: [{ name: "9.2.1" }] };

  test("shows the figures", () => {
    const result = { messages: 4_000, roundTripMs: 0.0421, perSecond: 98_765.4 };
    expect(row(scenario, result, { first: true, paint })).toBe(
      "  tcp        9.2.1 → ours         4,000       42 µs     98,765/s  ✓",
    );
  });

  test("says what went wrong instead", () => {
    const result = { messages: 0, problem: "message 3 arrived twice" };
    expect(row(scenario, result, { first: false, paint })).toBe(
      "             9.2.1 → ours             –           –            –  ✗ message 3 arrived twice",
    );
  });
});
