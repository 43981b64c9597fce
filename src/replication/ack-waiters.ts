/**
 * Clients that wait until replicas have their writes: WAIT and WAITAOF.
 *
 * A wait is looked at when an acknowledgement comes, never polled. The replicas are asked once per turn for an
 * acknowledgement when somebody begins to wait.
 */
import type { Client } from '../server/client.js';
import type { Server } from '../server/server.js';
import type { Replicas } from './replicas.js';

interface Wait {
  readonly client: Client;
  /** The offset after the client's last write. */
  readonly offset: number;
  /** How far the append-only log was with it. */
  readonly logPosition: number;
  readonly replicas: number;
  /** WAITAOF: how many local disks (0 or 1) must have it as well, and replicas' disks count instead of memory. */
  readonly local: number | null;
}

/** The own append-only log. */
export interface LocalLog {
  /** Whether it is on disk up to a position. */
  hasSynced(position: number): boolean;
  /** False: there is none, so waiting for it is no use. */
  readonly isEnabled: boolean;
}

/** What WAITAOF answers when it is to wait for a log that is not there. */
export const WAITAOF_WITHOUT_AOF =
  'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.';

export class AckWaiters {
  private readonly waits = new Map<Client, Wait>();

  constructor(
    private readonly server: Server,
    private readonly replicas: Replicas,
    private readonly log: LocalLog,
    /** Has the replicas asked for acknowledgements at the end of this turn. */
    private readonly requestAcks: () => void,
  ) {}

  /** WAIT: answers at once, or when `replicas` have acknowledged the client's last write. */
  wait(client: Client, replicas: number, timeoutMs: number): void {
    this.begin({ ...lastWriteOf(client), replicas, local: null }, timeoutMs);
  }

  /** WAITAOF: as WAIT, for writes that are on disk. */
  waitForDisks(client: Client, local: number, replicas: number, timeoutMs: number): void {
    this.begin({ ...lastWriteOf(client), replicas, local }, timeoutMs);
  }

  /** Something was acknowledged, or the own disk is further: answers those whose wait is over. */
  onProgress(): void {
    if (this.waits.size === 0) return;
    for (const wait of [...this.waits.values()]) {
      if (wait.local !== null && wait.local > 0 && !this.log.isEnabled) {
        wait.client.reply.error(WAITAOF_WITHOUT_AOF);
      } else if (this.isSatisfied(wait)) {
        this.answer(wait);
      } else {
        continue;
      }
      this.server.blocking.release(wait.client);
    }
  }

  private begin(wait: Wait, timeoutMs: number): void {
    const { client } = wait;
    if (this.isSatisfied(wait) || this.server.dispatcher.deniesBlocking) {
      this.answer(wait);
      return;
    }
    this.waits.set(client, wait);
    this.server.blocking.block(
      client,
      timeoutMs,
      () => this.answer(wait),
      () => this.waits.delete(client),
    );
    this.requestAcks();
  }

  private isSatisfied(wait: Wait): boolean {
    return this.countReplicas(wait) >= wait.replicas && this.countLocal(wait) >= (wait.local ?? 0);
  }

  private answer(wait: Wait): void {
    const { reply } = wait.client;
    if (wait.local !== null) {
      reply.arrayHeader(2);
      reply.integer(this.countLocal(wait));
    }
    reply.integer(this.countReplicas(wait));
  }

  private countReplicas(wait: Wait): number {
    return wait.local === null
      ? this.replicas.countAcknowledged(wait.offset)
      : this.replicas.countOnDisk(wait.offset);
  }

  private countLocal(wait: Wait): number {
    return this.log.hasSynced(wait.logPosition) ? 1 : 0;
  }
}

function lastWriteOf(client: Client): Pick<Wait, 'client' | 'offset' | 'logPosition'> {
  return { client, offset: client.lastWriteOffset, logPosition: client.lastLogPosition };
}
