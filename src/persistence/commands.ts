/** SAVE, BGSAVE, LASTSAVE, DUMP, RESTORE, and DEBUG RELOAD. */

import { parseInteger } from '../commands/arguments.js';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../commands/error-texts.js';
import { notify } from '../commands/lookups.js';
import { isWord, toLowerAscii } from '../resp/ascii.js';
import type { Client } from '../server/client.js';
import { keyAt, type CommandHandler, type CommandSpec } from '../server/command.js';
import { EventClass } from '../server/notifications.js';
import { markFor } from './access-marks.js';
import { loadFileSync } from './loading/file-load.js';
import type { Persistence } from './persistence.js';
import { DumpDecoder, encodeDumpPayload } from './rdb/dump-payload.js';

const IN_PROGRESS = 'ERR Background save already in progress';
const AOF_IN_PROGRESS =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a " +
  'BGSAVE whenever possible.';

export function persistenceCommands(persistence: Persistence): CommandSpec[] {
  const decoder = new DumpDecoder();
  return [
    {
      name: 'save',
      summary: 'Saves the dataset to the snapshot file while everybody waits.',
      since: '1.0.0',
      group: 'server',
      complexity: 'O(N) in the number of keys',
      arity: 1,
      flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
      handler: (client) => save(persistence, client),
    },
    {
      name: 'bgsave',
      summary: 'Saves the dataset to the snapshot file in the background.',
      since: '1.0.0',
      group: 'server',
      complexity: 'O(1)',
      arity: -1,
      flags: ['admin', 'noscript', 'no_async_loading'],
      handler: (client, args) => backgroundSave(persistence, client, args),
    },
    {
      name: 'lastsave',
      summary: 'Tells the time of the last successful save.',
      since: '1.0.0',
      group: 'server',
      complexity: 'O(1)',
      arity: 1,
      flags: ['loading', 'stale', 'fast'],
      categories: ['admin', 'dangerous'],
      tips: ['nondeterministic_output'],
      handler: (client) => {
        client.reply.integer(Math.floor(client.server.persistenceStatus.lastSaveAtMs / 1000));
      },
    },
    {
      name: 'dump',
      summary: 'Serialises a value.',
      since: '2.6.0',
      group: 'generic',
      complexity: 'O(N) in the elements of the value',
      arity: 2,
      flags: ['readonly'],
      keys: [keyAt(1, 'RO', 'access')],
      tips: ['nondeterministic_output'],
      handler: (client, args) => dump(persistence, client, args),
    },
    {
      name: 'restore',
      summary: 'Creates a key from what DUMP made.',
      since: '2.6.0',
      group: 'generic',
      complexity: 'O(N*log(N)) in the elements of a sorted set, O(N) for others',
      arity: -4,
      flags: ['write', 'denyoom'],
      categories: ['dangerous'],
      keys: [keyAt(1, 'OW', 'update')],
      handler: (client, args) => restore(persistence, decoder, client, args),
    },
    {
      name: 'restore-asking',
      summary: 'RESTORE as MIGRATE sends it to a node that is taking a slot over.',
      since: '3.0.0',
      group: 'server',
      complexity: 'O(N*log(N)) in the elements of a sorted set, O(N) for others',
      arity: -4,
      flags: ['write', 'denyoom', 'asking'],
      categories: ['keyspace', 'dangerous'],
      keys: [keyAt(1, 'OW', 'update')],
      handler: (client, args) => restore(persistence, decoder, client, args),
    },
  ];
}

/** DEBUG subcommands, by name. */
export function persistenceDebugSubcommands(persistence: Persistence): [string, CommandHandler][] {
  return [
    ['reload', (client, args) => reload(persistence, client, args)],
    ['set-skip-checksum-validation', (client, args) => skipChecksums(persistence, client, args)],
  ];
}

function save({ saving, aof }: Persistence, { reply }: Client): void {
  if (!saving.isRunning && aof.isRewriting) aof.postponeRewrite();
  if (saving.isBusy) reply.error(IN_PROGRESS);
  else if (saving.save() === null) reply.ok();
  else reply.error('ERR');
}

function backgroundSave({ saving, aof }: Persistence, client: Client, args: readonly string[]): void {
  const { reply, server } = client;
  if (args.length > 2 || (args.length === 2 && !isWord(args[1], 'schedule'))) {
    reply.error(SYNTAX_ERROR);
  } else if (saving.isRunning) {
    reply.error(IN_PROGRESS);
  } else if (aof.isRewriting) {
    if (args.length === 2) {
      saving.schedule();
      reply.simple('Background saving scheduled');
    } else {
      reply.error(AOF_IN_PROGRESS);
    }
  } else if (saving.isBusy) {
    reply.error(IN_PROGRESS);
  } else if (server.dispatcher.deniesBlocking) {
    // A snapshot shows the end of an execution unit, never the middle of one.
    saving.schedule();
    reply.simple('Background saving scheduled');
  } else {
    saving.begin();
    reply.simple('Background saving started');
  }
}

function dump({ snapshots }: Persistence, client: Client, args: readonly string[]): void {
  const value = client.database.read(args[1]);
  if (value === undefined) {
    client.reply.nullBulk();
    return;
  }
  const { values } = client.server.config;
  client.reply.bulkBuffer(
    encodeDumpPayload(value, {
      version: snapshots.version,
      listMaxListpackSize: values['list-max-listpack-size'],
      compression: values.rdbcompression,
    }),
  );
}

interface RestoreOptions {
  replace: boolean;
  isAbsolute: boolean;
  idleSeconds: number;
  frequency: number;
}

/** How MIGRATE sends most keys. */
const NO_OPTIONS: Readonly<RestoreOptions> = {
  replace: false,
  isAbsolute: false,
  idleSeconds: -1,
  frequency: -1,
};

function restore(
  persistence: Persistence,
  decoder: DumpDecoder,
  client: Client,
  args: readonly string[],
): void {
  const { database, reply, server } = client;
  const options = args.length === 4 ? NO_OPTIONS : restoreOptions(client, args);
  if (options === null) return;
  const key = args[1];
  if (!options.replace && database.exists(key)) {
    reply.error('BUSYKEY Target key name already exists.');
    return;
  }
  const timeToLive = parseInteger(args[2]);
  if (!(timeToLive >= 0)) {
    reply.error(Number.isNaN(timeToLive) ? NOT_AN_INTEGER : 'ERR Invalid TTL value, must be >= 0');
    return;
  }
  const decoded = decoder.decodeText(args[3], server.keyspace.limits, persistence.verifiesChecksums);
  if (!decoded.ok) {
    if (decoded.problem === 'format') server.log.warning(`RESTORE: ${decoded.reason}`);
    reply.error(
      decoded.problem === 'footer' ? 'ERR DUMP payload version or checksum are wrong' : 'ERR Bad data format',
    );
    return;
  }
  if (server.config.values['sanitize-dump-payload'] !== 'no') server.statistics.dumpPayloadSanitizations++;
  const wasDeleted = options.replace && database.delete(key);
  const expireAtMs = timeToLive === 0 || options.isAbsolute ? timeToLive : timeToLive + server.keyspace.nowMs;
  // A replica keeps what has expired until its master says so.
  if (expireAtMs !== 0 && expireAtMs <= server.keyspace.nowMs && server.keyspace.expiryMode === 'delete') {
    if (wasDeleted) {
      const word = server.config.values['lazyfree-lazy-server-del'] ? 'UNLINK' : 'DEL';
      server.dispatcher.propagateAs(client, [word, key]);
      database.modified(key);
      notify(client, EventClass.Generic, 'del', key);
    }
    reply.ok();
    return;
  }
  const entry = database.add(key, decoded.content);
  if (expireAtMs !== 0) {
    database.setExpiry(entry, expireAtMs);
    if (!options.isAbsolute) {
      const absolute = [...args.slice(0, 2), String(expireAtMs), ...args.slice(3), 'ABSTTL'];
      server.dispatcher.propagateAs(client, absolute);
    }
  }
  const { accessMark, nowMs } = server.keyspace;
  entry.access = markFor(options, server.config.values['maxmemory-policy'], accessMark, nowMs);
  database.modified(key);
  notify(client, EventClass.Generic, 'restore', key);
  reply.ok();
}

function restoreOptions({ reply }: Client, args: readonly string[]): RestoreOptions | null {
  const options: RestoreOptions = { replace: false, isAbsolute: false, idleSeconds: -1, frequency: -1 };
  const refuse = (text: string): null => {
    reply.error(text);
    return null;
  };
  for (let i = 4; i < args.length; i++) {
    const hasMore = i + 1 < args.length;
    if (isWord(args[i], 'replace')) {
      options.replace = true;
    } else if (isWord(args[i], 'absttl')) {
      options.isAbsolute = true;
    } else if (isWord(args[i], 'idletime') && hasMore && options.frequency === -1) {
      const seconds = parseInteger(args[++i]);
      if (Number.isNaN(seconds)) return refuse(NOT_AN_INTEGER);
      if (seconds < 0) return refuse('ERR Invalid IDLETIME value, must be >= 0');
      options.idleSeconds = seconds;
    } else if (isWord(args[i], 'freq') && hasMore && options.idleSeconds === -1) {
      const frequency = parseInteger(args[++i]);
      if (Number.isNaN(frequency)) return refuse(NOT_AN_INTEGER);
      if (frequency < 0 || frequency > 255) return refuse('ERR Invalid FREQ value, must be >= 0 and <= 255');
      options.frequency = frequency;
    } else {
      return refuse(SYNTAX_ERROR);
    }
  }
  return options;
}

/** DEBUG RELOAD [NOSAVE] [NOFLUSH] [MERGE]: saves, empties, loads, while everybody waits. */
function reload(persistence: Persistence, client: Client, args: readonly string[]): void {
  const { server, reply } = client;
  const { saving, loading, snapshots } = persistence;
  const words = args.slice(2).map(toLowerAscii);
  const unknown = words.find((word) => !['nosave', 'noflush', 'merge'].includes(word));
  if (unknown !== undefined) {
    reply.error('ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.');
    return;
  }
  if (!words.includes('nosave')) {
    saving.abort('DEBUG RELOAD');
    snapshots.abort('DEBUG RELOAD');
    if (saving.save() !== null) {
      reply.error('ERR');
      return;
    }
  }
  if (!words.includes('noflush')) for (const database of server.keyspace.databases) database.flush();
  const loader = loading.newLoader(server.keyspace, server.role === 'master', {
    replacesExisting: words.includes('merge'),
  });
  try {
    loadFileSync(server.platform, loader, saving.path);
  } catch (error) {
    reply.error('ERR Error trying to load the RDB dump, check server logs');
    server.log.warning(
      `Error trying to load the RDB dump: ${error instanceof Error ? error.message : error}`,
    );
    return;
  }
  const merges = words.includes('merge');
  const policy = merges ? 'replace' : words.includes('noflush') ? 'append' : 'flush';
  if (snapshots.takeFunctions(loader.facts.functions, policy) !== null) {
    reply.error('ERR Error trying to load the RDB dump, check server logs');
    return;
  }
  loading.recordResult(loader);
  server.log.warning('DB reloaded by DEBUG RELOAD');
  reply.ok();
}

function skipChecksums(persistence: Persistence, { reply }: Client, args: readonly string[]): void {
  if (args.length !== 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  persistence.verifiesChecksums = args[2] === '0';
  reply.ok();
}
