/**
 * The DEBUG command: what tests need and nobody else should use; `enable-debug-command` guards it.
 *
 * It has no subcommands in the table, as in Redis. Those of the parts above (RELOAD, LOADAOF, the cluster's) are
 * registered with the server by these parts.
 */
import { encodingOf } from '../../keyspace/values/string-value.js';
import { isStringValue, memoryOf } from '../../keyspace/values/value.js';
import { isWord, toLowerAscii } from '../../resp/ascii.js';
import { parseDouble } from '../../resp/numbers.js';
import type { Client } from '../../server/client.js';
import { isLocal } from '../../server/clients.js';
import type { CommandHandler, CommandSpec } from '../../server/command.js';
import { integerArgument } from '../arguments.js';
import { DATABASE_OUT_OF_RANGE, NO_SUCH_KEY } from '../error-texts.js';
import { writeHelp } from '../help.js';
import { wrongSubcommandUse } from '../subcommand-use.js';
import { addressOfValue } from './address.js';
import { digestOfDatabases, digestOfEntry } from './digest.js';
import { EXAMPLE_TYPES, writeExample } from './protocol.js';

const NOT_ALLOWED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.';

interface Subcommand {
  /** Numbers of arguments behind the subcommand's name. */
  readonly from: number;
  readonly to: number;
  readonly usage: string;
  readonly effect: string;
  readonly handler: CommandHandler;
}

function sleep(client: Client, args: string[]): void {
  const seconds = parseDouble(args[2]);
  client.server.platform.processes.blockingSleep(Number.isNaN(seconds) ? 0 : seconds * 1000);
  client.reply.ok();
}

function digest({ reply, server }: Client): void {
  reply.simple(digestOfDatabases(server.keyspace.databases, server.platform.hash));
}

function digestValues({ reply, server, database }: Client, args: string[]): void {
  const keys = args.slice(2);
  reply.arrayHeader(keys.length);
  for (const key of keys) reply.simple(digestOfEntry(database.peek(key), server.platform.hash));
}

function describeObject({ reply, server, database }: Client, args: string[]): void {
  // What is stored, even if it has expired: a replica keeps it until its master says otherwise.
  const entry = database.entries.get(args[2]);
  if (entry === undefined) {
    reply.error(NO_SUCH_KEY);
    return;
  }
  const idleSeconds = Math.max(0, (Math.floor(server.nowMs / 1000) & 0xffffff) - entry.access);
  reply.simple(
    `Value at:${addressOfValue(entry)} refcount:1 encoding:${encodingOf(entry.value)} ` +
      `serializedlength:${memoryOf(entry.value)} lru:${entry.access} lru_seconds_idle:${idleSeconds}`,
  );
}

/** Makes string keys, without telling replicas. Keys that exist stay. */
function populate(client: Client, args: string[]): void {
  const { database, reply } = client;
  const count = integerArgument(client, args[2]);
  const prefix = args[3] ?? 'key';
  const size = args[4] === undefined ? 0 : integerArgument(client, args[4]);
  if (Number.isNaN(count) || Number.isNaN(size)) return;
  if (count < 0 || size < 0) {
    reply.error('ERR value is out of range, must be positive');
    return;
  }
  for (let i = 0; i < count; i++) {
    const key = `${prefix}:${i}`;
    if (database.exists(key)) continue;
    const value = `value:${i}`;
    database.add(key, size === 0 ? value : value.slice(0, size).padEnd(size, '\0'));
    database.touched(key);
  }
  reply.ok();
}

function protocol({ reply }: Client, args: string[]): void {
  if (writeExample(reply, toLowerAscii(args[2]))) return;
  reply.error(`ERR Wrong protocol type name. Please use one of the following: ${EXAMPLE_TYPES.join('|')}`);
}

function hashTableStatistics(client: Client, args: string[]): void {
  const { server, reply } = client;
  const index = integerArgument(client, args[2]);
  if (Number.isNaN(index)) return;
  const database = server.keyspace.databases[index];
  if (database === undefined) {
    reply.error(DATABASE_OUT_OF_RANGE);
    return;
  }
  const describe = (name: string, size: number): string =>
    `[${name}]\nHash table 0 stats (main hash table):\n table size: ${size}\n number of elements: ${size}\n`;
  reply.verbatim(
    'txt',
    describe('Dictionary HT', database.size) + describe('Expires HT', database.expiries.size),
  );
}

function hashTableStatisticsOfKey({ reply, database }: Client, args: string[]): void {
  const entry = database.peek(args[2]);
  if (entry === undefined) {
    reply.error(NO_SUCH_KEY);
    return;
  }
  const { value } = entry;
  const isHashTable =
    !isStringValue(value) && (value.encoding === 'hashtable' || value.encoding === 'skiplist');
  if (!isHashTable) {
    reply.error('ERR The value stored at the specified key is not represented using an hash table');
    return;
  }
  reply.verbatim(
    'txt',
    `Hash table 0 stats (main hash table):\n table size: ${value.size}\n number of elements: ${value.size}\n`,
  );
}

function writeToLog({ reply, server }: Client, args: string[]): void {
  server.log.warning(`DEBUG LOG: ${args[2]}`);
  reply.ok();
}

/** A switch that is 0 or 1. */
function switching(set: (client: Client, enabled: boolean) => void): CommandHandler {
  return (client, args) => {
    set(client, args[2] !== '0');
    client.reply.ok();
  };
}

/** Accepted since tests say it; there is nothing here for it to act on. */
function ignored({ reply }: Client): void {
  reply.ok();
}

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map<string, Subcommand>([
  [
    'digest',
    { from: 0, to: 0, usage: 'DIGEST', effect: 'Show a digest of the whole dataset.', handler: digest },
  ],
  [
    'digest-value',
    {
      from: 1,
      to: Infinity,
      usage: 'DIGEST-VALUE <key> [<key> ...]',
      effect: 'Show digests of values.',
      handler: digestValues,
    },
  ],
  [
    'error',
    {
      from: 1,
      to: 1,
      usage: 'ERROR <text>',
      effect: 'Answer with an error.',
      handler: (client, args) => client.reply.error(args[2]),
    },
  ],
  [
    'htstats',
    {
      from: 1,
      to: 2,
      usage: 'HTSTATS <db>',
      effect: 'Show the sizes of a database.',
      handler: hashTableStatistics,
    },
  ],
  [
    'htstats-key',
    {
      from: 1,
      to: 2,
      usage: 'HTSTATS-KEY <key> [full]',
      effect: 'Show the size of a value that is kept as a hash table.',
      handler: hashTableStatisticsOfKey,
    },
  ],
  ['log', { from: 1, to: 1, usage: 'LOG <text>', effect: 'Write a line to the log.', handler: writeToLog }],
  [
    'object',
    { from: 1, to: 2, usage: 'OBJECT <key>', effect: 'Show how a value is kept.', handler: describeObject },
  ],
  [
    'pause-cron',
    {
      from: 1,
      to: 1,
      usage: 'PAUSE-CRON <0|1>',
      effect: 'Stop periodic work.',
      handler: switching(({ server }, enabled) => {
        server.cronPaused = enabled;
      }),
    },
  ],
  [
    'populate',
    {
      from: 1,
      to: 3,
      usage: 'POPULATE <count> [<prefix>] [<size>]',
      effect: 'Make string keys, without telling replicas.',
      handler: populate,
    },
  ],
  [
    'protocol',
    {
      from: 1,
      to: 1,
      usage: 'PROTOCOL <type>',
      effect: `Answer with a reply of a type: ${EXAMPLE_TYPES.join(', ')}.`,
      handler: protocol,
    },
  ],
  [
    'quicklist-packed-threshold',
    {
      from: 1,
      to: 1,
      usage: 'QUICKLIST-PACKED-THRESHOLD <size>',
      effect: 'Do nothing: lists have no such nodes.',
      handler: ignored,
    },
  ],
  [
    'replybuffer',
    {
      from: 2,
      to: 2,
      usage: 'REPLYBUFFER <option> <value>',
      effect: 'Do nothing: clients have no reply buffer of their own.',
      handler: ignored,
    },
  ],
  [
    'set-active-expire',
    {
      from: 1,
      to: 1,
      usage: 'SET-ACTIVE-EXPIRE <0|1>',
      effect: 'Leave expired keys in place until they are accessed, or not.',
      handler: switching(({ server }, enabled) => {
        server.activeExpiry.enabled = enabled;
      }),
    },
  ],
  [
    'sleep',
    { from: 1, to: 1, usage: 'SLEEP <seconds>', effect: 'Stand still, with everything.', handler: sleep },
  ],
  [
    'stringmatch-test',
    { from: 0, to: Infinity, usage: 'STRINGMATCH-TEST', effect: 'Do nothing.', handler: ignored },
  ],
]);

function help(client: Client): void {
  writeHelp(
    client,
    'debug',
    [...SUBCOMMANDS.values()].map(({ usage, effect }) => [usage, effect]),
  );
}

function isAllowed({ server, connection }: Client): boolean {
  const who = server.config.values['enable-debug-command'];
  return who === 'yes' || (who === 'local' && connection !== null && isLocal(connection));
}

function debug(client: Client, args: string[]): void {
  const { reply, server } = client;
  if (!isAllowed(client)) {
    reply.error(NOT_ALLOWED);
    return;
  }
  if (isWord(args[1], 'help')) {
    help(client);
    return;
  }
  const name = toLowerAscii(args[1]);
  const registered = server.debugSubcommands.get(name);
  if (registered !== undefined) {
    registered(client, args);
    return;
  }
  const subcommand = SUBCOMMANDS.get(name);
  const given = args.length - 2;
  if (subcommand === undefined || given < subcommand.from || given > subcommand.to) {
    reply.error(wrongSubcommandUse('debug', args[1]));
  } else {
    subcommand.handler(client, args);
  }
}

export const debugCommand: CommandSpec = {
  name: 'debug',
  summary: 'Helps to test the server; not for use otherwise.',
  since: '1.0.0',
  group: 'server',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  handler: debug,
};
