export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  readonly ca: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

export declare const recipe: readonly string[];
export declare function makeCertificates(folder: string): Certificates;
