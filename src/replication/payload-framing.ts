/**
 * The frame around a snapshot on the wire: `$<length>` or `$EOF:<mark>` before it, the mark behind it, blank lines
 * while the master prepares it. Pure: bytes in, steps out.
 *
 * It never treats a byte as payload that is not, and never lets one through that belongs to the mark.
 */
import { parseSafeInteger } from '../resp/numbers.js';

const LF = 10;
const CR = 13;
const MARK_BYTES = 40;
const MARK_START = '$EOF:';
/** Longer than any header line; what exceeds it is no master. */
const HEADER_LIMIT_BYTES = 1024;

/** How the end of the payload is known. */
export type PayloadFrame =
  { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'mark'; readonly mark: string };

/** Who takes the payload. Called in order: `onFrame`, any number of `onBytes`, then `onEnd` or `onError`. */
export interface PayloadSink {
  onFrame(frame: PayloadFrame): void;
  /** A piece of the snapshot; only valid during the call. */
  onBytes(bytes: Buffer): void;
  /** The snapshot is complete. `rest` is what the chunk held beyond it: the stream begins. */
  onEnd(rest: Buffer): void;
  /** The master refuses, or what it sends is no payload. Nothing is called afterwards. */
  onError(reason: string): void;
}

type Phase =
  | { readonly kind: 'header' }
  | { readonly kind: 'length'; remaining: number }
  | { readonly kind: 'mark'; readonly mark: Buffer }
  | { readonly kind: 'over' };

export class PayloadFraming {
  private phase: Phase = { kind: 'header' };
  private header = '';
  /** With a mark: the last bytes received, which may be (part of) the mark. */
  private held: Buffer = Buffer.alloc(0);

  constructor(private readonly sink: PayloadSink) {}

  /** Takes what the master sent. The chunk may be reused when this returns. */
  push(chunk: Buffer): void {
    switch (this.phase.kind) {
      case 'header':
        this.pushHeader(chunk);
        return;
      case 'length':
        this.pushCounted(this.phase, chunk);
        return;
      case 'mark':
        this.pushMarked(this.phase.mark, chunk);
        return;
      case 'over':
        return;
    }
  }

  private pushHeader(chunk: Buffer): void {
    let position = 0;
    while (this.phase.kind === 'header') {
      const end = chunk.indexOf(LF, position);
      const stop = end === -1 ? chunk.length : end;
      this.header += chunk.latin1Slice(position, stop);
      if (this.header.length > HEADER_LIMIT_BYTES) {
        this.fail(protocolProblem(this.header.slice(0, 64)));
        return;
      }
      if (end === -1) return;
      position = end + 1;
      const line =
        this.header.charCodeAt(this.header.length - 1) === CR ? this.header.slice(0, -1) : this.header;
      this.header = '';
      if (line !== '') this.receiveHeader(line);
    }
    if (position < chunk.length || this.isEmptyPayload()) this.push(chunk.subarray(position));
  }

  private receiveHeader(line: string): void {
    if (line.startsWith('-')) {
      this.fail(`MASTER aborted replication with an error: ${line.slice(1)}`);
      return;
    }
    if (line.startsWith(MARK_START) && line.length === MARK_START.length + MARK_BYTES) {
      const mark = line.slice(MARK_START.length);
      this.phase = { kind: 'mark', mark: Buffer.from(mark, 'latin1') };
      this.sink.onFrame({ kind: 'mark', mark });
      return;
    }
    const bytes = line.startsWith('$') ? parseSafeInteger(line.slice(1)) : NaN;
    if (!(bytes >= 0)) {
      this.fail(protocolProblem(line));
      return;
    }
    this.phase = { kind: 'length', remaining: bytes };
    this.sink.onFrame({ kind: 'length', bytes });
  }

  private isEmptyPayload(): boolean {
    return this.phase.kind === 'length' && this.phase.remaining === 0;
  }

  private pushCounted(phase: { remaining: number }, chunk: Buffer): void {
    const taken = Math.min(phase.remaining, chunk.length);
    phase.remaining -= taken;
    if (taken > 0) this.sink.onBytes(chunk.subarray(0, taken));
    if (phase.remaining > 0 || this.phase.kind === 'over') return;
    this.phase = { kind: 'over' };
    this.sink.onEnd(chunk.subarray(taken));
  }

  /**
   * The master sends nothing behind the mark until it hears from the replica, so the payload has ended when the last
   * bytes received are the mark. Until then they are held back.
   */
  private pushMarked(mark: Buffer, chunk: Buffer): void {
    const total = this.held.length + chunk.length;
    const passed = Math.max(0, total - MARK_BYTES);
    const fromHeld = Math.min(passed, this.held.length);
    const tail = Buffer.allocUnsafe(total - passed);
    const heldTail = this.held.copy(tail, 0, fromHeld);
    chunk.copy(tail, heldTail, passed - fromHeld);
    const head = this.held.subarray(0, fromHeld);
    this.held = tail;
    if (head.length > 0) this.sink.onBytes(head);
    if (passed > fromHeld && this.phase.kind === 'mark')
      this.sink.onBytes(chunk.subarray(0, passed - fromHeld));
    if (this.phase.kind !== 'mark' || !tail.equals(mark)) return;
    this.phase = { kind: 'over' };
    this.sink.onEnd(Buffer.alloc(0));
  }

  /** Stops here: the sink has found the payload unusable, or the link is being closed. */
  stop(): void {
    this.phase = { kind: 'over' };
  }

  private fail(reason: string): void {
    this.phase = { kind: 'over' };
    this.sink.onError(reason);
  }
}

function protocolProblem(line: string): string {
  return (
    `Bad protocol from MASTER, the first byte is not '$' (we received '${line}'), ` +
    'are you sure the host and port are right?'
  );
}
