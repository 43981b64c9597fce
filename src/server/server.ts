/**
 * A server: it accepts clients, executes their commands on a keyspace and writes the replies.
 *
 * It knows neither replication nor Sentinel nor Cluster. They register what they need: commands, gates, INFO
 * sections, propagation sinks, periodic work, and what must be written before replies go out. A process can hold
 * many servers; all state is in this object.
 */
import type { ServerConfig } from '../config/server-config.js';
import { Keyspace, type KeyspaceHooks } from '../keyspace/keyspace.js';
import type { Logger } from '../log/logger.js';
import type { Listener, Platform, Timer } from '../platform/platform.js';
import { ChunkPool } from '../resp/output-buffer.js';
import { quoteBytes } from '../resp/ascii.js';
import { Acl } from './acl/acl.js';
import { ActiveExpiry } from './active-expiry.js';
import { Blocking } from './blocking.js';
import type { Client } from './client.js';
import { addressOf, Clients } from './clients.js';
import type { Command } from './command.js';
import { CommandTable } from './command-table.js';
import { Dispatcher } from './dispatch.js';
import { Gates } from './gates.js';
import { Info } from './info.js';
import { EventClass, Notifications } from './notifications.js';
import { Pause } from './pause.js';
import { Propagation } from './propagation.js';
import { PubSub } from './pubsub.js';
import { SlowLog } from './slow-log.js';
import { Statistics } from './statistics.js';
import { encodingLimitsOf } from './encoding-limits.js';
import { Watching } from './watching.js';

/** What a server is made of. */
export interface ServerParts {
  readonly platform: Platform;
  readonly config: ServerConfig;
  readonly log: Logger;
  /** `sentinel` changes what INFO and HELLO say. */
  readonly mode: 'standalone' | 'sentinel' | 'cluster';
}

export class Server {
  readonly platform: Platform;
  readonly config: ServerConfig;
  readonly log: Logger;
  readonly mode: ServerParts['mode'];
  /** 40 random hexadecimal characters, new at every start. */
  readonly runId: string;

  readonly keyspace: Keyspace;
  readonly commands = new CommandTable();
  readonly acl: Acl;
  readonly chunkPool = new ChunkPool();
  readonly statistics = new Statistics();
  readonly propagation = new Propagation();
  readonly gates = new Gates();
  readonly pubsub = new PubSub();
  readonly notifications: Notifications;
  readonly blocking: Blocking;
  readonly pause: Pause;
  readonly clients: Clients;
  readonly dispatcher: Dispatcher;
  readonly watching: Watching;
  readonly activeExpiry: ActiveExpiry;
  readonly slowLog = new SlowLog();
  readonly info = new Info();
  readonly monitors = new Set<Client>();

  /** Wall-clock time of this turn of the event loop. */
  nowMs = 0;
  /** Commands that take at least this long are recorded; Infinity switches it off. */
  slowThresholdMs = Infinity;

  /** Work before replies are written, in order: AOF, then the replicas' streams (DESIGN: order of writing). */
  readonly beforeReplies: (() => void)[] = [];
  /** Periodic work, ten times a second. */
  readonly cronTasks: ((nowMs: number) => void)[] = [];
  readonly clientCloseListeners: ((client: Client) => void)[] = [];

  private flushList: Client[] = [];
  private resumeList: Client[] = [];
  private turnEndScheduled = false;
  private cronTimer: Timer | null = null;
  private cronRuns = 0;
  readonly listeners: Listener[] = [];

  constructor(parts: ServerParts) {
    this.platform = parts.platform;
    this.config = parts.config;
    this.log = parts.log;
    this.mode = parts.mode;
    this.runId = parts.platform.random.hex(40);
    this.keyspace = new Keyspace(
      parts.config.values.databases,
      encodingLimitsOf(parts.config, parts.platform.random.integer(0x100000000)),
    );
    this.acl = new Acl();
    this.notifications = new Notifications(this.pubsub, parts.config);
    this.blocking = new Blocking(this);
    this.pause = new Pause(this);
    this.clients = new Clients(this);
    this.dispatcher = new Dispatcher(this);
    this.watching = new Watching();
    this.activeExpiry = new ActiveExpiry(this.keyspace);
    this.keyspace.hooks = this.keyspaceHooks();
    this.statistics.startedAtMs = this.platform.clock.nowMs();
    this.followConfig();
    this.beginTurn();
  }

  /** Starts periodic work. Listening is separate, so that a server can load its data first. */
  start(): void {
    this.cronTimer = this.platform.timers.every(100, () => this.cron());
  }

  /** Stops everything this server owns. The process goes on. */
  close(): void {
    this.cronTimer?.cancel();
    this.pause.close();
    for (const listener of this.listeners) listener.close();
    this.listeners.length = 0;
    this.clients.closeAll();
  }

  /** Reads the clock: to be called whenever an event begins to be handled. */
  beginTurn(): void {
    const { clock } = this.platform;
    this.nowMs = clock.nowMs();
    this.keyspace.nowMs = this.nowMs;
    this.keyspace.accessMark = Math.floor(this.nowMs / 1000) & 0xffffff;
    this.dispatcher.beginTurn(clock.monotonicMs());
    this.statistics.totalEventLoopTurns++;
  }

  /** Has a client's output written at the end of this turn. Called by the client. */
  scheduleFlush(client: Client): void {
    this.flushList.push(client);
    this.scheduleTurnEnd();
  }

  /** Writes a client's output at once, after what must precede it: a pipeline with large replies. */
  flushNow(client: Client): void {
    for (const task of this.beforeReplies) task();
    client.flush();
    client.flushScheduled = false;
    this.clients.checkOutputLimit(client);
  }

  /** Lets a client that was blocked go on with its input once the current event has been handled. */
  resumeLater(client: Client): void {
    this.resumeList.push(client);
    this.scheduleTurnEnd();
  }

  /** Has {@link beforeReplies} run at the end of this turn even if no client has output. */
  scheduleTurnEnd(): void {
    if (this.turnEndScheduled) return;
    this.turnEndScheduled = true;
    this.platform.timers.endOfTurn(this.endTurn);
  }

  /** Discards MULTI and WATCH state. */
  discardTransaction(client: Client): void {
    client.transaction = null;
    this.watching.unwatchAll(client);
  }

  isTransactionDirty(client: Client): boolean {
    return this.watching.isDirty(client);
  }

  /** Sends a command to the clients that MONITOR. */
  monitorFeed(client: Client, args: readonly string[]): void {
    const nowMs = this.platform.clock.nowMs();
    const source = client.connection === null ? 'lua' : addressOf(client.connection, 'remote');
    const seconds = Math.floor(nowMs / 1000);
    const micros = String(Math.floor((nowMs - seconds * 1000) * 1000)).padStart(6, '0');
    const line = `${seconds}.${micros} [${client.database.index} ${source}] ${args.map(quoteBytes).join(' ')}`;
    for (const monitor of this.monitors) {
      monitor.reply.simple(line);
      monitor.scheduleFlush();
    }
  }

  recordSlow(client: Client, command: Command, args: readonly string[], elapsedMs: number): void {
    if (command.fullName === 'exec') return;
    this.slowLog.add(
      args,
      elapsedMs * 1000,
      Math.floor(this.nowMs / 1000),
      { address: addressOf(client.connection, 'remote'), name: client.name },
      this.config.values['slowlog-max-len'],
    );
  }

  /** Publishes a keyspace event of the database the client has selected. */
  notify(eventClass: EventClass, event: string, key: string, databaseIndex: number): void {
    this.notifications.publish(eventClass, event, key, databaseIndex);
  }

  private readonly endTurn = (): void => {
    this.turnEndScheduled = false;
    if (this.resumeList.length > 0) {
      const resuming = this.resumeList;
      this.resumeList = [];
      this.beginTurn();
      for (const client of resuming) client.resume();
    }
    for (const task of this.beforeReplies) task();
    const flushing = this.flushList;
    this.flushList = [];
    for (const client of flushing) {
      client.flush();
      if (client.pendingOutputBytes > 0) this.clients.checkOutputLimit(client);
    }
  };

  private cron(): void {
    this.beginTurn();
    this.cronRuns++;
    const { nowMs } = this;
    this.statistics.sample(nowMs);
    if (!this.pause.pausesWrites) this.activeExpiry.tick();
    this.propagation.endUnit(true);
    if (this.cronRuns % 10 === 0) this.clients.cron(nowMs);
    for (const task of this.cronTasks) task(nowMs);
  }

  private followConfig(): void {
    const { config } = this;
    const follow = (): void => {
      const microseconds = config.values['slowlog-log-slower-than'];
      this.slowThresholdMs = microseconds < 0 ? Infinity : microseconds / 1000;
    };
    follow();
    config.onChange('slowlog-log-slower-than', follow);
  }

  private keyspaceHooks(): KeyspaceHooks {
    return {
      keyAdded: (database, key) => {
        this.blocking.keyReady(database, key);
        this.notify(EventClass.NewKey, 'new', key, database.index);
      },
      keyTouched: () => undefined,
      keyReady: (database, key) => this.blocking.keyReady(database, key),
      keyExpired: (database, key) => {
        const word = this.config.values['lazyfree-lazy-expire'] ? 'UNLINK' : 'DEL';
        this.propagation.add(database.index, [word, key]);
        this.notify(EventClass.Expired, 'expired', key, database.index);
        if (!this.dispatcher.isExecuting) this.scheduleTurnEnd();
      },
    };
  }
}
