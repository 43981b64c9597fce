/** What `vedette compare` can be told on its command line. */
import { InvalidArgumentError, type Command } from 'commander';
import type { Engine } from '../programs.js';
import { FAULTS, type CompareSettings, type Fault, type NamedEngine } from './settings.js';

export interface CompareFlags {
  readonly fault: Fault;
  readonly trials: number;
  readonly downAfter: number;
  readonly rate: number;
  readonly clients: number;
  readonly engine: readonly NamedEngine['name'][];
  readonly stockBin?: string;
  readonly out?: string;
  readonly json?: string;
  readonly from?: string;
}

export function compareOptions(
  command: Command,
  countFrom: (least: number) => (text: string) => number,
): Command {
  return command
    .option('--fault <name>', `one of ${FAULTS.join(', ')}`, faultName, 'kill')
    .option('--trials <count>', 'of each', countFrom(1), 10)
    .option('--down-after <ms>', 'down-after-milliseconds, and cluster-node-timeout', countFrom(1), 1000)
    .option('--rate <ops>', 'operations a second, whatever becomes of them', countFrom(1), 500)
    .option('--clients <count>', 'clients that share the rate', countFrom(2), 10)
    .option('--engine <names>', 'vedette, stock, or both: vedette,stock', engineNames, ['vedette'])
    .option('--stock-bin <directory>', 'where redis-server and redis-sentinel are, if not on the path')
    .option('--out <file>', 'write a report: one HTML file')
    .option('--json <file>', 'write the results for programs')
    .option('--from <file>', 'try nothing: draw again what --json wrote');
}

export function settingsOf(flags: CompareFlags): CompareSettings {
  const { stockBin } = flags;
  const stock: Engine =
    stockBin === undefined
      ? 'stock'
      : { server: `${stockBin}/redis-server`, sentinel: `${stockBin}/redis-sentinel` };
  return {
    fault: flags.fault,
    trials: flags.trials,
    downAfterMs: flags.downAfter,
    rate: flags.rate,
    clients: flags.clients,
    engines: flags.engine.map((name) => ({ name, engine: name === 'stock' ? stock : name })),
  };
}

function faultName(text: string): Fault {
  const fault = FAULTS.find((name) => name === text);
  if (fault === undefined) throw new InvalidArgumentError(`It is one of ${FAULTS.join(', ')}.`);
  return fault;
}

function engineNames(text: string): NamedEngine['name'][] {
  return [...new Set(text.split(','))].map((name) => {
    if (name === 'vedette' || name === 'stock') return name;
    throw new InvalidArgumentError('They are vedette and stock, with a comma between.');
  });
}
