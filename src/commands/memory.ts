/** The MEMORY command: where memory goes, by the server's own account. */
import { isWord } from '../resp/ascii.js';
import type { ReplySink } from '../resp/reply-sink.js';
import { stringMemory } from '../keyspace/values/memory-estimate.js';
import { memoryOf } from '../keyspace/values/value.js';
import type { Client } from '../server/client.js';
import { keyAt, type CommandSpec } from '../server/command.js';
import { integerArgument } from './arguments.js';
import { SYNTAX_ERROR } from './error-texts.js';
import { writeHelp } from './help.js';

/** An entry of the keyspace with its place in the dictionary. */
const ENTRY_BYTES = 72;
/** Below this the doctor has nothing to look at. */
const LITTLE_MEMORY_BYTES = 32 * 1024 * 1024;
const PEAK_RATIO = 1.5;
const RESIDENT_RATIO = 2;

/** MEMORY USAGE. SAMPLES is accepted, but not needed: every value keeps its own account. */
function usage(client: Client, args: string[]): void {
  const { reply, database } = client;
  for (let i = 3; i < args.length; i += 2) {
    if (!isWord(args[i], 'samples') || i + 1 >= args.length) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    const samples = integerArgument(client, args[i + 1]);
    if (Number.isNaN(samples)) return;
    if (samples < 0) {
      reply.error(SYNTAX_ERROR);
      return;
    }
  }
  const entry = database.peek(args[2]);
  if (entry === undefined) reply.nullBulk();
  else reply.integer(ENTRY_BYTES + stringMemory(entry.key) + memoryOf(entry.value));
}

/** A value of MEMORY STATS: bytes and counts are integers, shares and ratios are doubles. */
type Statistic =
  | { readonly integer: number }
  | { readonly double: number }
  | { readonly map: readonly (readonly [string, Statistic])[] };

function statistics(client: Client): (readonly [string, Statistic])[] {
  const { memory, keyspace, clients, platform, persistenceStatus } = client.server;
  const replication = client.server.replicationMemory();
  const linkBytes = client.server.clusterRoom().memoryBytes;
  const used = memory.read();
  const resident = platform.memory.residentBytes();
  const keyCount = keyspace.size;
  const overhead = Math.min(used, memory.startupBytes + keyspace.overheadBytes);
  const dataset = used - overhead;
  const net = Math.max(1, used - memory.startupBytes);
  const integer = (value: number): Statistic => ({ integer: value });
  const double = (value: number): Statistic => ({ double: value });
  return [
    ['peak.allocated', integer(memory.peakBytes)],
    ['total.allocated', integer(used)],
    ['startup.allocated', integer(memory.startupBytes)],
    ['replication.backlog', integer(replication.backlogBytes)],
    ['clients.slaves', integer(replication.beyondBacklogBytes)],
    ['clients.normal', integer(clients.outputBytes('normal') + clients.outputBytes('pubsub'))],
    ['cluster.links', integer(linkBytes)],
    ['aof.buffer', integer(persistenceStatus.aofBufferedBytes)],
    ['lua.caches', integer(0)],
    ['functions.caches', integer(0)],
    ...keyspace.databases
      .filter(({ size }) => size > 0)
      .map(({ index, entries, expiries }): [string, Statistic] => [
        `db.${index}`,
        {
          map: [
            ['overhead.hashtable.main', integer(entries.overheadBytes)],
            ['overhead.hashtable.expires', integer(expiries.overheadBytes)],
            ['overhead.hashtable.slot-to-keys', integer(0)],
          ],
        },
      ]),
    ['overhead.total', integer(overhead)],
    ['keys.count', integer(keyCount)],
    ['keys.bytes-per-key', integer(keyCount === 0 ? 0 : Math.floor(net / keyCount))],
    ['dataset.bytes', integer(dataset)],
    ['dataset.percentage', double(Math.min(100, (dataset * 100) / net))],
    ['peak.percentage', double((used * 100) / memory.peakBytes)],
    ['allocator.allocated', integer(used)],
    ['allocator.active', integer(used)],
    ['allocator.resident', integer(resident)],
    ['allocator-fragmentation.ratio', double(1)],
    ['allocator-fragmentation.bytes', integer(0)],
    ['allocator-rss.ratio', double(resident / used)],
    ['allocator-rss.bytes', integer(resident - used)],
    ['rss-overhead.ratio', double(1)],
    ['rss-overhead.bytes', integer(0)],
    ['fragmentation', double(resident / used)],
    ['fragmentation.bytes', integer(resident - used)],
  ];
}

function writeStatistics(reply: ReplySink, entries: readonly (readonly [string, Statistic])[]): void {
  reply.mapHeader(entries.length);
  for (const [name, value] of entries) {
    reply.bulk(name);
    if ('integer' in value) reply.integer(value.integer);
    else if ('double' in value) reply.double(value.double);
    else writeStatistics(reply, value.map);
  }
}

function doctor(client: Client): void {
  const { memory, platform } = client.server;
  const used = memory.read();
  const findings: string[] = [];
  if (used * PEAK_RATIO < memory.peakBytes) {
    findings.push('- Peak: memory use was much higher before. V8 gives memory back slowly.');
  }
  if (platform.memory.residentBytes() > used * RESIDENT_RATIO) {
    findings.push('- Resident memory is more than twice what is in use: garbage, buffers, or a past peak.');
  }
  const text =
    used < LITTLE_MEMORY_BYTES
      ? 'Hardly any memory is in use: there is nothing to look at.\n'
      : findings.length === 0
        ? 'Nothing unusual was found about the use of memory.\n'
        : `Things to know about the use of memory:\n\n${findings.join('\n')}\n`;
  client.reply.verbatim('txt', text);
}

function help(client: Client): void {
  writeHelp(client, 'memory', [
    ['DOCTOR', 'Put what is unusual in words.'],
    ['MALLOC-STATS', "Show the allocator's own statistics; there are none."],
    ['PURGE', 'Give free memory back; V8 does so by itself.'],
    ['STATS', 'Show where memory goes.'],
    ['USAGE <key> [SAMPLES <count>]', 'Show what a key and its value take, in bytes.'],
  ]);
}

const REPORT_TIPS: readonly string[] = [
  'nondeterministic_output',
  'request_policy:all_shards',
  'response_policy:special',
];

function subcommand(
  name: string,
  summary: string,
  handler: (client: Client, args: string[]) => void,
  details: Partial<CommandSpec> = {},
): CommandSpec {
  return {
    name,
    summary,
    since: '4.0.0',
    group: 'server',
    complexity: 'O(1)',
    arity: 2,
    flags: [],
    ...details,
    handler,
  };
}

export const memoryCommand: CommandSpec = {
  name: 'memory',
  summary: 'Shows where memory goes.',
  since: '4.0.0',
  group: 'server',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: [],
  subcommands: [
    subcommand('doctor', 'Puts what is unusual in words.', doctor, { tips: REPORT_TIPS }),
    subcommand('help', 'Describes the subcommands.', help, { flags: ['loading', 'stale'] }),
    subcommand(
      'malloc-stats',
      "Returns the allocator's own statistics.",
      (client) => client.reply.bulk('Stats not supported for the current allocator'),
      { tips: REPORT_TIPS },
    ),
    subcommand('purge', 'Gives free memory back.', (client) => client.reply.ok(), {
      tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    }),
    subcommand(
      'stats',
      'Returns where memory goes.',
      (client) => writeStatistics(client.reply, statistics(client)),
      { tips: REPORT_TIPS },
    ),
    subcommand('usage', 'Returns what a key and its value take.', usage, {
      arity: -3,
      flags: ['readonly'],
      keys: [keyAt(2, 'RO')],
    }),
  ],
};
