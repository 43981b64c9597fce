/** The standard streams of this process. */
import { writeSync } from 'node:fs';
import type { InputFlow, InputListener, LineOptions, LineSource, Terminal } from '../terminal.js';
import { blockingSleep } from './blocking-sleep.js';
import { openLines } from './terminal-lines.js';

const STDOUT = 1;
const STDERR = 2;

/** @param onReaderGone called when nobody reads standard output any more; what is written then is dropped */
export function createNodeTerminal(onReaderGone: () => void = () => undefined): Terminal {
  return new NodeTerminal(onReaderGone);
}

class NodeTerminal implements Terminal {
  readonly isInputTerminal = process.stdin.isTTY === true;
  readonly isOutputTerminal = process.stdout.isTTY === true;

  constructor(private readonly onReaderGone: () => void) {}

  write(bytes: string): void {
    if (!writeAll(STDOUT, bytes)) this.onReaderGone();
  }

  writeError(bytes: string): void {
    writeAll(STDERR, bytes);
  }

  readAll(callback: (bytes: string) => void): void {
    const chunks: Buffer[] = [];
    process.stdin.on('data', (chunk: Buffer) => chunks.push(chunk));
    process.stdin.once('end', () => callback(Buffer.concat(chunks).latin1Slice()));
  }

  openInput(listener: InputListener): InputFlow {
    const { stdin } = process;
    stdin.on('data', (chunk: Buffer) => listener.onBytes(chunk));
    stdin.once('end', () => listener.onEnd());
    return { pause: () => stdin.pause(), resume: () => stdin.resume() };
  }

  onKey(listener: (key: string) => void): () => void {
    const { stdin } = process;
    const onData = (chunk: Buffer): void => {
      const text = chunk.latin1Slice();
      // An escape sequence comes in one piece; typed-ahead characters are keys of their own.
      if (text.startsWith('\x1b')) listener(text);
      else for (const key of text) listener(key);
    };
    stdin.setRawMode(true);
    stdin.on('data', onData);
    stdin.resume();
    return () => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
    };
  }

  openLines(options: LineOptions): LineSource {
    return openLines(options, this.isInputTerminal);
  }
}

/**
 * Synchronously, so that nothing is lost when the process exits right after.
 * @returns false when there is nobody who reads
 */
function writeAll(descriptor: typeof STDOUT | typeof STDERR, bytes: string): boolean {
  const buffer = Buffer.from(bytes, 'latin1');
  let written = 0;
  while (written < buffer.length) {
    try {
      written += writeSync(descriptor, buffer, written);
    } catch (error) {
      // EAGAIN: another user of the same pipe has made it non-blocking, and its reader is slow.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false;
      blockingSleep(1);
    }
  }
  return true;
}
