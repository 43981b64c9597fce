/** BGREWRITEAOF, and what DEBUG can do with the append-only log. */

import { integerArgument } from '../../commands/arguments.js';
import type { Client } from '../../server/client.js';
import type { CommandHandler, CommandSpec } from '../../server/command.js';
import type { Aof } from './aof.js';

export function aofCommands(aof: Aof): CommandSpec[] {
  return [
    {
      name: 'bgrewriteaof',
      summary: 'Rewrites the append-only log in the background, as short as the dataset allows.',
      since: '1.0.0',
      group: 'server',
      complexity: 'O(1)',
      arity: 1,
      flags: ['admin', 'noscript', 'no_async_loading'],
      handler: (client) => backgroundRewrite(aof, client),
    },
  ];
}

/** DEBUG subcommands, by name. */
export function aofDebugSubcommands(aof: Aof): [string, CommandHandler][] {
  return [
    ['loadaof', (client) => loadAgain(aof, client)],
    ['aof-flush-sleep', (client, args) => setFlushDelay(aof, client, args)],
  ];
}

function backgroundRewrite(aof: Aof, { reply }: Client): void {
  if (aof.isRewriting) {
    reply.error('ERR Background append only file rewriting already in progress');
  } else if (aof.mustWait) {
    aof.scheduleRewrite();
    reply.simple('Background append only file rewriting scheduled');
  } else {
    aof.beginRewrite();
    reply.simple('Background append only file rewriting started');
  }
}

/** The client waits; others get -LOADING meanwhile. */
function loadAgain(aof: Aof, client: Client): void {
  const { server, reply } = client;
  if (!server.blocking.mayBlock(client)) {
    reply.error('ERR DEBUG LOADAOF is not possible inside a transaction');
    return;
  }
  let isSettled = false;
  aof.loadAgain((problem) => {
    isSettled = true;
    if (problem === null) {
      server.log.warning('Append Only File loaded by DEBUG LOADAOF');
      reply.ok();
    } else {
      for (const line of problem.split('\n')) server.log.warning(line);
      reply.error('ERR Error trying to load the AOF files, check server logs');
    }
    server.blocking.release(client);
  });
  if (!isSettled) server.blocking.block(client, 0, null, () => undefined);
}

function setFlushDelay(aof: Aof, client: Client, args: readonly string[]): void {
  if (args.length !== 3) {
    client.reply.error("ERR wrong number of arguments for 'debug|aof-flush-sleep' command");
    return;
  }
  const microseconds = integerArgument(client, args[2]);
  if (Number.isNaN(microseconds)) return;
  aof.flushDelayMicroseconds = microseconds;
  client.reply.ok();
}
