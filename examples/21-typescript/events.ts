// What the two programs say to each other, known to both and gone at run time.

export interface Job {
  readonly number: number;
  readonly text: string;
}

export interface Result {
  readonly number: number;
  readonly words: number;
}
