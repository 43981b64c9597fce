/**
 * How much memory the server uses, and the refusal of commands that would need more.
 *
 * Two limits are watched: `maxmemory`, and V8's own heap limit, whatever `maxmemory` says: a process that reaches
 * that one dies. The readings are those of the whole process; they are taken by the cron, since reading them for
 * every command would cost more than it tells.
 */
import type { ServerConfig } from '../config/server-config.js';
import type { MemoryReadings } from '../platform/platform.js';
import type { Client } from './client.js';
import type { Command } from './command.js';
import { GateRank, type Gate, type Gates } from './gates.js';

const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
/** Shares of V8's limit and of the machine's memory that may be used: the collector needs some, and others do. */
const HEAP_SHARE = 0.92;
const MACHINE_SHARE = 0.8;
/** What may be sent inside MULTI although memory is short: ways out of it. */
const ALWAYS_ALLOWED_IN_MULTI = new Set(['exec', 'discard', 'multi', 'quit', 'reset']);

export class MemoryUsage implements Gate {
  readonly rank = GateRank.OutOfMemory;
  readonly startupBytes: number;
  peakBytes = 0;
  private used = 0;

  constructor(
    private readonly readings: MemoryReadings,
    private readonly config: ServerConfig,
    private readonly gates: Gates,
  ) {
    this.startupBytes = this.read();
    config.onChange('maxmemory', () => this.check());
  }

  /** Where the process is about to die: V8 gives up, or the system ends it. */
  private get deadlyBytes(): number {
    const { readings } = this;
    return Math.min(readings.heapLimitBytes() * HEAP_SHARE, readings.machineBytes() * MACHINE_SHARE);
  }

  /** Bytes in use, at the last look. */
  get usedBytes(): number {
    return this.used;
  }

  /** Bytes in use, now. */
  read(): number {
    this.used = this.readings.heapUsedBytes();
    this.peakBytes = Math.max(this.peakBytes, this.used);
    return this.used;
  }

  /** Takes a reading, and begins or ends to refuse commands. */
  check(): void {
    const used = this.read();
    const { maxmemory } = this.config.values;
    // What an empty server takes is not the dataset's: `maxmemory` would be used up before the first key.
    const isFull = maxmemory > 0 && used - this.startupBytes > maxmemory;
    const isShort = isFull || used > this.deadlyBytes;
    if (isShort) this.gates.add(this);
    else this.gates.remove(this);
  }

  refusal(client: Client, command: Command): string | null {
    const { transaction } = client;
    const isRefused =
      command.deniedWhenOutOfMemory ||
      (transaction !== null &&
        (command.name === 'exec'
          ? transaction.hasMemoryConsumers
          : !ALWAYS_ALLOWED_IN_MULTI.has(command.name)));
    return isRefused ? OUT_OF_MEMORY : null;
  }
}
