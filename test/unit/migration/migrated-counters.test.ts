/** Keys that MIGRATE moves while everybody writes to them, over a network that fails at random. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GateRank, type Gate } from '../../../src/server/gates.js';
import {
  type MemoryConnection,
  PORT,
  ReplicationWorld,
  type ReplicatedServer,
} from '../../support/replication-world.js';
import { ErrorReply } from '../../support/resp.js';

/**
 * The essence of a slot that moves: a writer whose key is gone here goes to the target. What it was told counts.
 */
test('counters that everybody increments meanwhile lose nothing, whatever the network does', () => {
  const event = fc.record({
    kind: fc.constantFrom('move', 'move', 'increment', 'increment', 'increment', 'cut', 'freeze', 'wait'),
    key: fc.nat(5).map((n) => `counter:${n}`),
    ms: fc.nat(60),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60, size: 'max' }), fc.nat(), (events, seed) => {
      const run = new CounterRun(seed);
      for (const { kind, key, ms } of events) run.step(kind, key, ms);
      run.check();
    }),
    { numRuns: 150 },
  );
});

class CounterRun {
  readonly world: ReplicationWorld;
  readonly source: ReplicatedServer;
  readonly target: ReplicatedServer;
  private readonly acknowledged = new Map<string, number>();
  private readonly writers: { readonly connection: MemoryConnection; readonly key: string }[] = [];

  constructor(seed: number) {
    this.world = new ReplicationWorld({ seed, latency: { minMs: 1, maxMs: 20 } });
    this.source = this.world.start('source');
    this.target = this.world.start('target');
    const { server } = this.source;
    // What a node says whose slot is migrating.
    const gate: Gate = {
      rank: GateRank.Cluster,
      refusal: (client, command, args) =>
        command.name === 'incr' && !client.database.exists(args[1]) ? 'ASK 1 target:6379' : null,
    };
    for (let n = 0; n <= 5; n++) {
      this.source.call('SET', `counter:${n}`, 0);
      this.acknowledged.set(`counter:${n}`, 0);
    }
    server.gates.add(gate);
  }

  step(kind: string, key: string, ms: number): void {
    switch (kind) {
      case 'move':
        this.source.send(
          this.source.connect(),
          ...['MIGRATE', this.target.host, PORT, '', 0, 40, 'REPLACE', 'KEYS', key, 'counter:0'],
        );
        break;
      case 'increment':
        this.increment(this.source, key);
        break;
      case 'cut':
        this.world.world.network.cut('source', 'target');
        break;
      case 'freeze':
        this.target.process.stall(ms * 2);
        break;
    }
    this.world.advance(ms);
    this.collect();
  }

  check(): void {
    this.world.advance(5000);
    this.collect();
    // Those who were sent to the target.
    this.world.advance(100);
    this.collect();
    expect(this.writers).toEqual([]);
    expect(this.source.server.keyHolds.isIdle).toBe(true);
    expect(this.source.migration.runningCount).toBe(0);
    for (const [key, count] of this.acknowledged) {
      // As long as the source has the key it is the source's, whatever the target was left with.
      const value = this.source.call('GET', key) ?? this.target.call('GET', key);
      expect(Number(value)).toBe(count);
    }
  }

  private increment(server: ReplicatedServer, key: string): void {
    const connection = server.connect();
    this.writers.push({ connection, key });
    server.send(connection, 'INCR', key);
  }

  private collect(): void {
    for (const writer of this.writers.splice(0)) {
      const { connection, key } = writer;
      const [reply] = connection.replies();
      if (reply === undefined) this.writers.push(writer);
      else if (reply instanceof ErrorReply) this.increment(this.target, key);
      else this.acknowledged.set(key, (this.acknowledged.get(key) ?? 0) + 1);
    }
  }
}
