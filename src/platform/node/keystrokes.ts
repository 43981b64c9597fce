/**
 * A terminal's input, key by key. What arrives at once (pasted text, keys on a slow line) is one piece otherwise, and
 * readline puts every character of such a piece at the end of the line, wherever the cursor is.
 */
import { EventEmitter } from 'node:events';

export type KeyboardInput = NodeJS.ReadableStream & { setRawMode?(isRaw: boolean): void };

/** A sequence that a key sends, or one byte. A sequence in two pieces is put together by readline. */
const KEY = /\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|[^]/g;

/** As much of a stream as readline uses; see {@link Keystrokes.asInput}. */
export class Keystrokes extends EventEmitter {
  constructor(private readonly keyboard: KeyboardInput) {
    super();
    keyboard.on('data', this.split);
    keyboard.on('end', this.end);
  }

  /** What `createInterface` takes. */
  get asInput(): NodeJS.ReadableStream {
    return this as unknown as NodeJS.ReadableStream;
  }

  pause(): this {
    this.keyboard.pause();
    return this;
  }

  resume(): this {
    this.keyboard.resume();
    return this;
  }

  setRawMode(isRaw: boolean): this {
    this.keyboard.setRawMode?.(isRaw);
    return this;
  }

  /** From then on the keyboard is somebody else's. */
  close(): void {
    this.keyboard.off('data', this.split);
    this.keyboard.off('end', this.end);
  }

  private readonly split = (chunk: Buffer): void => {
    for (const key of chunk.latin1Slice().match(KEY) ?? []) this.emit('data', Buffer.from(key, 'latin1'));
  };

  private readonly end = (): void => {
    this.emit('end');
  };
}
