/** How moving slots looks: redis-cli's lines for a pipe, a bar for a person. */
import type { Clock } from '../../platform/platform.js';
import type { Terminal } from '../../platform/terminal.js';
import type { SlotMove } from './key-transfer.js';
import type { Report } from './report.js';

/** Is told what happens, in any order of slots: several are on their way at the same time. */
export interface MoveProgress {
  started(move: SlotMove): void;
  keysMoved(move: SlotMove, count: number): void;
  /** Everybody who must know it knows the new owner. */
  finished(move: SlotMove): void;
  /** Nothing more comes: all is done, or it failed. */
  end(): void;
}

/** What of a slot could not be printed yet. */
interface Pending {
  text: string;
  isFinished: boolean;
}

/** `Moving slot 5 from a:p to b:q: ....`, a dot for each key; in the order of the plan, whatever happens first. */
export class MoveLines implements MoveProgress {
  private readonly pending = new Map<SlotMove, Pending>();
  private printed = 0;

  constructor(
    private readonly report: Report,
    private readonly moves: readonly SlotMove[],
  ) {}

  started(move: SlotMove): void {
    const { slot, source, target } = move;
    this.add(move, `Moving slot ${slot} from ${source.address} to ${target.address}: `);
  }

  keysMoved(move: SlotMove, count: number): void {
    this.add(move, '.'.repeat(count));
  }

  finished(move: SlotMove): void {
    this.add(move, '\n').isFinished = true;
    this.print();
  }

  /** What was begun and not finished is shown too, and ends its line. */
  end(): void {
    for (const move of this.moves.slice(this.printed)) {
      const pending = this.pending.get(move);
      if (pending !== undefined) this.report.text(pending.isFinished ? pending.text : `${pending.text}\n`);
    }
    this.pending.clear();
  }

  private add(move: SlotMove, text: string): Pending {
    const pending = this.pending.get(move) ?? { text: '', isFinished: false };
    pending.text += text;
    this.pending.set(move, pending);
    this.print();
    return pending;
  }

  private print(): void {
    for (;;) {
      const move = this.moves[this.printed];
      const pending = move === undefined ? undefined : this.pending.get(move);
      if (move === undefined || pending === undefined) return;
      this.report.text(pending.text);
      pending.text = '';
      if (!pending.isFinished) return;
      this.pending.delete(move);
      this.printed++;
    }
  }
}

/** A `#` for each slot, as `rebalance` shows it. */
export class MoveHashes implements MoveProgress {
  constructor(private readonly report: Report) {}

  started(): void {}

  keysMoved(): void {}

  finished(): void {
    this.report.text('#');
  }

  end(): void {
    this.report.line();
  }
}

const BAR_WIDTH = 30;
const REDRAW_INTERVAL_MS = 50;
const CLEAR_LINE = '\r\x1b[K';

/** One line that is drawn again and again: `[=====>     ] 120/600 slots, 4012 keys, 1.9 s`. */
export class MoveBar implements MoveProgress {
  private slots = 0;
  private keys = 0;
  private readonly startMs: number;
  private drawnMs = -Infinity;

  constructor(
    private readonly terminal: Terminal,
    private readonly clock: Clock,
    private readonly slotCount: number,
  ) {
    this.startMs = clock.monotonicMs();
    this.draw();
  }

  started(): void {}

  keysMoved(_move: SlotMove, count: number): void {
    this.keys += count;
    this.redraw();
  }

  finished(): void {
    this.slots++;
    this.redraw();
  }

  end(): void {
    this.draw();
    this.terminal.write('\n');
  }

  private redraw(): void {
    if (this.clock.monotonicMs() - this.drawnMs >= REDRAW_INTERVAL_MS) this.draw();
  }

  private draw(): void {
    const { slots, slotCount, keys } = this;
    this.drawnMs = this.clock.monotonicMs();
    const filled = slotCount === 0 ? BAR_WIDTH : Math.floor((BAR_WIDTH * slots) / slotCount);
    const bar = ('='.repeat(filled) + (filled < BAR_WIDTH ? '>' : '')).padEnd(BAR_WIDTH);
    const seconds = ((this.drawnMs - this.startMs) / 1000).toFixed(1);
    this.terminal.write(`${CLEAR_LINE}[${bar}] ${slots}/${slotCount} slots, ${keys} keys, ${seconds} s`);
  }
}
