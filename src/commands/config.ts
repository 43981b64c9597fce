/** CONFIG: reading, changing and writing the configuration of the running server. */
import { ConfigWriter } from '../config/config-writer.js';
import type { Client } from '../server/client.js';
import { isLocal } from '../server/clients.js';
import type { CommandFlag, CommandSpec } from '../server/command.js';
import type { Server } from '../server/server.js';
import { SYNTAX_ERROR } from './error-texts.js';
import { writeHelp } from './help.js';

function get(client: Client, args: string[]): void {
  const { reply, server } = client;
  const found = server.config.get(args.slice(2));
  reply.mapHeader(found.length);
  for (const [name, value] of found) {
    reply.bulk(name);
    reply.bulk(value);
  }
}

function set(client: Client, args: string[]): void {
  const { reply, server } = client;
  const { config, persistenceStatus, blocking } = server;
  if (args.length % 2 !== 0) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const pairs: [name: string, value: string][] = [];
  for (let i = 2; i < args.length; i += 2) {
    if (config.isSensitive(args[i])) client.hideArgument(i + 1);
    pairs.push([args[i], args[i + 1]]);
  }
  if (!blocking.mayBlock(client) && config.mayTakeTime(pairs.map(([name]) => name))) {
    reply.error(
      'ERR CONFIG SET of a directive that takes time to apply is not possible inside a transaction',
    );
    return;
  }
  const permissions = {
    protectedAllowed: allows(client, config.values['enable-protected-configs']),
    loading: persistenceStatus.loading !== null,
  };
  let isSettled = false;
  config.set(pairs, permissions, (error) => {
    isSettled = true;
    if (client.closed) return;
    if (error === null) reply.ok();
    else reply.error(error);
    // Nothing to release when it was settled at once.
    server.blocking.release(client);
  });
  if (!isSettled) blocking.block(client, 0, null, () => undefined);
}

/** What `enable-protected-configs` and its like say about a client. */
function allows(client: Client, whom: 'no' | 'yes' | 'local'): boolean {
  if (whom !== 'local') return whom === 'yes';
  return client.connection !== null && isLocal(client.connection);
}

/** Writes the file and answers. `force`: every directive, default or not. */
function rewriteFile(client: Client, force: boolean): void {
  const { reply, server } = client;
  const { config, log } = server;
  if (config.filePath === null) {
    reply.error('ERR The server is running without a config file');
    return;
  }
  // Blocks by contract: a sentinel that promotes this server puts CONFIG REWRITE into its transaction.
  const problem = new ConfigWriter(config, server.platform.disk).rewriteSync(force);
  if (problem === null) {
    log.notice('CONFIG REWRITE executed with success.');
    reply.ok();
  } else {
    log.warning(`CONFIG REWRITE failed: ${problem}`);
    reply.error(`ERR Rewriting config file: ${problem}`);
  }
}

function resetStatistics(client: Client): void {
  const { server } = client;
  const { keyspace, persistenceStatus } = server;
  server.statistics.reset();
  server.commands.resetStatistics();
  keyspace.hits = 0;
  keyspace.misses = 0;
  keyspace.expiredKeys = 0;
  persistenceStatus.saves = 0;
  persistenceStatus.aofRewrites = 0;
  persistenceStatus.aofRewriteFailuresInARow = 0;
  persistenceStatus.aofDelayedSyncs = 0;
  client.reply.ok();
}

function help(client: Client): void {
  writeHelp(client, 'CONFIG', [
    ['GET <pattern> [<pattern> ...]', 'Return directives that match the patterns, and their values.'],
    ['SET <directive> <value> [<directive> <value> ...]', 'Change directives: all of them or none.'],
    ['RESETSTAT', 'Reset the statistics that INFO reports.'],
    ['REWRITE', 'Write the configuration into the file the server was started with.'],
  ]);
}

/** Registers what DEBUG can do with the configuration. */
export function registerConfigDebugging(server: Server): void {
  server.debugSubcommands.set('config-rewrite-force-all', (client) => {
    rewriteFile(client, true);
  });
}

const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];
const EVERYWHERE: readonly string[] = ['request_policy:all_nodes', 'response_policy:all_succeeded'];

export const configCommand: CommandSpec = {
  name: 'config',
  summary: 'Reads and changes the configuration.',
  since: '2.0.0',
  group: 'server',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: [],
  subcommands: [
    {
      name: 'get',
      summary: 'Returns directives and their values.',
      since: '2.0.0',
      group: 'server',
      complexity: 'O(N) in the directives asked for',
      arity: -3,
      flags: FLAGS,
      handler: get,
    },
    {
      name: 'help',
      summary: 'Describes the subcommands.',
      since: '5.0.0',
      group: 'server',
      complexity: 'O(1)',
      arity: 2,
      flags: ['loading', 'stale'],
      handler: help,
    },
    {
      name: 'resetstat',
      summary: 'Resets the statistics of the server.',
      since: '2.0.0',
      group: 'server',
      complexity: 'O(1)',
      arity: 2,
      flags: FLAGS,
      tips: EVERYWHERE,
      handler: resetStatistics,
    },
    {
      name: 'rewrite',
      summary: 'Writes the configuration into its file.',
      since: '2.8.0',
      group: 'server',
      complexity: 'O(1)',
      arity: 2,
      flags: FLAGS,
      tips: EVERYWHERE,
      handler: (client) => rewriteFile(client, false),
    },
    {
      name: 'set',
      summary: 'Changes directives while the server runs.',
      since: '2.0.0',
      group: 'server',
      complexity: 'O(N) in the directives given',
      arity: -4,
      flags: FLAGS,
      tips: EVERYWHERE,
      handler: set,
    },
  ],
};
