/**
 * Every write that clients have sent, and what they were told of it.
 *
 * A write is `SET w:<number> <value>` with a number that is used once, so that it can be found in any stream and any
 * dataset.
 */

/** Clients prefix keys with this; the number follows. */
export const KEY_PREFIX = 'w:';

export interface Write {
  readonly number: number;
  readonly key: string;
  readonly value: string;
  /** The server it was sent to, or that acknowledged it. */
  server: string;
  readonly sentMs: number;
  /** When +OK came; null as long as it has not. */
  acknowledgedMs: number | null;
}

export class WriteLedger {
  readonly all: Write[] = [];

  /** @param tag put behind the number: a hash tag, where slots matter */
  begin(server: string, nowMs: number, tag = ''): Write {
    const number = this.all.length;
    const key = `${KEY_PREFIX}${number}${tag}`;
    const write: Write = { number, key, value: `v${number}`, server, sentMs: nowMs, acknowledgedMs: null };
    this.all.push(write);
    return write;
  }

  get acknowledged(): Write[] {
    return this.all.filter(({ acknowledgedMs }) => acknowledgedMs !== null);
  }

  /** The write that a key belongs to. */
  of(key: string): Write | null {
    if (!key.startsWith(KEY_PREFIX)) return null;
    return this.all[Number.parseInt(key.slice(KEY_PREFIX.length), 10)] ?? null;
  }
}
