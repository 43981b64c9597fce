/**
 * How much memory the server uses, and what is done when that is too much: keys are evicted, or commands refused.
 *
 * Two limits are watched. `maxmemory` goes by the server's own account of its dataset, buffers and backlog: V8's figure
 * is the whole process's, and falls only when garbage is collected. V8's heap limit goes by V8's figure, whatever
 * `maxmemory` says: a process that reaches it dies. It is read by the cron, since reading it for every command would
 * cost more than it tells.
 */
import type { Client } from './client.js';
import type { Command } from './command.js';
import { Eviction } from './eviction.js';
import { GateRank, type Gate } from './gates.js';
import type { Server } from './server.js';

const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
/** Shares of V8's limit and of the machine's memory that may be used: the collector needs some, and others do. */
const HEAP_SHARE = 0.92;
const MACHINE_SHARE = 0.8;
/** Below this share of it nobody fills the rest within a second. */
const FAR_FROM_DEADLY = 0.25;
const LOOKS_PER_SECOND = 10;
/** What may be sent inside MULTI although memory is short: ways out of it. */
const ALWAYS_ALLOWED_IN_MULTI = new Set(['exec', 'discard', 'multi', 'quit', 'reset']);
/** What an empty server counts for: about what Redis takes. */
const STARTUP_BYTES = 1024 * 1024;
/** Between two rounds of an eviction that is too much for one. */
const EVICTION_PAUSE_MS = 1;

export class MemoryUsage implements Gate {
  readonly rank = GateRank.OutOfMemory;
  readonly startupBytes = STARTUP_BYTES;
  peakBytes = STARTUP_BYTES;
  private readonly eviction: Eviction;
  private isDeadly = false;
  /** 1: the next look at memory asks V8. */
  private looksUntilHeap = 1;
  private evictionGoesOn = false;

  constructor(private readonly server: Server) {
    this.eviction = new Eviction(server);
    const { config } = server;
    config.onChange('maxmemory', () => {
      this.check();
      this.goOnEvicting();
    });
    config.onChange('maxmemory-clients', () => this.check());
  }

  /** Where the process is about to die: V8 gives up, or the system ends it. */
  private get deadlyBytes(): number {
    const { memory } = this.server.platform;
    return Math.min(memory.heapLimitBytes() * HEAP_SHARE, memory.machineBytes() * MACHINE_SHARE);
  }

  /** Bytes in use by the server's own account. */
  read(): number {
    const { keyspace, clients, persistenceStatus } = this.server;
    const replication = this.server.replicationMemory();
    const used =
      STARTUP_BYTES +
      keyspace.memoryBytes +
      clients.memoryBytes +
      replication.backlogBytes +
      replication.beyondBacklogBytes +
      persistenceStatus.aofBufferedBytes;
    this.peakBytes = Math.max(this.peakBytes, used);
    return used;
  }

  /** What eviction does not help against: it makes more of it, as replicas have to be told of it. */
  get notCountedBytes(): number {
    return (
      this.server.replicationMemory().beyondBacklogBytes + this.server.persistenceStatus.aofBufferedBytes
    );
  }

  /** Takes readings, and begins or ends to look at every command. */
  check(): void {
    const { server } = this;
    const { values } = server.config;
    const limitsClients = values['maxmemory-clients'].amount !== 0;
    server.clients.measuresMemory = values.maxmemory > 0 || limitsClients;
    if (server.clients.measuresMemory) server.clients.measure();
    // A turn's end evicts: what the clients of this very turn take is known only then.
    if (limitsClients) server.scheduleTurnEnd();
    this.read();
    this.lookAtHeap();
    if (values.maxmemory > 0 || this.isDeadly) server.gates.add(this);
    else server.gates.remove(this);
  }

  /** Asking V8 costs more than all the rest of a look: while much is left, one look in ten does it. */
  private lookAtHeap(): void {
    if (--this.looksUntilHeap > 0) return;
    const usedBytes = this.server.platform.memory.heapUsedBytes();
    const { deadlyBytes } = this;
    this.isDeadly = usedBytes > deadlyBytes;
    this.looksUntilHeap = usedBytes < deadlyBytes * FAR_FROM_DEADLY ? LOOKS_PER_SECOND : 1;
  }

  refusal(client: Client, command: Command): string | null {
    const { server } = this;
    if (server.config.values['maxmemory-clients'].amount !== 0) server.clients.evictSurplus(client);
    if (this.makeRoom() && !this.isDeadly) return null;
    const { transaction } = client;
    const isRefused =
      command.deniedWhenOutOfMemory ||
      (transaction !== null &&
        (command.name === 'exec'
          ? transaction.hasMemoryConsumers
          : !ALWAYS_ALLOWED_IN_MULTI.has(command.name)));
    return isRefused ? OUT_OF_MEMORY : null;
  }

  private isWithinLimit(): boolean {
    const { maxmemory } = this.server.config.values;
    return maxmemory === 0 || this.read() - this.notCountedBytes <= maxmemory;
  }

  /** Evicts keys if that is needed; false when there is not enough room, nor will there be. */
  private makeRoom(): boolean {
    const { server } = this;
    if (this.isWithinLimit() || !this.mayEvict()) return true;
    const result = this.eviction.makeRoom(() => this.isWithinLimit());
    if (result === 'more') this.goOnEvicting();
    return result !== 'stuck' || server.config.values.maxmemory === 0;
  }

  /** A replica leaves it to its master, and while writes are paused nothing may change. */
  private mayEvict(): boolean {
    const { server } = this;
    if (server.pause.pausesWrites || server.persistenceStatus.loading !== null) return false;
    return server.role === 'master' || !server.config.values['replica-ignore-maxmemory'];
  }

  private goOnEvicting(): void {
    if (this.evictionGoesOn) return;
    this.evictionGoesOn = true;
    this.server.platform.timers.after(EVICTION_PAUSE_MS, () => {
      this.evictionGoesOn = false;
      this.server.beginTurn();
      this.makeRoom();
      this.server.scheduleTurnEnd();
    });
  }
}
