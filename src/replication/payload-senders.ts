/**
 * Send a snapshot to one replica, as its socket takes it: pieces that come while the snapshot is being taken, or the
 * file that it was saved to. One piece is under way at a time, so that progress can be seen and little is held in the
 * kernel's name.
 */
import type { FileHandle, Platform } from '../platform/platform.js';
import type { ReplicaSession, SnapshotSender } from './replica-session.js';

const FILE_PIECE_BYTES = 64 * 1024;
const SOCKET_PIECE_BYTES = 64 * 1024;

/** Sends pieces of a snapshot that is being taken. */
export class PieceSender implements SnapshotSender {
  private readonly queue: Buffer[] = [];
  private queued = 0;
  /** When the socket last took something while there was something to take. */
  private progressMs: number;
  private onSent: (() => void) | null = null;

  constructor(
    private readonly session: ReplicaSession,
    private readonly onProgress: () => void,
  ) {
    this.progressMs = session.client.server.steadyNowMs;
  }

  /** Bytes that the socket has not taken. */
  get queuedBytes(): number {
    return this.queued;
  }

  stalledMs(nowMs: number): number {
    return this.queue.length === 0 && this.session.connection.bufferedBytes === 0
      ? 0
      : nowMs - this.progressMs;
  }

  send(bytes: Buffer): void {
    if (this.stalledMs(0) === 0) this.progressMs = this.now();
    for (let at = 0; at < bytes.length; at += SOCKET_PIECE_BYTES) {
      this.queue.push(bytes.subarray(at, at + SOCKET_PIECE_BYTES));
    }
    this.queued += bytes.length;
    this.pump();
  }

  /** Calls back once the kernel has everything. */
  finish(onSent: () => void): void {
    this.onSent = onSent;
    this.pump();
  }

  pump(): void {
    const { connection } = this.session;
    while (connection.bufferedBytes === 0) {
      const piece = this.queue.shift();
      if (piece === undefined) {
        const { onSent } = this;
        this.onSent = null;
        onSent?.();
        return;
      }
      this.queued -= piece.length;
      this.progressMs = this.now();
      this.session.send(piece);
      this.onProgress();
    }
  }

  abandon(): void {
    this.queue.length = 0;
    this.onSent = null;
    this.onProgress();
  }

  private now(): number {
    return this.session.client.server.steadyClock.nowMs();
  }
}

/** Sends a file whose length is known, with the header that tells it. */
export class FileSender implements SnapshotSender {
  private file: FileHandle | null = null;
  private remaining = 0;
  private reading = false;
  private over = false;

  /** @param done called with null when the kernel has the whole file, else with what went wrong */
  constructor(
    private readonly session: ReplicaSession,
    platform: Platform,
    path: string,
    private readonly done: (error: Error | null) => void,
  ) {
    platform.disk.open(path, 'read', (error, file) => {
      if (this.over || file === null) {
        file?.close(() => undefined);
        if (!this.over) this.finish(error ?? new Error('cannot open the snapshot'));
        return;
      }
      this.file = file;
      try {
        this.remaining = platform.disk.statusSync(path)?.sizeBytes ?? 0;
      } catch (problem) {
        this.finish(problem as Error);
        return;
      }
      session.send(Buffer.from(`$${this.remaining}\r\n`, 'latin1'));
      this.pump();
    });
  }

  pump(): void {
    const { file } = this;
    if (file === null || this.reading || this.over || this.session.connection.bufferedBytes > 0) return;
    if (this.remaining === 0) {
      this.finish(null);
      return;
    }
    this.reading = true;
    file.read(Math.min(FILE_PIECE_BYTES, this.remaining), (error, bytes) => {
      this.reading = false;
      if (this.over) return;
      if (error !== null || bytes.length === 0) {
        this.finish(error ?? new Error('premature EOF'));
        return;
      }
      this.remaining -= bytes.length;
      this.session.send(bytes);
      this.pump();
    });
  }

  stalledMs(): number {
    // The file waits for as long as the replica likes.
    return 0;
  }

  abandon(): void {
    if (!this.over) this.close();
  }

  private finish(error: Error | null): void {
    this.close();
    this.done(error);
  }

  private close(): void {
    this.over = true;
    this.file?.close(() => undefined);
    this.file = null;
  }
}
