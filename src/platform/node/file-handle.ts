/**
 * An open file. Node runs file operations on a thread pool, in any order; here one is started when the one
 * before it has finished, which makes appends, syncs and truncations of one file a sequence.
 */
import { close, fsync, ftruncate, read, write, writeSync } from 'node:fs';
import type { FileHandle, OpenMode } from '../platform.js';

type Done = (error: NodeJS.ErrnoException | null) => void;

const NOTHING = Buffer.alloc(0);

export class NodeFileHandle implements FileHandle {
  private readonly waiting: (() => void)[] = [];
  private busy = false;
  private position = 0;
  /** With O_APPEND the kernel chooses the position. */
  private readonly appends: boolean;

  constructor(
    private readonly descriptor: number,
    mode: OpenMode,
  ) {
    this.appends = mode === 'append';
  }

  write(bytes: Buffer, callback: Done): void {
    this.enqueue(() => this.writeFrom(bytes, 0, callback));
  }

  writeSync(bytes: Buffer): void {
    for (let written = 0; written < bytes.length;) {
      const position = this.appends ? null : this.position;
      const byteCount = writeSync(this.descriptor, bytes, written, bytes.length - written, position);
      written += byteCount;
      this.position += byteCount;
    }
  }

  read(maxBytes: number, callback: (error: NodeJS.ErrnoException | null, bytes: Buffer) => void): void {
    this.enqueue(() => {
      const buffer = Buffer.allocUnsafeSlow(maxBytes);
      read(this.descriptor, buffer, 0, maxBytes, this.position, (error, byteCount) => {
        if (error === null) this.position += byteCount;
        this.finish(() => callback(error, error === null ? buffer.subarray(0, byteCount) : NOTHING));
      });
    });
  }

  sync(callback: Done): void {
    this.enqueue(() => fsync(this.descriptor, (error) => this.finish(() => callback(error))));
  }

  truncate(sizeBytes: number, callback: Done): void {
    this.enqueue(() =>
      ftruncate(this.descriptor, sizeBytes, (error) => {
        if (error === null) this.position = Math.min(this.position, sizeBytes);
        this.finish(() => callback(error));
      }),
    );
  }

  close(callback: Done): void {
    this.enqueue(() => close(this.descriptor, (error) => this.finish(() => callback(error ?? null))));
  }

  /** The kernel may take less than it was given, near a full disk for instance: the rest is tried again. */
  private writeFrom(bytes: Buffer, start: number, callback: Done): void {
    const position = this.appends ? null : this.position;
    write(this.descriptor, bytes, start, bytes.length - start, position, (error, byteCount) => {
      if (error === null) {
        this.position += byteCount;
        if (start + byteCount < bytes.length) {
          this.writeFrom(bytes, start + byteCount, callback);
          return;
        }
      }
      this.finish(() => callback(error));
    });
  }

  private enqueue(operation: () => void): void {
    if (this.busy) {
      this.waiting.push(operation);
    } else {
      this.busy = true;
      operation();
    }
  }

  /** Starts the next operation before telling the owner, who may take long. */
  private finish(tellOwner: () => void): void {
    const next = this.waiting.shift();
    if (next === undefined) this.busy = false;
    else next();
    tellOwner();
  }
}
