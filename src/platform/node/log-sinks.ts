/**
 * Log output: each line is with the kernel when `write` returns, so that it is there when the process dies.
 *
 * A line that cannot be written is dropped: there is nowhere left to report it to, and a full disk or a
 * reader that went away must not end the server.
 */
import { appendFileSync, writeSync } from 'node:fs';
import type { LogSink, LogSinks } from '../platform.js';
import { blockingSleep } from './blocking-sleep.js';

const STDOUT = 1;
const STDERR = 2;
/** A stuck reader of a pipe may hold the server up this long per line. */
const FULL_PIPE_PATIENCE_MS = 100;

class StandardStreamSink implements LogSink {
  constructor(private readonly descriptor: typeof STDOUT | typeof STDERR) {}

  write(line: string): void {
    const bytes = Buffer.from(line, 'latin1');
    let written = 0;
    let patienceMs = FULL_PIPE_PATIENCE_MS;
    while (written < bytes.length) {
      try {
        written += writeSync(this.descriptor, bytes, written);
      } catch (error) {
        // Another user of the same terminal or pipe may have made it non-blocking.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || patienceMs === 0) return;
        patienceMs--;
        blockingSleep(1);
      }
    }
  }
}

/** Opens the file for each line, as Redis does: it may be rotated or removed at any moment. */
class FileSink implements LogSink {
  constructor(private readonly path: string) {}

  write(line: string): void {
    try {
      appendFileSync(this.path, line, 'latin1');
    } catch {
      // Dropped, see above.
    }
  }
}

export class NodeLogSinks implements LogSinks {
  standardOutput(): LogSink {
    return new StandardStreamSink(STDOUT);
  }

  standardError(): LogSink {
    return new StandardStreamSink(STDERR);
  }

  file(path: string): LogSink {
    return new FileSink(path);
  }
}
