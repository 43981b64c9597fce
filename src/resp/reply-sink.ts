/** Where command handlers write their replies: a client's output buffer or a script's collector. */

export type ProtocolVersion = 2 | 3;

/**
 * Replies are written, never built as objects. Types that RESP2 lacks are written in the form RESP2 clients
 * expect (a map as a flat array, a double as a bulk string, ...), so handlers do not ask for the version.
 * All strings are bytes (one latin1 character each).
 */
export interface ReplySink {
  protocol: ProtocolVersion;
  /** How many errors were written so far; dispatch compares it to see whether a command failed. */
  errorCount: number;
  /** The text of the last error, code first, without the leading dash. */
  lastError: string;

  ok(): void;
  simple(text: string): void;
  /** `text` begins with its code, e.g. `ERR syntax error`. Line breaks become blanks. */
  error(text: string): void;
  integer(value: number): void;
  /** An integer beyond the safe range. */
  bigInteger(value: bigint): void;
  bulk(bytes: string): void;
  bulkBuffer(bytes: Buffer): void;
  /** An integer as a bulk string. */
  bulkInteger(value: number): void;
  /** The null reply of commands that return a string or anything: `$-1` / `_`. */
  nullBulk(): void;
  /** The null reply of commands that return an array: `*-1` / `_`. */
  nullArray(): void;
  boolean(value: boolean): void;
  double(value: number): void;
  /** RESP3 big number, a bulk string in RESP2. */
  bigNumber(digits: string): void;
  /** RESP3 verbatim string with a three-letter format, a bulk string in RESP2. */
  verbatim(format: string, text: string): void;

  /** Headers: that many elements (for maps: pairs) must follow. */
  arrayHeader(count: number): void;
  mapHeader(pairCount: number): void;
  setHeader(count: number): void;
  /** RESP3 push, an array in RESP2. */
  pushHeader(count: number): void;
  attributeHeader(pairCount: number): void;

  /** Bytes that are already RESP. */
  raw(bytes: string): void;
}

/** Writes an array of bulk strings. */
export function writeBulks(reply: ReplySink, items: readonly string[]): void {
  reply.arrayHeader(items.length);
  for (const item of items) reply.bulk(item);
}
