/**
 * What a master sends in answer to SYNC or PSYNC: a word about what follows, a snapshot in its frame unless the stream just
 * goes on, and then the stream of commands. Pure: bytes in, steps out.
 */
import { PayloadFraming, type PayloadFrame } from '../replication/payload-framing.js';

const LF = 10;

/** Called in this order; after `onStream` or `onRefused` nothing is called any more. */
export interface SyncAnswerListener {
  /** To PSYNC only: `+FULLRESYNC ...` or `+CONTINUE ...`. */
  onPsyncReply(line: string): void;
  onFrame(frame: PayloadFrame): void;
  /** A piece of the snapshot; only valid during the call. */
  onSnapshot(bytes: Buffer): void;
  /** Whatever comes from now on is the stream; these are its first bytes, perhaps none. */
  onStream(first: Buffer): void;
  /** @param line an error as the master sent it, or what is no answer to SYNC */
  onRefused(line: string): void;
}

export class SyncAnswer {
  private readonly framing: PayloadFraming;
  /** Null once the snapshot's own frame has begun. */
  private line: string | null = '';

  constructor(private readonly listener: SyncAnswerListener) {
    this.framing = new PayloadFraming({
      onFrame: (frame) => listener.onFrame(frame),
      onBytes: (bytes) => listener.onSnapshot(bytes),
      onEnd: (rest) => listener.onStream(rest),
      onError: (reason) => listener.onRefused(reason),
    });
  }

  /** Takes what the master sent; returns once the stream has begun, whose bytes are not for here. */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (this.line !== null) {
      const end = rest.indexOf(LF);
      this.line += rest.latin1Slice(0, end === -1 ? rest.length : end);
      if (end === -1) return;
      rest = rest.subarray(end + 1);
      const line = this.line.replace(/\r$/, '');
      this.line = '';
      if (line.startsWith('-')) {
        this.listener.onRefused(line);
        return;
      }
      if (line.startsWith('+CONTINUE')) {
        this.listener.onPsyncReply(line);
        this.listener.onStream(rest);
        return;
      }
      if (line.startsWith('+FULLRESYNC')) {
        this.listener.onPsyncReply(line);
      } else if (line !== '') {
        this.line = null;
        this.framing.push(Buffer.from(`${line}\r\n`, 'latin1'));
      }
    }
    if (rest.length > 0) this.framing.push(rest);
  }
}
