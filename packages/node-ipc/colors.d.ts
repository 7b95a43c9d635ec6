// The text styles that node-ipc's logs were once written with: `"got it".good`, `"note".red.bold`.
// Importing this file puts them on every string; nothing else in the package does.

/** What can be changed about the styles of strings. */
declare const colors: colors.Colors;

declare namespace colors {
  /** A style that every theme can be made of. */
  type Style =
    | "reset"
    | "bold"
    | "dim"
    | "italic"
    | "underline"
    | "inverse"
    | "hidden"
    | "strikethrough"
    | "rainbow"
    | "zebra"
    | "america"
    | "random"
    | Color
    | `bright${Capitalize<BaseColor>}`
    | `bg${Capitalize<Color>}`
    | `bgBright${Capitalize<BaseColor>}`
    | `${BaseColor}BG`;
  /** The eight colours of every terminal. */
  type BaseColor = "black" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "white";
  /** Colours of the text. */
  type Color = BaseColor | "gray" | "grey";
  /** The names of node-ipc's own theme. */
  type ThemeName = "good" | "notice" | "warn" | "error" | "debug" | "variable" | "data";

  /** What this module exports. */
  interface Colors {
    /** The same object. */
    readonly default: Colors;
    /**
     * Gives names to styles: `setTheme({ notice: "cyan", alarm: ["bold", "red"] })`. Names that are
     * not mentioned stay. Declare new ones on `interface String`.
     * @throws TypeError for an unknown style, and for a name that strings have already
     */
    setTheme(theme: Record<string, Style | ThemeName | ReadonlyArray<Style | ThemeName>>): void;
    /** Styles do something from now on. */
    enable(): void;
    /** Styles leave texts as they are from now on. */
    disable(): void;
    /**
     * Whether styles do anything. At first: what the environment's `FORCE_COLOR` says (0 and false:
     * no), else not when `NO_COLOR` is set, else whether stdout is a terminal.
     */
    isEnabled(): boolean;
  }
}

export = colors;

declare global {
  interface String {
    /** What went well: green, unless the theme says otherwise. */
    readonly good: string;
    /** What should be noticed: yellow, unless the theme says otherwise. */
    readonly notice: string;
    /** What may go wrong: red, unless the theme says otherwise. */
    readonly warn: string;
    /** What went wrong: on red, unless the theme says otherwise. */
    readonly error: string;
    /** For those who look for a mistake: magenta, unless the theme says otherwise. */
    readonly debug: string;
    /** A value: cyan, unless the theme says otherwise. */
    readonly variable: string;
    /** Data of a message: blue, unless the theme says otherwise. */
    readonly data: string;

    /** Without any styles. */
    readonly strip: string;
    /** Without any styles. */
    readonly stripColors: string;

    /** Without the styles around it. */
    readonly reset: string;
    // `bold` is there too, but cannot be declared: the language has an old method of this name, for
    // HTML, which importing colors replaces. With `setTheme({ strong: "bold" })` it has another.
    /** Dimmed. */
    readonly dim: string;
    /** In italics. */
    readonly italic: string;
    /** Underlined. */
    readonly underline: string;
    /** With text and background swapped. */
    readonly inverse: string;
    /** Invisible. */
    readonly hidden: string;
    /** Struck through. */
    readonly strikethrough: string;

    /** Each character in the next colour of the rainbow. */
    readonly rainbow: string;
    /** Every other character inverse. */
    readonly zebra: string;
    /** In red, white and blue. */
    readonly america: string;
    /** Each character in any colour. */
    readonly random: string;

    /** In black. */
    readonly black: string;
    /** In red. */
    readonly red: string;
    /** In green. */
    readonly green: string;
    /** In yellow. */
    readonly yellow: string;
    /** In blue. */
    readonly blue: string;
    /** In magenta. */
    readonly magenta: string;
    /** In cyan. */
    readonly cyan: string;
    /** In white. */
    readonly white: string;
    /** In gray. */
    readonly gray: string;
    /** In gray. */
    readonly grey: string;

    /** In bright black. */
    readonly brightBlack: string;
    /** In bright red. */
    readonly brightRed: string;
    /** In bright green. */
    readonly brightGreen: string;
    /** In bright yellow. */
    readonly brightYellow: string;
    /** In bright blue. */
    readonly brightBlue: string;
    /** In bright magenta. */
    readonly brightMagenta: string;
    /** In bright cyan. */
    readonly brightCyan: string;
    /** In bright white. */
    readonly brightWhite: string;

    /** On black. */
    readonly bgBlack: string;
    /** On red. */
    readonly bgRed: string;
    /** On green. */
    readonly bgGreen: string;
    /** On yellow. */
    readonly bgYellow: string;
    /** On blue. */
    readonly bgBlue: string;
    /** On magenta. */
    readonly bgMagenta: string;
    /** On cyan. */
    readonly bgCyan: string;
    /** On white. */
    readonly bgWhite: string;
    /** On gray. */
    readonly bgGray: string;
    /** On gray. */
    readonly bgGrey: string;

    /** On bright black. */
    readonly bgBrightBlack: string;
    /** On bright red. */
    readonly bgBrightRed: string;
    /** On bright green. */
    readonly bgBrightGreen: string;
    /** On bright yellow. */
    readonly bgBrightYellow: string;
    /** On bright blue. */
    readonly bgBrightBlue: string;
    /** On bright magenta. */
    readonly bgBrightMagenta: string;
    /** On bright cyan. */
    readonly bgBrightCyan: string;
    /** On bright white. */
    readonly bgBrightWhite: string;

    /** On black: the older name. */
    readonly blackBG: string;
    /** On red: the older name. */
    readonly redBG: string;
    /** On green: the older name. */
    readonly greenBG: string;
    /** On yellow: the older name. */
    readonly yellowBG: string;
    /** On blue: the older name. */
    readonly blueBG: string;
    /** On magenta: the older name. */
    readonly magentaBG: string;
    /** On cyan: the older name. */
    readonly cyanBG: string;
    /** On white: the older name. */
    readonly whiteBG: string;
  }
}
