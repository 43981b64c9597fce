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

/** Longer than the target stands still, and than anything is under way. */
const ARRIVAL_MS = 200;
/** By then a MIGRATE is over, whatever happens to it. */
const MOVE_LIMIT_MS = 5000;

type Kind = 'move' | 'increment' | 'cut' | 'freeze' | 'wait';

function event(kind: Kind, key: string, ms: number): { kind: Kind; key: string; ms: number } {
  return { kind, key, ms };
}

/** A MIGRATE gives up while the target stands still, and another one of the same keys waits for that. */
const OVERTAKEN = [
  event('move', 'counter:0', 0),
  event('move', 'counter:1', 0),
  event('freeze', 'counter:0', 50),
  event('freeze', 'counter:0', 7),
  event('move', 'counter:3', 0),
  event('move', 'counter:0', 1),
  event('move', 'counter:3', 0),
  event('move', 'counter:1', 14),
  event('increment', 'counter:3', 0),
];

/**
 * The essence of a slot that moves: a writer whose key is gone here goes to the target. What it was told counts.
 *
 * Where the network fails, a key is moved again only when what the failed MIGRATE had sent has arrived or is lost. A
 * second one that begins at once may be overtaken on its other connection by the RESTORE of the first, with REPLACE and an
 * older value: nothing in the protocol, with stock servers either, says which of them the target has heard first.
 */
test('counters that everybody increments meanwhile lose nothing, whatever the network does', () => {
  const anyEvent = fc.record({
    kind: fc.constantFrom<Kind[]>(
      'move',
      'move',
      'increment',
      'increment',
      'increment',
      'cut',
      'freeze',
      'wait',
    ),
    key: fc.nat(5).map((n) => `counter:${n}`),
    ms: fc.nat(60),
  });
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60, size: 'max' }), fc.nat(), (events, seed) => {
      const run = new CounterRun(
        seed,
        events.some(({ kind }) => kind === 'cut' || kind === 'freeze'),
      );
      for (const { kind, key, ms } of events) run.step(kind, key, ms);
      run.check();
    }),
    { numRuns: 150, examples: [[OVERTAKEN, 2147482108]] },
  );
});

class CounterRun {
  readonly world: ReplicationWorld;
  readonly source: ReplicatedServer;
  readonly target: ReplicatedServer;
  private readonly acknowledged = new Map<string, number>();
  private readonly writers: { readonly connection: MemoryConnection; readonly key: string }[] = [];

  private lastMove: MemoryConnection | null = null;

  constructor(
    seed: number,
    private readonly failsToArrive: boolean,
  ) {
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
        if (this.failsToArrive) this.awaitLastMove();
        this.lastMove = this.source.connect();
        this.source.send(
          this.lastMove,
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
    this.advance(ms);
  }

  private awaitLastMove(): void {
    const { lastMove } = this;
    if (lastMove === null) return;
    let [answer] = lastMove.replies();
    for (let ms = 0; answer === undefined && ms < MOVE_LIMIT_MS; ms++) {
      this.advance(1);
      [answer] = lastMove.replies();
    }
    expect(answer).toBeDefined();
    if (answer instanceof ErrorReply) this.advance(ARRIVAL_MS);
  }

  private advance(ms: number): void {
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
