/** `npm run simulate`: many seeds in a batch that can be resumed, or one seed in every detail. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Platform } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import { bytesFromText } from '../resp/ascii.js';
import { parseSafeInteger } from '../resp/numbers.js';
import { Batch } from './batch.js';
import { drawPlainPlan, drawPlan } from './plan/draw-plan.js';
import { RUN_KINDS, type RunKind } from './plan/plan.js';
import { outcomeReport } from './report/outcome-report.js';
import { shrink } from './report/shrink.js';
import { mermaid } from './report/timeline.js';
import { run } from './run/run.js';

interface Flags {
  readonly seeds: number;
  readonly from: number;
  readonly kind?: RunKind;
  readonly resume?: string;
  readonly seed?: string;
  readonly plain?: true;
  readonly trace?: true;
  readonly mermaid?: true;
  readonly shrink: boolean;
}

/** Runs the simulator with the words after its name; returns the exit status: 1 when a rule was broken. */
export function runSimulator(platform: Platform, terminal: Terminal, args: readonly string[]): number {
  let status = 0;
  const program = new Command('simulate')
    .description(
      'Runs real sentinels, servers and cluster nodes in simulated time, under faults drawn from seeds.',
    )
    .option('--seeds <count>', 'runs of each kind', readCount, 100)
    .option('--from <seed>', 'the first seed', readCount, 1)
    .addOption(new Option('--kind <kind>', 'only runs of this kind').choices(RUN_KINDS))
    .option('--resume <file>', 'remember in this file how far the batch is, and go on from there')
    .option('--seed <seed>', 'one run, told in full (needs --kind)')
    .option('--plain', 'with --seed: clients write fresh keys only, snapshots are quick')
    .option('--trace', 'with --seed: what the members log, too')
    .option('--mermaid', 'tell a failure as the text of a Mermaid sequence diagram')
    .option('--no-shrink', 'tell a failure as it was drawn')
    .configureOutput({
      writeOut: (text) => terminal.write(bytesFromText(text)),
      writeErr: (text) => terminal.writeError(bytesFromText(text)),
    })
    .exitOverride()
    .action((flags: Flags) => {
      status =
        flags.seed === undefined ? runBatch(platform, terminal, flags) : runOne(terminal, flags, flags.seed);
    });
  try {
    program.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode;
  }
  return status;
}

function runBatch(platform: Platform, terminal: Terminal, flags: Flags): number {
  const kinds = flags.kind === undefined ? RUN_KINDS : [flags.kind];
  const batch = new Batch(platform, terminal, {
    kinds,
    from: flags.from,
    seeds: flags.seeds,
    resumePath: flags.resume ?? null,
    shrinks: flags.shrink,
    asMermaid: flags.mermaid === true,
  });
  return batch.run();
}

function runOne(terminal: Terminal, flags: Flags, seed: string): number {
  if (flags.kind === undefined) throw new CommanderError(1, 'kind', 'error: --seed needs --kind');
  const print = (text: string): void => terminal.write(bytesFromText(text));
  const onLogLine = (atMs: number, member: string, line: string): void =>
    print(`${(atMs / 1000).toFixed(3).padStart(9)} s  ${member.padEnd(11)} | ${line}\n`);
  const outcome = run(
    flags.plain === true ? drawPlainPlan(flags.kind, seed) : drawPlan(flags.kind, seed),
    flags.trace === true ? { logLevel: 'debug', onLogLine } : {},
  );
  const isShrunk = outcome.violations.length > 0 && flags.shrink && flags.trace !== true;
  const told = isShrunk ? shrink(outcome) : outcome;
  print(flags.mermaid === true ? mermaid(told.timeline) : outcomeReport(told));
  return outcome.violations.length === 0 ? 0 : 1;
}

function readCount(text: string): number {
  const value = parseSafeInteger(text);
  if (value === null || value < 0) throw new InvalidArgumentError('It must be a number.');
  return value;
}
