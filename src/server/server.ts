/**
 * A server: it accepts clients, executes their commands on a keyspace and writes the replies.
 *
 * It knows neither replication nor Sentinel nor Cluster. They register what they need: commands, gates, INFO
 * sections, propagation sinks, periodic work, and what must be written before replies go out. A process can hold
 * many servers; all state is in this object.
 */
import type { ServerConfig } from '../config/server-config.js';
import { AccessFrequency } from '../keyspace/access-frequency.js';
import { Keyspace, type KeyspaceHooks } from '../keyspace/keyspace.js';
import type { Logger } from '../log/logger.js';
import type { Listener, Platform, Timer } from '../platform/platform.js';
import { SteadyClock } from '../platform/steady-clock.js';
import { ChunkPool } from '../resp/output-buffer.js';
import { quoteBytes } from '../resp/ascii.js';
import { Acl } from './acl/acl.js';
import { ActiveExpiry } from './active-expiry.js';
import { Blocking } from './blocking.js';
import type { Client } from './client.js';
import type { ClusterSide } from './cluster-side.js';
import { addressOf, Clients } from './clients.js';
import type { Command, CommandHandler } from './command.js';
import { CommandTable } from './command-table.js';
import { Dispatcher } from './dispatch.js';
import { Gates } from './gates.js';
import { HeldReplies } from './held-replies.js';
import { Info } from './info.js';
import { EventClass, Notifications } from './notifications.js';
import { Pause } from './pause.js';
import { Propagation } from './propagation.js';
import { PubSub } from './pubsub.js';
import { Shutdown } from './shutdown.js';
import { KeyHolds } from './key-holds.js';
import { LatencyMonitor } from './latency-monitor.js';
import { MemoryUsage } from './memory-usage.js';
import { PersistenceStatus } from './persistence-status.js';
import { SlotDeletion } from './slot-deletion.js';
import {
  NO_SCRIPT_MEMORY,
  type FunctionLibraries,
  type FunctionPayloads,
  type ScriptMemory,
} from './function-libraries.js';
import { SlowLog } from './slow-log.js';
import type { SlotRules } from './slot-rules.js';
import { Statistics } from './statistics.js';
import { Suspension } from './suspension.js';
import { encodingLimitsOf } from './encoding-limits.js';
import { wallMicroseconds } from './wall-clock.js';
import { Tracking } from './tracking.js';
import { Watching } from './watching.js';

/** Memory of the replication stream. It is kept once, however many replicas are served from it. */
export interface ReplicationMemory {
  /** What is kept as the backlog. */
  readonly backlogBytes: number;
  /** What is kept beyond the backlog's size because a replica has to be sent it. */
  readonly beyondBacklogBytes: number;
}

/** What a cluster's bus takes of this server's room. */
export interface ClusterRoom {
  readonly connections: number;
  readonly memoryBytes: number;
}

const NO_CLUSTER_ROOM: ClusterRoom = { connections: 0, memoryBytes: 0 };

const NO_REPLICATION_MEMORY: ReplicationMemory = { backlogBytes: 0, beyondBacklogBytes: 0 };

/** What a server is made of. */
export interface ServerParts {
  readonly platform: Platform;
  readonly config: ServerConfig;
  readonly log: Logger;
  /** `sentinel` changes what INFO and HELLO say. */
  readonly mode: 'standalone' | 'sentinel' | 'cluster';
}

/** Between two slices of expiry while there is much to do: they take a fifth of the time. */
const EXPIRY_PAUSE_MS = 5;

/** Output of this size is held against the client's limit before it is written. */
const LARGE_OUTPUT_BYTES = 16 * 1024;

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
  readonly heldReplies = new HeldReplies();
  readonly pubsub = new PubSub();
  readonly notifications: Notifications;
  readonly blocking: Blocking;
  readonly pause: Pause;
  readonly keyHolds: KeyHolds;
  readonly shutdown: Shutdown;
  readonly clients: Clients;
  readonly dispatcher: Dispatcher;
  readonly tracking: Tracking;
  readonly watching: Watching;
  readonly suspension: Suspension;
  readonly activeExpiry: ActiveExpiry;
  readonly slotDeletion: SlotDeletion;
  readonly slowLog = new SlowLog();
  readonly latencyMonitor = new LatencyMonitor();
  readonly persistenceStatus = new PersistenceStatus();
  readonly memory: MemoryUsage;
  readonly info = new Info();
  readonly monitors = new Set<Client>();

  /** Set by the cluster part; null: this server is in no cluster. */
  cluster: ClusterSide | null = null;
  /** Set by replication; HELLO says it. */
  role: 'master' | 'replica' = 'master';
  /** Set by replication; INFO says it. */
  replicationMemory: () => ReplicationMemory = () => NO_REPLICATION_MEMORY;
  /** Set by the cluster; INFO says it. */
  clusterRoom: () => ClusterRoom = () => NO_CLUSTER_ROOM;
  /** Set by migration; INFO says it: connections to targets of MIGRATE that are kept for the next one. */
  cachedMigrationLinks: () => number = () => 0;
  /** Set by scripting. */
  functions: FunctionLibraries | null = null;
  /** Set by persistence. */
  functionPayloads: FunctionPayloads | null = null;
  scriptMemory: () => ScriptMemory = () => NO_SCRIPT_MEMORY;
  /** Set by cluster mode. */
  slotRules: SlotRules | null = null;
  /** Wall-clock time of this turn of the event loop. */
  nowMs = 0;
  /** The same on a clock that never jumps: for what is measured between two moments. */
  steadyNowMs = 0;
  readonly steadyClock: SteadyClock;
  /** Offset of the replication stream after the last unit propagated; kept up to date by who feeds the stream. */
  replicationOffset = 0;
  /** Bytes that were given to the append-only log since the start; kept up to date by the log. */
  logPosition = 0;
  /** A command that takes at least this long is for the slow log or the latency monitor; Infinity: none is. */
  noteworthyMs = Infinity;
  /** `proto-max-bulk-len` and `client-query-buffer-limit`, which every read asks for. */
  maxBulkBytes = 0;
  queryBufferLimitBytes = 0;
  /** `latency-tracking`: every command is counted in its histogram. */
  tracksLatency = true;
  /** DEBUG PAUSE-CRON: periodic work stops. */
  cronPaused = false;
  /** DEBUG subcommands of the parts above: RELOAD, LOADAOF, ... By lower-case name. */
  readonly debugSubcommands = new Map<string, CommandHandler>();

  /** Work before replies are written, in order: AOF, then the replicas' streams (DESIGN: order of writing). */
  readonly beforeReplies: (() => void)[] = [];
  /** Periodic work, ten times a second. */
  readonly cronTasks: ((nowMs: number) => void)[] = [];
  /** Told after FLUSHALL has emptied the keyspace: a save that runs is then of no use. */
  readonly flushAllListeners: (() => void)[] = [];
  /** Called when the server is closed: what it owns beyond memory is given back. */
  readonly closeListeners: (() => void)[] = [];
  readonly clientCloseListeners: ((client: Client) => void)[] = [];

  private readonly accessFrequency: AccessFrequency;
  private flushList: Client[] = [];
  private resumeList: Client[] = [];
  private turnEndScheduled = false;
  /** When the turn began, by the monotonic clock, and how many commands had been executed then. */
  private turnBeganMs = -1;
  private commandsBeforeTurn = 0;
  private cronTimer: Timer | null = null;
  private expiryTimer: Timer | null = null;
  private cronRuns = 0;
  readonly listeners: Listener[] = [];

  constructor(parts: ServerParts) {
    this.platform = parts.platform;
    this.steadyClock = new SteadyClock(parts.platform.clock);
    this.config = parts.config;
    this.log = parts.log;
    this.mode = parts.mode;
    this.runId = parts.platform.random.hex(40);
    this.keyspace = new Keyspace(
      parts.config.values.databases,
      encodingLimitsOf(parts.config, parts.platform.random.integer(0x100000000)),
      parts.mode === 'cluster',
    );
    this.accessFrequency = new AccessFrequency(parts.platform.random, () => ({
      logFactor: this.config.values['lfu-log-factor'],
      decayMinutes: this.config.values['lfu-decay-time'],
    }));
    this.acl = new Acl(this);
    this.notifications = new Notifications(this.pubsub, parts.config);
    this.blocking = new Blocking(this);
    this.pause = new Pause(this);
    this.keyHolds = new KeyHolds(this);
    this.shutdown = new Shutdown({
      log: this.log,
      timers: this.platform.timers,
      pause: this.pause,
      nowMs: () => this.platform.clock.nowMs(),
      timeoutMs: () => this.config.values['shutdown-timeout'] * 1000,
      isHeldUp: () => this.cronPaused || this.isHalfWay,
      mustNotSave: () => this.mode === 'sentinel' || this.persistenceStatus.loading !== null,
      name: this.mode === 'sentinel' ? 'Sentinel' : 'Redis',
    });
    this.clients = new Clients(this);
    this.dispatcher = new Dispatcher(this);
    this.suspension = new Suspension(this);
    this.memory = new MemoryUsage(this);
    this.tracking = new Tracking({
      gates: this.gates,
      findClient: (id) => this.clients.find(id),
      allClients: () => this.clients.all(),
      maxKeys: () => this.config.values['tracking-table-max-keys'],
      scheduleTurnEnd: () => this.scheduleTurnEnd(),
    });
    this.watching = new Watching();
    this.activeExpiry = new ActiveExpiry(this.keyspace, () => this.config.values['active-expire-effort']);
    this.slotDeletion = new SlotDeletion(this);
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
    this.expiryTimer?.cancel();
    this.slotDeletion.close();
    this.pause.close();
    this.suspension.close();
    for (const listener of this.listeners) listener.close();
    this.listeners.length = 0;
    this.clients.closeAll();
    for (const listener of this.closeListeners) listener();
  }

  /** Reads the clock: to be called whenever an event begins to be handled. */
  beginTurn(): void {
    const { clock } = this.platform;
    this.nowMs = clock.nowMs();
    // A unit that is suspended goes on at the time at which it began.
    if (!this.dispatcher.isExecuting) this.keyspace.nowMs = this.nowMs;
    const { frequency } = this.keyspace;
    this.keyspace.accessMark =
      frequency === null ? Math.floor(this.nowMs / 1000) & 0xffffff : frequency.firstMark(this.nowMs);
    const monotonicMs = clock.monotonicMs();
    this.steadyNowMs = this.steadyClock.at(monotonicMs);
    this.dispatcher.beginTurn(monotonicMs);
    if (this.turnBeganMs >= 0) return;
    this.turnBeganMs = monotonicMs;
    this.commandsBeforeTurn = this.statistics.totalCommandsProcessed;
  }

  /** Has a client's output written at the end of this turn. Called by the client. */
  scheduleFlush(client: Client): void {
    this.flushList.push(client);
    this.scheduleTurnEnd();
  }

  /**
   * Writes a client's output at once, after what must precede it: a pipeline with large replies. Where the output
   * is limited it is kept instead, so that the limit is seen before anything is sent.
   */
  flushEarly(client: Client): void {
    if (client.isStalled || this.clients.isOutputLimited(client)) {
      this.clients.checkOutputLimit(client);
      return;
    }
    for (const task of this.beforeReplies) task();
    client.flush();
    client.flushScheduled = false;
    this.clients.checkOutputLimit(client);
  }

  /** Holds large output that has not been written yet against the client's limit. */
  checkLargeOutput(client: Client): void {
    if (client.reply.pendingBytes > LARGE_OUTPUT_BYTES) this.clients.checkOutputLimit(client);
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
    const micros = wallMicroseconds(this.platform.clock);
    const seconds = Math.floor(micros / 1e6);
    const fraction = String(micros % 1e6).padStart(6, '0');
    const source = client.connection === null ? 'lua' : addressOf(client.connection, 'remote');
    const line = `${seconds}.${fraction} [${client.database.index} ${source}] ${args.map(quoteBytes).join(' ')}`;
    for (const monitor of this.monitors) {
      monitor.reply.simple(line);
      monitor.scheduleFlush();
    }
  }

  /** Notes a command that took long, for SLOWLOG and LATENCY. */
  recordSlow(client: Client, command: Command, args: readonly string[], elapsedMs: number): void {
    const { values } = this.config;
    this.latencyMonitor.note(command.isFast ? 'fast-command' : 'command', elapsedMs, this.nowMs);
    const slowerThan = values['slowlog-log-slower-than'];
    if (command.skipsSlowLog || slowerThan < 0 || elapsedMs * 1000 < slowerThan) return;
    this.slowLog.add(
      client.withoutSecrets(args),
      elapsedMs * 1000,
      Math.floor(this.nowMs / 1000),
      { address: addressOf(client.connection, 'remote'), name: client.name },
      values['slowlog-max-len'],
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
    // Keys that expired as something other than a command looked at them.
    if (!this.propagation.isEmpty && !this.dispatcher.isExecuting) this.propagation.endUnit(true);
    this.tracking.broadcast();
    for (const task of this.beforeReplies) task();
    const flushing = this.flushList;
    this.flushList = [];
    for (const client of flushing) {
      this.checkLargeOutput(client);
      client.flush();
      if (client.pendingOutputBytes > 0) this.clients.checkOutputLimit(client);
      if (this.clients.measuresMemory) this.clients.remeasure(client);
    }
    if (this.clients.measuresMemory) this.clients.evictSurplus();
    this.accountTurn();
  };

  private accountTurn(): void {
    if (this.turnBeganMs < 0) return;
    const elapsedMs = this.platform.clock.monotonicMs() - this.turnBeganMs;
    this.turnBeganMs = -1;
    this.statistics.endTurn(elapsedMs, this.statistics.totalCommandsProcessed - this.commandsBeforeTurn);
  }

  private cron(): void {
    if (this.cronPaused) return;
    if (this.suspension.isActive) {
      this.shutdown.runScheduled();
      return;
    }
    this.beginTurn();
    const beganMs = this.platform.clock.monotonicMs();
    this.cronRuns++;
    const { nowMs } = this;
    this.statistics.sample(nowMs);
    this.memory.check();
    this.tracking.forgetSurplus();
    if (this.expiryTimer === null) this.expireActively();
    if (this.cronRuns % 10 === 0) this.clients.cron();
    for (const task of this.cronTasks) task(nowMs);
    this.shutdown.runScheduled();
    this.statistics.cronMilliseconds += this.platform.clock.monotonicMs() - beganMs;
    // Nothing else happens in this turn that would have to be waited for, unless that has asked for its end already.
    if (!this.turnEndScheduled) this.endTurn();
  }

  /** A suspended command has changed a part of what it will change. What is still being loaded is never saved. */
  private get isHalfWay(): boolean {
    return this.suspension.isActive && this.persistenceStatus.loading === null;
  }

  /** The dataset is not there yet; what has expired in it belongs to the commands that are still to be loaded. */
  private get isEmptyUntilLoaded(): boolean {
    const { loading } = this.persistenceStatus;
    return loading !== null && !loading.isAsync;
  }

  /** A slice of expiry, and another one soon if there is much to do. */
  private expireActively(): void {
    this.expiryTimer = null;
    const standsStill = this.pause.pausesWrites || this.cronPaused || this.suspension.isActive;
    if (standsStill || this.isEmptyUntilLoaded) return;
    const { clock, timers } = this.platform;
    const beganMs = clock.monotonicMs();
    if (this.activeExpiry.slice()) {
      this.expiryTimer = timers.after(EXPIRY_PAUSE_MS, () => {
        this.beginTurn();
        this.expireActively();
        this.scheduleTurnEnd();
      });
    }
    this.propagation.endUnit(true);
    const elapsedMs = clock.monotonicMs() - beganMs;
    this.statistics.expireCycleMilliseconds += elapsedMs;
    this.latencyMonitor.note('expire-cycle', elapsedMs, this.nowMs);
  }

  private followConfig(): void {
    const { config } = this;
    const follow = (): void => {
      const slowMicroseconds = config.values['slowlog-log-slower-than'];
      const slowMs = slowMicroseconds < 0 ? Infinity : slowMicroseconds / 1000;
      const latencyMs = config.values['latency-monitor-threshold'];
      this.latencyMonitor.thresholdMs = latencyMs;
      this.noteworthyMs = Math.min(slowMs, latencyMs === 0 ? Infinity : latencyMs);
      this.tracksLatency = config.values['latency-tracking'];
      this.maxBulkBytes = config.values['proto-max-bulk-len'];
      this.queryBufferLimitBytes = config.values['client-query-buffer-limit'];
    };
    follow();
    const followPolicy = (): void => {
      const countsAccesses = config.values['maxmemory-policy'].endsWith('-lfu');
      this.keyspace.frequency = countsAccesses ? this.accessFrequency : null;
      this.beginTurn();
    };
    followPolicy();
    config.onChange('maxmemory-policy', followPolicy);
    for (const name of [
      'slowlog-log-slower-than',
      'latency-monitor-threshold',
      'latency-tracking',
      'proto-max-bulk-len',
      'client-query-buffer-limit',
    ] as const) {
      config.onChange(name, follow);
    }
    config.onChange('slowlog-max-len', (maxLength) => this.slowLog.trim(maxLength));
  }

  private keyspaceHooks(): KeyspaceHooks {
    return {
      keyAdded: (database, key) => {
        this.blocking.keyReady(database, key);
        this.notify(EventClass.NewKey, 'new', key, database.index);
      },
      keyMissed: (database, key) => this.notify(EventClass.KeyMiss, 'keymiss', key, database.index),
      keyRemoved: (database, key) => this.blocking.keyGone(database, key),
      keyTouched: (database, key) => {
        if (!this.keyHolds.isIdle) this.keyHolds.noteChange(database, key);
        this.tracking.keyTouched(key);
      },
      keyReady: (database, key) => this.blocking.keyReady(database, key),
      keyExpired: (database, key) => {
        this.tracking.keyExpired(key);
        const word = this.config.values['lazyfree-lazy-expire'] ? 'UNLINK' : 'DEL';
        this.propagation.add(database.index, [word, key]);
        this.notify(EventClass.Expired, 'expired', key, database.index);
        if (!this.dispatcher.isExecuting) this.scheduleTurnEnd();
      },
    };
  }
}
