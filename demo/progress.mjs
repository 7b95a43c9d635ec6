// The line at the bottom that shows that something is going on. Terminals only.

const FRAMES = "⠋ ⠙ ⠹ ⠸ ⠼ ⠴ ⠦ ⠧ ⠇ ⠏".split(" ");
const ERASE_LINE = "\r\u001B[2K";

export class Progress {
  #stream;
  #timer;
  #frame = 0;
  #say = () => "";

  constructor(stream) {
    this.#stream = stream;
  }

  /** Shows what `say` returns, asked again for every frame, until it is told otherwise. */
  show(say) {
    if (!this.#stream.isTTY) return;
    this.#say = say;
    this.#timer ??= setInterval(() => this.#draw(), 80);
    this.#draw();
  }

  /** A line that stays, above the moving one. */
  print(text) {
    this.#stream.write(`${this.#timer === undefined ? "" : ERASE_LINE}${text}\n`);
    if (this.#timer !== undefined) this.#draw();
  }

  stop() {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.write(ERASE_LINE);
  }

  #draw() {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    // A longer line would wrap, and the next frame would erase half of it only.
    const line = `  ${FRAMES[this.#frame]} ${this.#say()}`.slice(
      0,
      (this.#stream.columns || 80) - 1,
    );
    this.#stream.write(`${ERASE_LINE}${line}`);
  }
}
