/** The payload of a value too large to be serialised in one go, made piece by piece between other work. */
import type { Value } from '../keyspace/values/value.js';
import { DumpEncoder, type DumpOptions } from '../persistence/rdb/dump-payload.js';

export class LargePayload {
  readonly pieces: Buffer[] = [];
  sizeBytes = 0;
  private readonly rest: Generator<Buffer, void>;

  constructor(value: Value, options: DumpOptions) {
    this.rest = new DumpEncoder(options).pieces(value);
  }

  /** Makes the next piece, of about 16 KiB; returns its size, 0 when the payload is complete. */
  makeNext(): number {
    const { value: piece } = this.rest.next();
    if (piece === undefined) return 0;
    this.pieces.push(piece);
    this.sizeBytes += piece.length;
    return piece.length;
  }
}
