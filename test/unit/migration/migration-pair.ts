/** Two servers on virtual machines, one of which is asked to move keys to the other, and a client that asks. */
import { expect } from 'vitest';
import {
  type MemoryConnection,
  PORT,
  ReplicationWorld,
  type ReplicatedServer,
} from '../../support/replication-world.js';
import { ErrorReply } from '../../support/resp.js';

const LATENCY_MS = 10;
export const ROUND_TRIP_MS = 2 * LATENCY_MS;

export class MigrationPair {
  readonly world: ReplicationWorld;
  readonly source: ReplicatedServer;
  readonly target: ReplicatedServer;
  /** The client, at the source. */
  readonly mover: MemoryConnection;

  constructor(options: ConstructorParameters<typeof ReplicationWorld>[0] = { latency: LATENCY_MS }) {
    this.world = new ReplicationWorld(options);
    this.source = this.world.start('source');
    this.target = this.world.start('target');
    this.mover = this.source.connect();
  }

  /** Begins a MIGRATE of database 0 to database 0. */
  begin(keys: readonly string[], ...options: (string | number)[]): void {
    this.beginWith(1000, keys, ...options);
  }

  beginWith(timeoutMs: number, keys: readonly string[], ...options: (string | number)[]): void {
    const { source, target, mover } = this;
    source.send(mover, 'MIGRATE', target.host, PORT, '', 0, timeoutMs, ...options, 'KEYS', ...keys);
  }

  /** Lets time pass until MIGRATE has been answered. */
  outcome(limitMs = 20_000): unknown {
    let replies: unknown[] = [];
    this.world.until(() => (replies = this.mover.replies()).length > 0, limitMs);
    expect(replies).toHaveLength(1);
    return replies[0];
  }
}

/** Error replies are compared by their text. */
export function errorText(reply: unknown): string {
  return reply instanceof ErrorReply ? reply.text : `no error but ${JSON.stringify(reply)}`;
}
