/** What the clients did and what became of it: the raw material of a trial. Times are monotonic milliseconds. */

export interface Operation {
  readonly kind: 'write' | 'read';
  /** Of the write; for a read, of the write that it looks for. */
  readonly number: number;
  /** Which client. */
  readonly client: number;
  /** When its turn was, whether or not the client was able to send it then. */
  readonly dueMs: number;
  readonly endMs: number;
  readonly outcome: Outcome;
}

export type Outcome =
  | {
      readonly kind: 'acknowledged';
      /** `host:port` of the server. */
      readonly server: string;
      /** A read did not find a write that was acknowledged before it was sent. */
      readonly isStale: boolean;
    }
  | {
      readonly kind: 'failed';
      /** The code of an error reply (MOVED, CLUSTERDOWN, READONLY), or of our own side (TIMEOUT, CLOSED, ...). */
      readonly error: string;
    };

/** Unique, and spread over all slots. */
export function keyOf(number: number): string {
  return `write:${number}`;
}

/** What the write stores. */
export function valueOf(number: number): string {
  return `value ${number}`;
}
