/**
 * How far a long piece of work is, and how long it still takes: on a terminal one line that is drawn again every second,
 * elsewhere a line for each part that begins.
 */
import type { Platform, Timer } from '../../platform/platform.js';
import type { Terminal } from '../../platform/terminal.js';
import { bytesFromText } from '../../resp/ascii.js';

const BAR_WIDTH = 24;
const REDRAW_INTERVAL_MS = 1000;
const CLEAR_LINE = '\r\x1b[K';

/** Parts of about the same length, one after the other. */
export interface ProgressState {
  readonly done: number;
  readonly total: number;
  /** That the parts took which are done. */
  readonly doneMs: number;
  /** Since the part under way began. */
  readonly currentMs: number;
  /** What is under way. */
  readonly doing: string;
}

export class Progress {
  private done = 0;
  private doneMs = 0;
  private current: { readonly doing: string; readonly startMs: number } | null = null;
  private readonly redraw: Timer | null;

  constructor(
    private readonly terminal: Terminal,
    private readonly platform: Pick<Platform, 'clock' | 'timers'>,
    private readonly total: number,
  ) {
    this.redraw = terminal.isOutputTerminal
      ? platform.timers.every(REDRAW_INTERVAL_MS, () => this.draw())
      : null;
  }

  /** A part begins. */
  begin(doing: string): void {
    this.current = { doing, startMs: this.platform.clock.monotonicMs() };
    this.draw();
  }

  /** The part under way has ended. */
  finish(): void {
    this.doneMs += this.currentMs;
    this.done++;
    this.current = null;
  }

  /** Takes the line away. */
  end(): void {
    this.redraw?.cancel();
    if (this.terminal.isOutputTerminal) this.terminal.writeError(CLEAR_LINE);
  }

  private get currentMs(): number {
    return this.current === null ? 0 : this.platform.clock.monotonicMs() - this.current.startMs;
  }

  private draw(): void {
    if (this.current === null) return;
    const { done, total, doneMs, currentMs } = this;
    const line = progressLine({ done, total, doneMs, currentMs, doing: this.current.doing });
    this.terminal.writeError(bytesFromText(this.terminal.isOutputTerminal ? CLEAR_LINE + line : `${line}\n`));
  }
}

/** A part that takes longer than those before is as good as done, until it is. */
export function progressLine({ done, total, doneMs, currentMs, doing }: ProgressState): string {
  const averageMs = done === 0 ? null : doneMs / done;
  const ofCurrent = averageMs === null ? 0 : Math.min(1, currentMs / averageMs);
  const filled = Math.floor(((done + ofCurrent) / total) * BAR_WIDTH);
  const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
  const time =
    averageMs === null
      ? `${formatDuration(currentMs)} so far`
      : `${formatDuration((total - done - ofCurrent) * averageMs)} left`;
  return `[${bar}] ${done}/${total}  ${time}  ${doing}`;
}

function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
