/**
 * What a server answered, as our own client side sees it (RESP2).
 *
 * Bytes are latin1 strings. An integer is a number while that is exact; beyond 2^53 it is its decimal text, so
 * that nothing is ever rounded silently.
 */

/** A reply: a bulk or simple string, an integer, a null, an error, or an array of these. */
export type Reply = string | number | null | ReplyError | Reply[];

/** An error reply. It is a value: a link hands it to the callback of its command and never throws it. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';

  /** @param message the whole text as sent, code included, one byte per character */
  constructor(message: string) {
    super(message);
  }

  /** The first word: ERR, NOAUTH, LOADING, ... */
  get code(): string {
    const end = this.message.indexOf(' ');
    return end < 0 ? this.message : this.message.slice(0, end);
  }
}

/**
 * A flat array of names and values, as RESP2 writes maps. Values that are not strings are left out.
 * @returns null when the reply is not an array
 */
export function fieldsOf(reply: Reply): Map<string, string> | null {
  if (!Array.isArray(reply)) return null;
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < reply.length; i += 2) {
    const name = reply[i];
    const value = reply[i + 1];
    if (typeof name === 'string' && typeof value === 'string') fields.set(name, value);
  }
  return fields;
}
