/** Lines for people, or JSON objects for programs, one a line: how the commands of `vedette` speak. */
import picocolors from 'picocolors';
import { formatTimestamp } from '../log/timestamp.js';
import type { Clock } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import { bytesFromText } from '../resp/ascii.js';

export class Screen {
  /** Does nothing where nobody reads. */
  readonly colors: ReturnType<typeof picocolors.createColors>;

  constructor(
    private readonly terminal: Terminal,
    private readonly clock: Clock,
    readonly isJson: boolean,
  ) {
    this.colors = picocolors.createColors(terminal.isOutputTerminal && !isJson);
  }

  line(text = ''): void {
    this.terminal.write(bytesFromText(`${text}\n`));
  }

  json(value: object): void {
    this.line(JSON.stringify(value));
  }

  error(text: string): void {
    this.terminal.writeError(bytesFromText(`${text}\n`));
  }

  /** Local time of day: `12:34:56.789`. */
  timeOfDay(timeMs: number): string {
    return formatTimestamp(timeMs, this.clock.utcOffsetMs(timeMs)).slice(-'12:34:56.789'.length);
  }
}
