/** The part of redis-parser that is used here; the package ships no types of its own. */
declare module 'redis-parser' {
  export interface ParserOptions {
    returnReply(reply: unknown): void;
    returnError(error: Error): void;
    /** The input breaks the protocol; the parser is beyond repair. */
    returnFatalError(error: Error): void;
    /** Strings come as Buffers instead of decoded UTF-8. */
    returnBuffers: boolean;
    /** Integers come as decimal text, and so exact. */
    stringNumbers: boolean;
  }
  export default class RedisParser {
    constructor(options: ParserOptions);
    execute(chunk: Buffer): void;
    /** What has come of a reply that is not whole yet; null between two replies. */
    readonly buffer: Buffer | null;
  }
}
