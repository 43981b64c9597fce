/**
 * Many seeds, one after the other: counts, failures told as they come, and a file that remembers how far it is and what
 * was counted until then.
 */
import type { Platform } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import { bytesFromText } from '../resp/ascii.js';
import { drawPlan } from './plan/draw-plan.js';
import type { RunKind } from './plan/plan.js';
import { CoverageSum, type CoverageTotals } from './report/coverage.js';
import { outcomeReport } from './report/outcome-report.js';
import { shrink } from './report/shrink.js';
import { mermaid } from './report/timeline.js';
import { run } from './run/run.js';

export interface BatchOptions {
  readonly kinds: readonly RunKind[];
  readonly from: number;
  /** Runs of each kind. */
  readonly seeds: number;
  /** Where to remember how far the batch is; null: nowhere. */
  readonly resumePath: string | null;
  readonly shrinks: boolean;
  readonly asMermaid: boolean;
}

/** What is remembered of each kind. */
interface Progress {
  next: number;
  failed: number[];
  virtualMs: number;
  tookMs: number;
  coverage: CoverageTotals;
}

const NOTHING_YET = { virtualMs: 0, tookMs: 0, coverage: { runs: 0, counts: {} } };

const SAVE_EVERY = 10;
const SAY_EVERY = 100;
const FILE_MODE = 0o644;

export class Batch {
  private readonly progress: Record<string, Progress> = {};

  constructor(
    private readonly platform: Platform,
    private readonly terminal: Terminal,
    private readonly options: BatchOptions,
  ) {}

  /** Returns 1 when a rule was broken in any run. */
  run(): number {
    const { kinds, resumePath } = this.options;
    if (resumePath !== null && this.platform.disk.statusSync(resumePath) !== null) {
      Object.assign(this.progress, JSON.parse(this.platform.disk.readFileSync(resumePath).toString()));
    }
    for (const kind of kinds) this.runKind(kind);
    return Object.values(this.progress).some(({ failed }) => failed.length > 0) ? 1 : 0;
  }

  private runKind(kind: RunKind): void {
    const { from, seeds } = this.options;
    const progress = (this.progress[kind] ??= { next: from, failed: [], ...NOTHING_YET });
    const sum = new CoverageSum(progress.coverage);
    const { clock } = this.platform;
    const startedMs = clock.monotonicMs() - progress.tookMs;
    while (progress.next < from + seeds) {
      const outcome = run(drawPlan(kind, String(progress.next)));
      sum.add(outcome.coverage);
      progress.virtualMs += outcome.virtualMs;
      progress.tookMs = clock.monotonicMs() - startedMs;
      if (outcome.violations.length > 0) {
        progress.failed.push(progress.next);
        const told = this.options.shrinks ? shrink(outcome) : outcome;
        this.print(this.options.asMermaid ? mermaid(told.timeline) : outcomeReport(told));
      }
      progress.next++;
      progress.coverage = sum.toTotals();
      if (sum.runs % SAVE_EVERY === 0) this.save();
      if (sum.runs % SAY_EVERY === 0) {
        const seconds = (progress.tookMs / 1000).toFixed(0);
        this.print(`${kind}: ${sum.runs} runs in ${seconds} s, ${progress.failed.length} failed\n`);
      }
    }
    this.save();
    this.summarise(kind, sum, progress);
  }

  private summarise(kind: RunKind, sum: CoverageSum, { failed, virtualMs, tookMs }: Progress): void {
    const speed = tookMs === 0 ? 0 : virtualMs / tookMs;
    this.print(
      `\n${kind}: ${sum.runs} runs, ${failed.length} failed${failed.length > 0 ? ` (seeds ${failed.join(', ')})` : ''}; ` +
        `${(virtualMs / 60_000).toFixed(0)} simulated minutes in ${(tookMs / 1000).toFixed(0)} s (${speed.toFixed(0)} times as fast as time)\n`,
    );
    for (const { name, total, runs } of sum.rows()) {
      this.print(`  ${name.padEnd(44)} ${String(total).padStart(9)}  in ${runs} runs\n`);
    }
  }

  private save(): void {
    const { resumePath } = this.options;
    if (resumePath === null) return;
    const text = JSON.stringify(this.progress);
    this.platform.disk.replaceFileSync(resumePath, Buffer.from(text), FILE_MODE);
  }

  private print(text: string): void {
    this.terminal.write(bytesFromText(text));
  }
}
