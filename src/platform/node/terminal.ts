/** The standard streams of this process. */
import { writeSync } from 'node:fs';
import type { LineOptions, LineSource, Terminal } from '../terminal.js';
import { blockingSleep } from './blocking-sleep.js';
import { openLines } from './terminal-lines.js';

const STDOUT = 1;
const STDERR = 2;

export function createNodeTerminal(): Terminal {
  return new NodeTerminal();
}

class NodeTerminal implements Terminal {
  readonly isInputTerminal = process.stdin.isTTY === true;
  readonly isOutputTerminal = process.stdout.isTTY === true;

  write(bytes: string): void {
    writeAll(STDOUT, bytes);
  }

  writeError(bytes: string): void {
    writeAll(STDERR, bytes);
  }

  readAll(callback: (bytes: string) => void): void {
    const chunks: Buffer[] = [];
    process.stdin.on('data', (chunk: Buffer) => chunks.push(chunk));
    process.stdin.once('end', () => callback(Buffer.concat(chunks).latin1Slice()));
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

/** Synchronously, so that nothing is lost when the process exits right after. */
function writeAll(descriptor: typeof STDOUT | typeof STDERR, bytes: string): void {
  const buffer = Buffer.from(bytes, 'latin1');
  let written = 0;
  while (written < buffer.length) {
    try {
      written += writeSync(descriptor, buffer, written);
    } catch (error) {
      // EAGAIN: another user of the same pipe has made it non-blocking, and its reader is slow.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      blockingSleep(1);
    }
  }
}
