/** Commands about the server as a whole: SHUTDOWN, MONITOR, TIME, LOLWUT. */
import { REDIS_VERSION, VEDETTE_VERSION } from '../config/version.js';
import { isWord } from '../resp/ascii.js';
import type { Client } from '../server/client.js';
import type { CommandSpec } from '../server/command.js';
import type { ShutdownOptions } from '../server/shutdown.js';
import { wallMicroseconds } from '../server/wall-clock.js';
import { SYNTAX_ERROR } from './error-texts.js';

/** What SHUTDOWN's arguments ask for; null when they make no sense. */
function readShutdown(args: readonly string[]): ShutdownOptions | 'abort' | null {
  const words = new Set<string>();
  for (const arg of args.slice(1)) {
    const word = ['nosave', 'save', 'now', 'force', 'abort'].find((known) => isWord(arg, known));
    if (word === undefined) return null;
    words.add(word);
  }
  if (words.has('abort')) return words.size === 1 ? 'abort' : null;
  if (words.has('save') && words.has('nosave')) return null;
  const save = words.has('save') ? 'save' : words.has('nosave') ? 'nosave' : 'default';
  return { save, now: words.has('now'), force: words.has('force') };
}

/** The client waits; it is answered only if the server lives on. */
function shutdown(client: Client, args: string[]): void {
  const { server, reply } = client;
  const asked = readShutdown(args);
  if (asked === null) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (asked === 'abort') {
    if (server.shutdown.abort()) reply.ok();
    else reply.error('ERR No shutdown in progress.');
    return;
  }
  if (server.suspension.isActive) {
    if (asked.save !== 'nosave') {
      reply.error(server.suspension.busyText);
      return;
    }
  } else if (!asked.now && server.dispatcher.deniesBlocking) {
    reply.error("ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client");
    return;
  }
  server.blocking.block(client, 0, null, () => undefined);
  server.shutdown.begin(asked, () => {
    if (client.closed || client.blocked === null) return;
    reply.error('ERR Errors trying to SHUTDOWN. Check logs.');
    server.blocking.release(client);
  });
}

function monitor(client: Client): void {
  if (client.kind === 'replica') return;
  if (client.server.dispatcher.deniesBlocking) {
    client.reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  client.isMonitor = true;
  client.server.monitors.add(client);
  client.reply.ok();
}

function time(client: Client): void {
  const { server } = client;
  // Time stands still within a transaction and a script.
  const stands = server.dispatcher.deniesBlocking;
  const microseconds = stands ? server.keyspace.nowMs * 1000 : wallMicroseconds(server.platform.clock);
  client.reply.arrayHeader(2);
  client.reply.bulk(String(Math.floor(microseconds / 1e6)));
  client.reply.bulk(String(microseconds % 1e6));
}

/** A vedette on the hill, under as many stars as chance has it. */
function lolwut(client: Client): void {
  const { random } = client.server.platform;
  const sky = Array.from({ length: 3 }, () =>
    Array.from({ length: 40 }, () => (random.integer(9) === 0 ? '.' : ' ')).join(''),
  );
  const hill = [
    '                  o',
    '                 /|\\',
    '          _______/_\\_______',
    '  ___----/                 \\----___',
  ];
  const title = `Vedette ver. ${VEDETTE_VERSION}, Redis ver. ${REDIS_VERSION}`;
  client.reply.verbatim('txt', `${[...sky, ...hill, '', title].join('\n')}\n`);
}

export const shutdownCommand: CommandSpec = {
  name: 'shutdown',
  summary: 'Saves the dataset and ends the server.',
  since: '1.0.0',
  group: 'server',
  complexity: 'O(N) in the keys when saving, otherwise O(1)',
  arity: -1,
  flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
  handler: shutdown,
};

export const serverControlCommands: readonly CommandSpec[] = [
  shutdownCommand,
  {
    name: 'lolwut',
    summary: 'Shows a picture and the version.',
    since: '5.0.0',
    group: 'server',
    arity: -1,
    flags: ['readonly', 'fast'],
    handler: lolwut,
  },
  {
    name: 'monitor',
    summary: 'Shows all commands as they are executed.',
    since: '1.0.0',
    group: 'server',
    arity: 1,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    handler: monitor,
  },
  {
    name: 'time',
    summary: 'Returns the time of the server.',
    since: '2.6.0',
    group: 'server',
    complexity: 'O(1)',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    tips: ['nondeterministic_output'],
    handler: time,
  },
];
