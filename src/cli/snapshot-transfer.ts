/**
 * Sends SYNC (or PSYNC) over a connection and hands the snapshot that comes to whoever stores or drops it, no faster than
 * that one takes it. Afterwards the connection is at the beginning of the master's stream.
 */
import type { PayloadFrame } from '../replication/payload-framing.js';
import { systemErrorText } from '../platform/system-errors.js';
import type { CliConnection } from './cli-connection.js';
import { SyncAnswer } from './sync-answer.js';

export interface SnapshotTarget {
  /** The bytes belong to the target; `done` tells when they are out. */
  write(bytes: Buffer, done: (error: Error | null) => void): void;
}

export interface TransferListener {
  onPsyncReply?(line: string): void;
  onFrame(frame: PayloadFrame): void;
}

/** Null: there was none, the stream just goes on. */
export type TransferredSnapshot = { readonly frame: PayloadFrame; readonly sizeBytes: number } | null;

/** Why there is no snapshot: the master said no, the connection broke, or the target could not take it. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';

  constructor(
    readonly kind: 'refused' | 'lost' | 'unwritable',
    message: string,
  ) {
    super(message);
  }
}

/** The target may lag this far behind the master before the connection stops reading. */
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;
const RESUME_BELOW_BYTES = 1024 * 1024;

/** @throws SnapshotError (as a rejection), after which the connection is closed */
export function transferSnapshot(
  connection: CliConnection,
  command: readonly string[],
  target: SnapshotTarget,
  listener: TransferListener,
): Promise<TransferredSnapshot> {
  return new Promise((resolve, reject) => {
    let frame: PayloadFrame | null = null;
    let [sizeBytes, unwrittenBytes, hasEnded, isOver] = [0, 0, false, false];
    const fail = (error: SnapshotError): void => {
      if (isOver) return;
      isOver = true;
      connection.close();
      reject(error);
    };
    const finishIfWritten = (): void => {
      if (!hasEnded || unwrittenBytes > 0 || isOver) return;
      isOver = true;
      resolve(frame === null ? null : { frame, sizeBytes });
    };
    const answer = new SyncAnswer({
      onPsyncReply: (line) => listener.onPsyncReply?.(line),
      onFrame: (begun) => {
        frame = begun;
        listener.onFrame(begun);
      },
      onSnapshot: (bytes) => {
        const copy = Buffer.from(bytes);
        sizeBytes += copy.length;
        unwrittenBytes += copy.length;
        if (unwrittenBytes > MAX_UNWRITTEN_BYTES) connection.pause();
        target.write(copy, (error) => {
          if (error !== null) fail(new SnapshotError('unwritable', systemErrorText(error)));
          unwrittenBytes -= copy.length;
          if (unwrittenBytes < RESUME_BELOW_BYTES && !isOver) connection.resume();
          finishIfWritten();
        });
      },
      onStream: (first) => {
        hasEnded = true;
        connection.readReplies(first);
        finishIfWritten();
      },
      onRefused: (line) => fail(new SnapshotError('refused', line)),
    });
    connection.receiveBytes({
      onBytes: (chunk) => answer.push(chunk),
      // A master has nothing more to say to one that wants no stream, so it may close after the snapshot.
      onLost: (error) => fail(new SnapshotError('lost', error.message)),
    });
    connection.send(command);
  });
}
