/** How far a long piece of work is, and how long it still takes: one line that is drawn again and again. */
import type { Clock } from '../../platform/platform.js';
import type { Terminal } from '../../platform/terminal.js';
import { bytesFromText } from '../../resp/ascii.js';

const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\x1b[K';

export class Progress {
  private readonly startMs: number;
  private done = 0;

  constructor(
    private readonly terminal: Terminal,
    private readonly clock: Clock,
    private readonly total: number,
  ) {
    this.startMs = clock.monotonicMs();
  }

  /** @param doing what is under way now */
  show(doing: string): void {
    const line = progressLine(this.done, this.total, this.clock.monotonicMs() - this.startMs, doing);
    if (this.terminal.isOutputTerminal) this.terminal.writeError(bytesFromText(CLEAR_LINE + line));
    else this.terminal.writeError(bytesFromText(`${line}\n`));
  }

  step(): void {
    this.done++;
  }

  /** Takes the line away. */
  end(): void {
    if (this.terminal.isOutputTerminal) this.terminal.writeError(CLEAR_LINE);
  }
}

export function progressLine(done: number, total: number, tookMs: number, doing: string): string {
  const filled = Math.round((done / total) * BAR_WIDTH);
  const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
  const left = done === 0 ? '' : `  ${formatDuration((tookMs / done) * (total - done))} left`;
  return `[${bar}] ${done}/${total}${left}  ${doing}`;
}

function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
