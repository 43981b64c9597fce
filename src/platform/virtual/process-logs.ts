/** Log output of a virtual process: standard streams are kept in the process, files are on its host's disk. */
import type { LogSink, LogSinks } from '../platform.js';
import type { VirtualProcess } from './virtual-process.js';

export class ProcessLogs implements LogSinks {
  constructor(private readonly owner: VirtualProcess) {}

  standardOutput(): LogSink {
    return this.sink((line) => this.owner.output.push(line));
  }

  standardError(): LogSink {
    return this.standardOutput();
  }

  file(path: string): LogSink {
    const absolutePath = this.owner.disk.absolutePath(path);
    return this.sink((line) => {
      this.owner.host.disk.appendLogLine(absolutePath, `${line}\n`);
    });
  }

  private sink(keep: (line: string) => void): LogSink {
    const { owner } = this;
    return {
      write(line) {
        if (!owner.isAlive) return;
        const text = line.endsWith('\n') ? line.slice(0, -1) : line;
        keep(text);
        owner.world.onLogLine?.(owner, text);
      },
    };
  }
}
