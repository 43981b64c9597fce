/** Log output of a virtual process: standard streams are kept in the process, files are on its host's disk. */
import type { LogSink, LogSinks } from '../platform.js';
import type { VirtualProcess } from './process.js';

export class ProcessLogs implements LogSinks {
  constructor(private readonly process: VirtualProcess) {}

  standardOutput(): LogSink {
    return this.sink((line) => this.process.output.push(line));
  }

  standardError(): LogSink {
    return this.standardOutput();
  }

  file(path: string): LogSink {
    const absolutePath = this.process.disk.absolutePath(path);
    return this.sink((line) => {
      this.process.host.disk.appendLogLine(absolutePath, `${line}\n`);
    });
  }

  private sink(keep: (line: string) => void): LogSink {
    const { process } = this;
    return {
      write(line) {
        if (!process.isAlive) return;
        const text = line.endsWith('\n') ? line.slice(0, -1) : line;
        keep(text);
        process.world.onLogLine?.(process, text);
      },
    };
  }
}
