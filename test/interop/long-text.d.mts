export interface LongText {
  readonly bytes: number;
  readonly ascii: boolean;
}
export declare function longText(wanted: LongText): string;
export declare function digest(text: string): {
  readonly length: number;
  readonly sha256: string;
  readonly start: string;
  readonly end: string;
};
