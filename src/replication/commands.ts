/**
 * The commands of replication: REPLICAOF, ROLE, WAIT, WAITAOF, FAILOVER for clients; REPLCONF, PSYNC and SYNC between
 * servers. Arguments are read and refused here; what they do is done by {@link Replication}.
 */
import { integerArgument, integerInRange, timeoutMsArgument } from '../commands/arguments.js';
import { SYNTAX_ERROR } from '../commands/error-texts.js';
import { isWord, splitWords, toLowerAscii } from '../resp/ascii.js';
import { parseSafeInteger } from '../resp/numbers.js';
import type { Client } from '../server/client.js';
import type { CommandFlag, CommandSpec } from '../server/command.js';
import type { FailoverOptions } from './coordinated-failover.js';
import { WAITAOF_WITHOUT_AOF } from './ack-waiters.js';
import { toOffset } from './identity.js';
import type { SnapshotContents } from '../persistence/replica-snapshots.js';
import type { ReplicaIntroduction } from './replica-session.js';
import type { Replication } from './replication.js';

const PORT_MAX = 65535;
/** Longer host names are refused (the size of stock's field). */
const HOST_LIMIT = 256;
const ANSWERED_BY_REPLICA_HINT =
  'Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) ' +
  'writes to replicas are just local and are not propagated.';
const WAIT_ON_REPLICA = `ERR WAIT cannot be used with replica instances. ${ANSWERED_BY_REPLICA_HINT}`;
const WAITAOF_ON_REPLICA =
  'ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and ' +
  'are not propagated.';

const BETWEEN_SERVERS: readonly CommandFlag[] = ['admin', 'noscript', 'no_async_loading', 'no_multi'];

/** Declares the commands for one server. */
export function replicationCommands(replication: Replication): CommandSpec[] {
  const replicaof = (client: Client, args: string[]): void => doReplicaOf(replication, client, args);
  return [
    {
      name: 'replicaof',
      summary: 'Makes this server a replica of another, or a master.',
      since: '5.0.0',
      group: 'server',
      complexity: 'O(1)',
      arity: 3,
      flags: ['admin', 'noscript', 'stale', 'no_async_loading'],
      handler: replicaof,
    },
    {
      name: 'slaveof',
      summary: 'Makes this server a replica of another, or a master.',
      since: '1.0.0',
      group: 'server',
      complexity: 'O(1)',
      arity: 3,
      flags: ['admin', 'noscript', 'stale', 'no_async_loading'],
      deprecatedSince: '5.0.0',
      replacedBy: '`REPLICAOF`',
      handler: replicaof,
    },
    {
      name: 'role',
      summary: 'Tells the role in replication: master or replica, with offsets.',
      since: '2.8.12',
      group: 'server',
      complexity: 'O(1)',
      arity: 1,
      flags: ['noscript', 'loading', 'stale', 'fast'],
      categories: ['admin', 'dangerous'],
      handler: (client) => doRole(replication, client),
    },
    {
      name: 'replconf',
      summary: 'Tells a master about a replica, and how far it is.',
      since: '3.0.0',
      group: 'server',
      complexity: 'O(1)',
      arity: -1,
      flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'],
      handler: (client, args) => doReplconf(replication, client, args),
    },
    {
      name: 'psync',
      summary: 'Begins or resumes the stream to a replica.',
      since: '2.8.0',
      group: 'server',
      arity: -3,
      flags: BETWEEN_SERVERS,
      handler: (client, args) => doPsync(replication, client, args),
    },
    {
      name: 'sync',
      summary: 'Begins the stream to a replica of the oldest protocol.',
      since: '1.0.0',
      group: 'server',
      arity: 1,
      flags: BETWEEN_SERVERS,
      handler: (client) => {
        if (replication.sync.mayServe(client)) replication.sync.sendEverything(client, true);
      },
    },
    {
      name: 'wait',
      summary: 'Waits until replicas have acknowledged the writes of this connection.',
      since: '3.0.0',
      group: 'generic',
      complexity: 'O(1)',
      arity: 3,
      flags: [],
      groupCategory: null,
      categories: ['connection'],
      tips: ['request_policy:all_shards', 'response_policy:agg_min'],
      handler: (client, args) => doWait(replication, client, args),
    },
    {
      name: 'waitaof',
      summary: 'Waits until the writes of this connection are on disk, here and on replicas.',
      since: '7.2.0',
      group: 'generic',
      complexity: 'O(1)',
      arity: 4,
      flags: ['noscript'],
      groupCategory: null,
      categories: ['connection'],
      tips: ['request_policy:all_shards', 'response_policy:agg_min'],
      handler: (client, args) => doWaitAof(replication, client, args),
    },
    {
      name: 'failover',
      summary: 'Hands the role of master over to a replica, without losing writes.',
      since: '6.2.0',
      group: 'server',
      complexity: 'O(1)',
      arity: -1,
      flags: ['admin', 'noscript', 'stale'],
      handler: (client, args) => doFailover(replication, client, args),
    },
  ];
}

function doReplicaOf(replication: Replication, client: Client, args: string[]): void {
  const { reply, server } = client;
  if (server.mode === 'cluster') {
    reply.error('ERR REPLICAOF not allowed in cluster mode.');
    return;
  }
  if (replication.failover.isActive) {
    reply.error('ERR REPLICAOF not allowed while failing over.');
    return;
  }
  const [, host, portText] = args;
  if (isWord(host, 'no') && isWord(portText, 'one')) {
    if (replication.role !== null) {
      replication.promote();
      server.log.notice(`MASTER MODE enabled (user request from '${server.clients.describe(client)}')`);
    }
    reply.ok();
    return;
  }
  if (client.kind === 'replica') {
    reply.error('ERR Command is not valid when client is a replica.');
    return;
  }
  const port = integerInRange(client, portText, 0, PORT_MAX, 'ERR Invalid master port');
  if (Number.isNaN(port)) return;
  const link = replication.role?.link;
  if (link !== undefined && toLowerAscii(link.host) === toLowerAscii(host) && link.port === port) {
    server.log.notice(
      'REPLICAOF would result into synchronization with the master we are already connected with. ' +
        'No operation performed.',
    );
    reply.simple('OK Already connected to specified master');
    return;
  }
  replication.follow({ host, port });
  server.log.notice(
    `REPLICAOF ${host}:${port} enabled (user request from '${server.clients.describe(client)}')`,
  );
  reply.ok();
}

function doRole(replication: Replication, client: Client): void {
  const { reply } = client;
  const { role } = replication;
  if (role !== null) {
    reply.arrayHeader(5);
    reply.bulk('slave');
    reply.bulk(role.link.host);
    reply.integer(role.link.port);
    reply.bulk(role.link.stateName);
    reply.integer(role.link.applier?.appliedOffset ?? -1);
    return;
  }
  const online = [...replication.replicas.all()].filter((session) => session.isOnline);
  reply.arrayHeader(3);
  reply.bulk('master');
  reply.integer(replication.history.offset);
  reply.arrayHeader(online.length);
  for (const session of online) {
    reply.arrayHeader(3);
    reply.bulk(session.address);
    reply.bulkInteger(session.port);
    reply.bulkInteger(session.ackOffset);
  }
}

function doReplconf(replication: Replication, client: Client, args: string[]): void {
  const { reply } = client;
  if (args.length % 2 === 0) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const introduction = replication.sync.introductionOf(client);
  for (let i = 1; i < args.length; i += 2) {
    const option = toLowerAscii(args[i]);
    if (option === 'ack') {
      acknowledge(replication, client, args, i);
      return;
    }
    if (option === 'getack') {
      replication.role?.acknowledge();
      return;
    }
    if (!introduce(introduction, client, option, args[i], args[i + 1])) return;
  }
  reply.ok();
}

/** REPLCONF ACK offset [FACK offset]: never answered, and ignored from who is no replica. */
function acknowledge(replication: Replication, client: Client, args: readonly string[], at: number): void {
  const session = replication.replicas.of(client);
  if (session === undefined) return;
  const offset = parseSafeInteger(args[at + 1]);
  if (Number.isNaN(offset)) return;
  const hasDiskOffset = args.length > at + 3 && isWord(args[at + 2], 'fack');
  const diskOffset = hasDiskOffset ? parseSafeInteger(args[at + 3]) : NaN;
  replication.replicas.acknowledge(
    session,
    toOffset(offset),
    Number.isNaN(diskOffset) ? null : toOffset(diskOffset),
  );
}

/** Takes one pair of REPLCONF; false when it was refused with an error. */
function introduce(
  introduction: ReplicaIntroduction,
  client: Client,
  option: string,
  asWritten: string,
  value: string,
): boolean {
  const { reply } = client;
  switch (option) {
    case 'listening-port': {
      const port = integerArgument(client, value);
      if (Number.isNaN(port)) return false;
      introduction.listeningPort = port;
      return true;
    }
    case 'ip-address':
      if (value.length >= HOST_LIMIT) {
        reply.error(
          `ERR REPLCONF ip-address provided by replica instance is too long: ${value.length} bytes`,
        );
        return false;
      }
      introduction.announcedAddress = value;
      return true;
    case 'capa':
      // Capabilities that are not known here are none of our business.
      if (isWord(value, 'eof')) introduction.canReadEndMark = true;
      else if (isWord(value, 'psync2')) introduction.knowsPsync2 = true;
      return true;
    case 'rdb-only': {
      const flag = integerInRange(client, value, 0, 1);
      if (Number.isNaN(flag)) return false;
      introduction.snapshotOnly = flag === 1;
      return true;
    }
    case 'rdb-filter-only': {
      const filter = parseFilter(value);
      if (typeof filter === 'string') {
        reply.error(filter);
        return false;
      }
      introduction.filter = filter;
      return true;
    }
    default:
      reply.error(`ERR Unrecognized REPLCONF option: ${asWritten}`);
      return false;
  }
}

/** What a snapshot is to contain; or the error. */
function parseFilter(text: string): SnapshotContents | string {
  const words = splitWords(text);
  if (words === null) return 'ERR Missing rdb-filter-only values';
  let functions = false;
  for (const word of words) {
    if (!isWord(word, 'functions')) return `ERR Unsupported rdb-filter-only option: ${word}`;
    functions = true;
  }
  return { data: false, functions };
}

function doPsync(replication: Replication, client: Client, args: string[]): void {
  const { reply, server } = client;
  if (replication.replicas.of(client) !== undefined) return;
  const [, replid, offsetText, extra] = args;
  if (extra !== undefined && isWord(extra, 'failover')) {
    server.log.notice(`Failover request received for replid ${replid}.`);
    if (replication.role === null) {
      reply.error("ERR PSYNC FAILOVER can't be sent to a master.");
      return;
    }
    if (toLowerAscii(replid) !== toLowerAscii(replication.history.identity.replid)) {
      reply.error('ERR PSYNC FAILOVER replid must match my replid.');
      return;
    }
    replication.promote();
    server.log.notice(`MASTER MODE enabled (failover request from '${server.clients.describe(client)}')`);
  }
  if (!replication.sync.mayServe(client)) return;
  const offset = integerArgument(client, offsetText);
  if (Number.isNaN(offset)) {
    server.log.warning(`Replica client id #${client.id} asks for synchronization but with a wrong offset`);
    return;
  }
  replication.sync.serve(client, { replid, offset });
}

function doWait(replication: Replication, client: Client, args: string[]): void {
  if (replication.role !== null) {
    client.reply.error(WAIT_ON_REPLICA);
    return;
  }
  const replicas = integerArgument(client, args[1]);
  if (Number.isNaN(replicas)) return;
  const timeoutMs = timeoutMsArgument(client, args[2]);
  if (Number.isNaN(timeoutMs)) return;
  replication.waiters.wait(client, replicas, timeoutMs);
}

function doWaitAof(replication: Replication, client: Client, args: string[]): void {
  const { reply, server } = client;
  const local = integerInRange(client, args[1], 0, 1);
  if (Number.isNaN(local)) return;
  const replicas = integerInRange(
    client,
    args[2],
    0,
    Number.MAX_SAFE_INTEGER,
    'ERR value is out of range, must be positive',
  );
  if (Number.isNaN(replicas)) return;
  const timeoutMs = timeoutMsArgument(client, args[3]);
  if (Number.isNaN(timeoutMs)) return;
  if (replication.role !== null) {
    reply.error(WAITAOF_ON_REPLICA);
  } else if (local > 0 && !server.config.values.appendonly) {
    reply.error(WAITAOF_WITHOUT_AOF);
  } else {
    replication.waiters.waitForDisks(client, local, replicas, timeoutMs);
  }
}

function doFailover(replication: Replication, client: Client, args: string[]): void {
  const { reply, server } = client;
  const { failover, replicas } = replication;
  if (server.mode === 'cluster') {
    reply.error('ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.');
    return;
  }
  if (args.length === 2 && isWord(args[1], 'abort')) {
    if (!failover.isActive) {
      reply.error('ERR No failover in progress.');
      return;
    }
    failover.abort('Failover manually aborted');
    reply.ok();
    return;
  }
  const options = parseFailover(client, args);
  if (options === null) return;
  const problem = failoverProblem(replication, options);
  if (problem !== null) {
    reply.error(`ERR ${problem}`);
    return;
  }
  const { target } = options;
  if (target !== null) {
    const session = replicas.find(target.host, target.port);
    if (session === null || !session.isOnline) {
      reply.error(
        session === null
          ? 'ERR FAILOVER target HOST and PORT is not a replica.'
          : 'ERR FAILOVER target replica is not online.',
      );
      return;
    }
  }
  replication.beginFailover(options);
  reply.ok();
}

/** Reads [TO host port [FORCE]] [TIMEOUT ms]; null when it was refused with an error. */
function parseFailover(client: Client, args: readonly string[]): FailoverOptions | null {
  let timeoutMs = 0;
  let force = false;
  let target: FailoverOptions['target'] = null;
  for (let i = 1; i < args.length; i++) {
    if (isWord(args[i], 'timeout') && i + 1 < args.length && timeoutMs === 0) {
      timeoutMs = integerArgument(client, args[++i]);
      if (Number.isNaN(timeoutMs)) return null;
      if (timeoutMs <= 0) {
        client.reply.error('ERR FAILOVER timeout must be greater than 0');
        return null;
      }
    } else if (isWord(args[i], 'to') && i + 2 < args.length && target === null) {
      const port = integerArgument(client, args[i + 2]);
      if (Number.isNaN(port)) return null;
      target = { host: args[i + 1], port };
      i += 2;
    } else if (isWord(args[i], 'force') && !force) {
      force = true;
    } else {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return { target, force, timeoutMs };
}

function failoverProblem(replication: Replication, options: FailoverOptions): string | null {
  if (replication.failover.isActive) return 'FAILOVER already in progress.';
  if (replication.role !== null) return 'FAILOVER is not valid when server is a replica.';
  if (replication.replicas.count === 0) return 'FAILOVER requires connected replicas.';
  if (options.force && (options.timeoutMs === 0 || options.target === null)) {
    return 'FAILOVER with force option requires both a timeout and target HOST and IP.';
  }
  return null;
}
