/**
 * The clients of a server: accepting, limits, closing, and their description in CLIENT LIST.
 */
import type { OutputBufferLimit } from '../config/special-types.js';
import type { Connection } from '../platform/platform.js';
import { Client, type ClientKind } from './client.js';
import { memoryOfClient } from './client-memory.js';
import type { Server } from './server.js';

/** As in Redis: with less, nobody could take a limit back that was set too low. */
const LEAST_CLIENT_LIMIT_BYTES = 128 * 1024;
/** A client that has sent nothing for so long keeps no room for what it is still to send. */
const IDLE_INPUT_MS = 2000;

/** Clients and people look for this text: it is the one of Redis. */
const PROTECTED_MODE_ERROR =
  '-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the ' +
  'default user. In this mode connections are only accepted from the loopback interface. If you want to connect ' +
  'from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode ' +
  "sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the " +
  'same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do ' +
  'so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode ' +
  "by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting " +
  "the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' " +
  'option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above ' +
  'things in order for the server to start accepting connections from the outside.\r\n';

export class Clients {
  private readonly byId = new Map<number, Client>();
  /** What the clients take that are no replicas, as far as it has been measured. */
  memoryBytes = 0;
  /** There is a limit to go by: clients are measured as they grow and shrink. */
  measuresMemory = false;
  private nextId = 1;
  /** Clients with output that the kernel has not taken; checked for the soft limit by the cron. */
  private readonly slowReaders = new Set<Client>();

  constructor(private readonly server: Server) {}

  get count(): number {
    return this.byId.size;
  }

  all(): IterableIterator<Client> {
    return this.byId.values();
  }

  find(id: number): Client | undefined {
    return this.byId.get(id);
  }

  /** Bytes of output that clients of a kind have not read yet. */
  outputBytes(kind: ClientKind): number {
    let bytes = 0;
    for (const client of this.byId.values()) if (client.kind === kind) bytes += client.pendingOutputBytes;
    return bytes;
  }

  /** Takes an accepted connection, or refuses it. */
  accept(connection: Connection): void {
    const { server } = this;
    const limit = server.config.values.maxclients;
    if (this.byId.size + server.clusterRoom().connections >= limit) {
      server.statistics.rejectedConnections++;
      const what = server.cluster === null ? 'clients' : 'clients + cluster connections';
      this.refuse(connection, `-ERR max number of ${what} reached\r\n`);
      return;
    }
    if (this.isProtected(connection)) {
      server.statistics.rejectedConnections++;
      this.refuse(connection, PROTECTED_MODE_ERROR);
      return;
    }
    server.statistics.totalConnectionsReceived++;
    const client = new Client(server, this.nextId++, connection, server.steadyClock.nowMs());
    connection.handler = client;
    if (!connection.isLocalSocket) connection.setKeepAlive(server.config.values['tcp-keepalive']);
    this.byId.set(client.id, client);
  }

  /** A client without a connection: a master's stream, a script, the loading of a file. */
  createInternal(kind: ClientKind, connection: Connection | null = null): Client {
    const client = new Client(this.server, this.nextId++, connection, this.server.steadyClock.nowMs());
    client.kind = kind;
    client.isTrusted = true;
    client.authenticated = true;
    client.decoder.authenticated = true;
    return client;
  }

  /** Takes a client over whose connection was made outside: shown in CLIENT LIST like any other. */
  register(client: Client): void {
    this.byId.set(client.id, client);
  }

  /** Everything that knows the client forgets it. Called by the client as it closes. */
  release(client: Client): void {
    const { server } = this;
    this.byId.delete(client.id);
    this.memoryBytes -= client.memoryBytes;
    client.memoryBytes = 0;
    this.slowReaders.delete(client);
    server.pubsub.release(client);
    server.tracking.disable(client);
    server.monitors.delete(client);
    server.pause.forget(client);
    server.keyHolds.forget(client);
    server.discardTransaction(client);
    server.blocking.release(client);
    for (const listener of server.clientCloseListeners) listener(client);
  }

  /** The input of a client broke the protocol: say so and close. */
  protocolError(client: Client, text: string): void {
    this.server.log.verbose(`Protocol error (${text}) from client: ${this.describe(client)}`);
    client.reply.error(text);
    client.closeAfterReply = true;
    client.scheduleFlush();
  }

  /**
   * A browser was made to send this request: scripts of web pages can reach a server on the reader's machine. The
   * rest of it, which may hold commands, is not executed.
   */
  crossProtocolRequest(client: Client): void {
    this.server.log.warning(
      'Possible SECURITY ATTACK detected: POST and Host: are sent by web browsers, not by clients. ' +
        `Connection from ${addressOf(client.connection, 'remote')} aborted.`,
    );
    client.close();
  }

  /** Called after a flush that left output behind, and whenever output has been added for a client. */
  checkOutputLimit(client: Client): void {
    if (this.measuresMemory) this.remeasure(client);
    const bytes = client.pendingOutputBytes;
    if (bytes === 0) {
      this.outputShrank(client);
      return;
    }
    this.slowReaders.add(client);
    if (this.exceedsLimit(client, bytes)) {
      this.server.statistics.clientOutputBufferLimitDisconnections++;
      this.server.log.warning(
        `Client ${this.describe(client)} scheduled to be closed ASAP for overcoming of output buffer limits.`,
      );
      client.close();
    }
  }

  /** Whether there is a hard limit to the output that may wait for this client. */
  isOutputLimited(client: Client): boolean {
    return this.outputLimitOf(client).hardBytes > 0;
  }

  outputShrank(client: Client): void {
    if (client.pendingOutputBytes === 0) {
      this.slowReaders.delete(client);
      client.softLimitReachedAtMs = 0;
    }
  }

  /** Adds up what clients take. Replicas are served from the backlog, which has an account of its own. */
  measure(): void {
    for (const client of this.byId.values()) this.remeasure(client);
  }

  /** A client has grown or shrunk. */
  remeasure(client: Client): void {
    if (client.closed) return;
    const isCounted = client.kind === 'normal' || client.kind === 'pubsub';
    const bytes = isCounted ? memoryOfClient(client).totalBytes : 0;
    const grownBytes = bytes - client.memoryBytes;
    this.memoryBytes += grownBytes;
    client.memoryBytes = bytes;
    if (grownBytes > 0 && this.isAboveEvictionLimit()) this.server.scheduleTurnEnd();
  }

  private isAboveEvictionLimit(): boolean {
    const limitBytes = this.evictionLimitBytes();
    return limitBytes !== 0 && this.memoryBytes > limitBytes;
  }

  /**
   * Closes the clients that take the most until all together are within `maxmemory-clients`.
   * @param spared the client whose command is about to be executed
   */
  evictSurplus(spared: Client | null = null): void {
    const limitBytes = this.evictionLimitBytes();
    if (limitBytes === 0 || this.memoryBytes <= limitBytes) return;
    const { log, statistics } = this.server;
    const candidates = [...this.byId.values()]
      .filter((client) => client.memoryBytes > 0 && !client.noEvict && client !== spared)
      .sort((a, b) => b.memoryBytes - a.memoryBytes);
    for (const client of candidates) {
      if (this.memoryBytes <= limitBytes) return;
      log.notice(`Evicting client: ${this.describe(client)}`);
      client.close();
      statistics.evictedClients++;
    }
  }

  /** `maxmemory-clients`, which may be a share of `maxmemory`; 0: no limit. */
  private evictionLimitBytes(): number {
    const { 'maxmemory-clients': limit, maxmemory } = this.server.config.values;
    const bytes = limit.unit === 'bytes' ? limit.amount : Math.floor((limit.amount / 100) * maxmemory);
    return bytes === 0 ? 0 : Math.max(bytes, LEAST_CLIENT_LIMIT_BYTES);
  }

  /** Periodic work: idle clients and soft output limits. */
  cron(): void {
    const nowMs = this.server.steadyNowMs;
    for (const client of [...this.slowReaders]) this.checkOutputLimit(client);
    for (const client of this.byId.values()) {
      if (nowMs - client.lastInteractionMs > IDLE_INPUT_MS) client.decoder.releaseSpare();
    }
    const timeoutMs = this.server.config.values.timeout * 1000;
    if (timeoutMs === 0) return;
    for (const client of this.byId.values()) {
      const exempt = client.kind !== 'normal' || client.blocked !== null || client.isMonitor;
      if (!exempt && nowMs - client.lastInteractionMs > timeoutMs) {
        this.server.log.verbose('Closing idle client');
        client.close();
      }
    }
  }

  closeAll(): void {
    for (const client of [...this.byId.values()]) client.close();
  }

  /** The line of CLIENT LIST, without the line end. */
  describe(client: Client): string {
    const { connection, transaction, subscriptions } = client;
    const nowMs = this.server.steadyClock.nowMs();
    const seconds = (sinceMs: number): number => Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
    const memory = memoryOfClient(client);
    const outputBytes = client.pendingOutputBytes;
    const isStalled = (connection?.bufferedBytes ?? 0) > 0;
    const fields: [string, string | number][] = [
      ['id', client.id],
      ['addr', addressOf(connection, 'remote')],
      ['laddr', addressOf(connection, 'local')],
      ['fd', connection?.descriptor ?? -1],
      ['name', client.name],
      ['age', seconds(client.createdAtMs)],
      ['idle', seconds(client.lastInteractionMs)],
      ['flags', this.flagsOf(client)],
      ['db', client.database.index],
      ['sub', subscriptions?.channels.size ?? 0],
      ['psub', subscriptions?.patterns.size ?? 0],
      ['ssub', subscriptions?.shardChannels.size ?? 0],
      ['multi', transaction === null ? -1 : transaction.queue.length],
      ['qbuf', memory.queryBytes],
      ['qbuf-free', memory.spareQueryBytes],
      ['argv-mem', client.args.reduce((sum, arg) => sum + arg.length, 0)],
      ['multi-mem', memory.transactionBytes],
      ['rbs', 16384],
      ['rbp', 0],
      ['obl', isStalled ? 0 : outputBytes],
      ['oll', isStalled ? 1 : 0],
      ['omem', isStalled ? outputBytes : 0],
      ['tot-mem', memory.totalBytes],
      ['events', isStalled ? 'rw' : 'r'],
      ['cmd', client.command?.fullName ?? 'NULL'],
      ['user', client.isTrusted ? '(superuser)' : client.user.name],
      ['redir', client.tracking?.options.redirectTo ?? -1],
      ['resp', client.reply.protocol],
      ['lib-name', client.libraryName],
      ['lib-ver', client.libraryVersion],
    ];
    return fields.map(([name, value]) => `${name}=${value}`).join(' ');
  }

  private flagsOf(client: Client): string {
    let flags = '';
    if (client.isMonitor) flags += 'O';
    else if (client.kind === 'replica') flags += 'S';
    if (client.kind === 'master') flags += 'M';
    if (client.subscriptions !== null) flags += 'P';
    if (client.transaction !== null) flags += 'x';
    if (client.tracking !== null) {
      flags += 't';
      if (client.tracking.redirectionBroken) flags += 'R';
      if (client.tracking.options.mode === 'broadcast') flags += 'B';
    }
    if (client.blocked !== null || client.postponed !== null) flags += 'b';
    if (this.server.isTransactionDirty(client)) flags += 'd';
    if (client.closeAfterReply) flags += 'c';
    if (client.connection?.isLocalSocket === true) flags += 'U';
    if (client.isReadOnlyMode) flags += 'r';
    if (client.noEvict) flags += 'e';
    if (client.noTouch) flags += 'T';
    return flags === '' ? 'N' : flags;
  }

  private refuse(connection: Connection, text: string): void {
    connection.handler = REFUSED;
    connection.write(Buffer.from(text, 'latin1'));
    connection.end();
  }

  /** protected-mode: without a password only loopback and Unix sockets may connect. */
  private isProtected(connection: Connection): boolean {
    const { values } = this.server.config;
    if (!values['protected-mode'] || !this.server.acl.defaultUser.isOpen) return false;
    return !isLocal(connection);
  }

  private outputLimitOf({ kind }: Client): OutputBufferLimit {
    const limits = this.server.config.values['client-output-buffer-limit'];
    return limits[kind === 'master' ? 'normal' : kind];
  }

  private exceedsLimit(client: Client, bytes: number): boolean {
    if (client.kind === 'master' || client.isTrusted) return false;
    const { values } = this.server.config;
    const limits = values['client-output-buffer-limit'];
    const limit =
      limits[client.kind === 'replica' ? 'replica' : client.kind === 'pubsub' ? 'pubsub' : 'normal'];
    // A replica may always be as far behind as the backlog reaches: it could resume there after a disconnect.
    const least = client.kind === 'replica' ? values['repl-backlog-size'] : 0;
    if (limit.hardBytes > 0 && bytes >= Math.max(limit.hardBytes, least)) return true;
    if (limit.softBytes === 0 || bytes < limit.softBytes) {
      client.softLimitReachedAtMs = 0;
      return false;
    }
    const nowMs = this.server.platform.clock.nowMs();
    if (client.softLimitReachedAtMs === 0) client.softLimitReachedAtMs = nowMs;
    return nowMs - client.softLimitReachedAtMs > limit.softSeconds * 1000;
  }
}

/** The peer is on this machine: it came through the loopback interface or a Unix socket. */
export function isLocal({ isLocalSocket, remoteAddress }: Connection): boolean {
  if (isLocalSocket) return true;
  return (
    remoteAddress === '::1' || remoteAddress.startsWith('127.') || remoteAddress.startsWith('::ffff:127.')
  );
}

/** Handler of a refused connection: nothing more is expected of it. */
const REFUSED = {
  onConnect: () => undefined,
  onData: () => undefined,
  onDrain: () => undefined,
  onEnd: () => undefined,
  onClose: () => undefined,
};

/** `host:port`, with IPv6 in brackets; the path form for Unix sockets. */
export function addressOf(connection: Connection | null, side: 'remote' | 'local'): string {
  if (connection === null) return '';
  if (connection.isLocalSocket)
    return side === 'remote' ? `${connection.remoteAddress}:0` : `${connection.localAddress}:0`;
  const host = side === 'remote' ? connection.remoteAddress : connection.localAddress;
  const port = side === 'remote' ? connection.remotePort : connection.localPort;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
