/** The SLOWLOG command: the slowest commands of late. */
import { writeBulks } from '../resp/reply-sink.js';
import type { Client } from '../server/client.js';
import type { CommandFlag, CommandSpec } from '../server/command.js';
import { parseInteger } from './arguments.js';
import { writeHelp } from './help.js';
import { wrongSubcommandUse } from './subcommand-use.js';

const DEFAULT_COUNT = 10;

function get(client: Client, args: string[]): void {
  const { reply, server } = client;
  if (args.length > 3) {
    reply.error(wrongSubcommandUse('slowlog', args[1]));
    return;
  }
  const count = args.length === 3 ? parseInteger(args[2]) : DEFAULT_COUNT;
  if (!(count >= -1)) {
    reply.error('ERR count should be greater than or equal to -1');
    return;
  }
  const entries = server.slowLog.latest(count);
  reply.arrayHeader(entries.length);
  for (const entry of entries) {
    reply.arrayHeader(6);
    reply.integer(entry.id);
    reply.integer(entry.atSeconds);
    reply.integer(entry.durationMicroseconds);
    writeBulks(reply, entry.args);
    reply.bulk(entry.clientAddress);
    reply.bulk(entry.clientName);
  }
}

function reset(client: Client): void {
  client.server.slowLog.reset();
  client.reply.ok();
}

function help(client: Client): void {
  writeHelp(client, 'slowlog', [
    ['GET [<count>]', 'Show the latest entries (10; -1: all): id, time, microseconds, arguments, client.'],
    ['LEN', 'Count the entries.'],
    ['RESET', 'Forget the entries.'],
  ]);
}

const FLAGS: readonly CommandFlag[] = ['admin', 'loading', 'stale'];

export const slowlogCommand: CommandSpec = {
  name: 'slowlog',
  summary: 'Shows the commands that took long.',
  since: '2.2.12',
  group: 'server',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: [],
  subcommands: [
    {
      name: 'get',
      summary: 'Returns the latest entries.',
      since: '2.2.12',
      group: 'server',
      complexity: 'O(N) in the entries returned',
      arity: -2,
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'nondeterministic_output'],
      handler: get,
    },
    {
      name: 'help',
      summary: 'Describes the subcommands.',
      since: '6.2.0',
      group: 'server',
      complexity: 'O(1)',
      arity: 2,
      flags: ['loading', 'stale'],
      handler: help,
    },
    {
      name: 'len',
      summary: 'Counts the entries.',
      since: '2.2.12',
      group: 'server',
      complexity: 'O(1)',
      arity: 2,
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
      handler: (client) => client.reply.integer(client.server.slowLog.length),
    },
    {
      name: 'reset',
      summary: 'Forgets the entries.',
      since: '2.2.12',
      group: 'server',
      complexity: 'O(N) in the entries',
      arity: 2,
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: reset,
    },
  ],
};
