/** SENTINEL DEBUG and SIMULATE-FAILURE: what tests and curious operators need. */
import { isWord, toUpperAscii } from '../../resp/ascii.js';
import { parseSafeInteger } from '../../resp/numbers.js';
import type { Client } from '../../server/client.js';
import { PERIOD_NAMES } from '../periods.js';
import type { CrashMoment, Sentinel } from '../sentinel.js';
import { subcommand, type SubcommandGroup } from './subcommand.js';

export const debuggingSubcommands: SubcommandGroup = (sentinel) => [
  subcommand('debug', -2, 'Shows or changes periods and limits in milliseconds.', (client, args) => {
    if (args.length === 2) writePeriods(client, sentinel);
    else setPeriods(client, sentinel, args.slice(2));
  }),
  subcommand(
    'simulate-failure',
    -3,
    'Makes the process die at a moment of the next failover.',
    (client, args) => simulateFailure(client, sentinel, args.slice(2)),
  ),
];

function writePeriods({ reply }: Client, { periods }: Sentinel): void {
  reply.mapHeader(PERIOD_NAMES.length);
  for (const [name, key] of PERIOD_NAMES) {
    reply.bulk(toUpperAscii(name));
    reply.bulkInteger(periods[key]);
  }
}

function setPeriods({ reply }: Client, sentinel: Sentinel, args: readonly string[]): void {
  for (let i = 0; i < args.length; i += 2) {
    const found = PERIOD_NAMES.find(([name]) => isWord(args[i], name));
    if (found === undefined || i + 1 >= args.length) {
      reply.error(`ERR Unknown option or number of arguments for SENTINEL DEBUG '${args[i]}'`);
      return;
    }
    const value = parseSafeInteger(args[i + 1]);
    if (Number.isNaN(value) || value <= 0) {
      reply.error(`ERR Invalid argument '${args[i + 1]}' for SENTINEL DEBUG '${args[i]}'`);
      return;
    }
    sentinel.periods[found[1]] = value;
  }
  sentinel.rulesChanged();
  reply.ok();
}

const CRASHES: readonly (readonly [name: string, moment: CrashMoment, effect: string])[] = [
  ['crash-after-election', 'election', 'after being successfully elected as failover leader'],
  ['crash-after-promotion', 'promotion', 'after promoting the selected replica to master'],
];

/** The flags given replace those of before. */
function simulateFailure({ reply }: Client, sentinel: Sentinel, args: readonly string[]): void {
  const moments = new Set<CrashMoment>();
  for (const arg of args) {
    if (isWord(arg, 'help')) {
      reply.arrayHeader(CRASHES.length);
      for (const [name] of CRASHES) reply.bulk(name);
      return;
    }
    const crash = CRASHES.find(([name]) => isWord(arg, name));
    if (crash === undefined) {
      reply.error('ERR Unknown failure simulation specified');
      return;
    }
    const [, moment, effect] = crash;
    moments.add(moment);
    sentinel.log.warning(`Failure simulation: this Sentinel will crash ${effect}`);
  }
  sentinel.simulatedCrashes.clear();
  for (const moment of moments) sentinel.simulatedCrashes.add(moment);
  reply.ok();
}
