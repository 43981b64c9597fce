/** The LATENCY command: spikes that the latency monitor saw, and how long commands take. */
import type { ReplySink } from '../resp/reply-sink.js';
import type { Client } from '../server/client.js';
import type { Command, CommandFlag, CommandSpec } from '../server/command.js';
import { writeHelp } from './help.js';
import { describeLatency, drawGraph } from './latency-report.js';

function latest(client: Client): void {
  const { reply, server } = client;
  const { events } = server.latencyMonitor;
  reply.arrayHeader(events.size);
  for (const [name, event] of events) {
    reply.arrayHeader(4);
    reply.bulk(name);
    reply.integer(event.latest?.atSeconds ?? 0);
    reply.integer(event.latest?.latencyMs ?? 0);
    reply.integer(event.maxMs);
  }
}

function history(client: Client, args: string[]): void {
  const { reply, server } = client;
  const samples = server.latencyMonitor.events.get(args[2])?.samples ?? [];
  reply.arrayHeader(samples.length);
  for (const { atSeconds, latencyMs } of samples) {
    reply.arrayHeader(2);
    reply.integer(atSeconds);
    reply.integer(latencyMs);
  }
}

function reset(client: Client, args: string[]): void {
  const { latencyMonitor } = client.server;
  const names = args.slice(2);
  client.reply.integer(
    names.length === 0
      ? latencyMonitor.resetAll()
      : names.filter((name) => latencyMonitor.reset(name)).length,
  );
}

function graph(client: Client, args: string[]): void {
  const { reply, server } = client;
  const event = server.latencyMonitor.events.get(args[2]);
  if (event === undefined) reply.error(`ERR No samples available for event '${args[2]}'`);
  else reply.verbatim('txt', drawGraph(args[2], event, server.nowMs));
}

function doctor(client: Client): void {
  const { events, thresholdMs } = client.server.latencyMonitor;
  client.reply.verbatim('txt', describeLatency(events, thresholdMs > 0));
}

/** Commands with a histogram among these and their subcommands. */
function withHistogram(commands: Iterable<Command>): Command[] {
  return [...commands].flatMap((command) => [
    ...(command.latency === null ? [] : [command]),
    ...withHistogram(command.subcommands?.values() ?? []),
  ]);
}

function histogram(client: Client, args: string[]): void {
  const { reply, server } = client;
  const named = args.slice(2).map((name) => server.commands.findFull(name));
  const commands = withHistogram(
    args.length === 2 ? server.commands.all() : named.filter((command) => command !== undefined),
  );
  reply.mapHeader(commands.length);
  for (const command of commands) {
    reply.bulk(command.fullName);
    writeHistogram(reply, command);
  }
}

function writeHistogram(reply: ReplySink, { latency }: Command): void {
  const rows = latency?.byPowersOfTwo() ?? [];
  reply.mapHeader(2);
  reply.bulk('calls');
  reply.integer(latency?.count ?? 0);
  reply.bulk('histogram_usec');
  reply.mapHeader(rows.length);
  for (const { microseconds, count } of rows) {
    reply.integer(microseconds);
    reply.integer(count);
  }
}

function help(client: Client): void {
  writeHelp(client, 'latency', [
    ['DOCTOR', 'Put what was observed in words.'],
    ['GRAPH <event>', 'Draw the samples of an event.'],
    ['HISTOGRAM [<command> ...]', 'Show how long commands took, as counts up to powers of two microseconds.'],
    ['HISTORY <event>', 'Show the samples of an event.'],
    ['LATEST', 'Show the latest sample of every event.'],
    ['RESET [<event> ...]', 'Forget events, or all of them.'],
  ]);
}

const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];
const REPORT_TIPS: readonly string[] = [
  'nondeterministic_output',
  'request_policy:all_nodes',
  'response_policy:special',
];

function subcommand(
  name: string,
  arity: number,
  summary: string,
  handler: (client: Client, args: string[]) => void,
  details: Partial<CommandSpec> = {},
): CommandSpec {
  return {
    name,
    summary,
    since: '2.8.13',
    group: 'server',
    complexity: 'O(1)',
    arity,
    flags: FLAGS,
    tips: REPORT_TIPS,
    ...details,
    handler,
  };
}

export const latencyCommand: CommandSpec = {
  name: 'latency',
  summary: 'Shows what took long, and how long commands take.',
  since: '2.8.13',
  group: 'server',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: [],
  subcommands: [
    subcommand('doctor', 2, 'Puts what was observed in words.', doctor),
    subcommand('graph', 3, 'Draws the samples of an event.', graph),
    subcommand('help', 2, 'Describes the subcommands.', help, { flags: ['loading', 'stale'], tips: [] }),
    subcommand('histogram', -2, 'Returns how long commands took.', histogram, {
      since: '7.0.0',
      complexity: 'O(N) in the commands',
    }),
    subcommand('history', 3, 'Returns the samples of an event.', history),
    subcommand('latest', 2, 'Returns the latest sample of every event.', latest),
    subcommand('reset', -2, 'Forgets events.', reset, {
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum'],
    }),
  ],
};
