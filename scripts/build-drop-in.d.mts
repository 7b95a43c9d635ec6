export declare function buildDropIn(): Promise<void>;
