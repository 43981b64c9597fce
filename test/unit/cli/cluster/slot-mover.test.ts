/**
 * Moving slots, against nodes made up for it, under many orders of events and with failures anywhere: no key is lost or
 * doubled, the order that keeps clients right is kept, and what is left open is what is said to be.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReplyError, type Reply } from '../../../../src/client/reply.js';
import { NodeReplyError } from '../../../../src/cli/cluster/errors.js';
import type { MovingNode, SlotMove } from '../../../../src/cli/cluster/key-transfer.js';
import type { MoveProgress } from '../../../../src/cli/cluster/move-progress.js';
import { Report } from '../../../../src/cli/cluster/report.js';
import { MoveFailed, SlotMover } from '../../../../src/cli/cluster/slot-mover.js';
import { SlotSet } from '../../../../src/cli/cluster/slot-set.js';
import { ScriptedTerminal } from '../../../support/scripted-terminal.js';

type SlotState = { readonly kind: 'importing' | 'migrating'; readonly peer: string };

/** All nodes of a cluster, and what was done in which order. */
class World {
  readonly nodes: FakeNode[] = [];
  readonly log: string[] = [];
  /** The command with this number, counted over all nodes, fails. */
  failAt = Infinity;
  private count = 0;

  constructor(private readonly pick: (bound: number) => number) {}

  add(name: string): FakeNode {
    const node = new FakeNode(name, this, this.pick(2) === 0);
    this.nodes.push(node);
    return node;
  }

  node(id: string): FakeNode {
    return this.nodes.find((node) => node.id === id)!;
  }

  /** @throws when it is this command that fails */
  beforeCommand(node: FakeNode, what: string): void {
    this.log.push(`${node.id} ${what}`);
    if (++this.count === this.failAt) throw new NodeReplyError(node.address, 'ERR injected');
  }

  /** Lets others go first, now and then. */
  async delay(): Promise<void> {
    for (let turns = this.pick(8); turns > 0; turns--) await Promise.resolve();
  }
}

/** Executes commands in the order in which they were sent to it, each some time after. */
class FakeNode implements MovingNode {
  readonly host = 'host';
  readonly port: number;
  readonly slots = new SlotSet();
  readonly keys = new Map<string, number>();
  readonly states = new Map<number, SlotState>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly id: string,
    private readonly world: World,
    /** One of ours has several ways, a stock one has one. */
    readonly servesDuringMigrate: boolean,
  ) {
    this.port = world.nodes.length + 1;
  }

  get address(): string {
    return this.id;
  }

  ways(count: number): Promise<readonly MovingNode[]> {
    return Promise.resolve(
      Array.from({ length: count }, () => (this.servesDuringMigrate ? this.way() : this)),
    );
  }

  /** The same node over a connection of its own: what comes over others is executed in any order beside it. */
  private way(): FakeNode {
    const way = Object.create(this) as FakeNode;
    way.last = Promise.resolve();
    return way;
  }

  setSlot(slot: number, state: 'IMPORTING' | 'MIGRATING' | 'NODE', { id }: { id: string }): Promise<void> {
    return this.run(`${state} ${slot} ${id}`, () => {
      if (state === 'IMPORTING') this.states.set(slot, { kind: 'importing', peer: id });
      else if (state === 'MIGRATING') this.states.set(slot, { kind: 'migrating', peer: id });
      else {
        const isLeaving = this.states.get(slot)?.kind === 'migrating';
        if (isLeaving && this.keysOf(slot).length > 0) throw new NodeReplyError(this.id, 'ERR keys are left');
        this.states.delete(slot);
      }
    });
  }

  keysInSlot(slot: number, limit: number): Promise<string[]> {
    return this.run(`KEYS ${slot}`, () => this.keysOf(slot).slice(0, limit));
  }

  ask(...args: readonly string[]): Promise<Reply> {
    const target = this.world.nodes[Number(args[2]) - 1]!;
    const keys = args.slice(args.indexOf('KEYS') + 1);
    return this.run(`MIGRATE ${keys.length} to ${target.id}`, () => this.migrate(target, keys)).catch(
      (error: NodeReplyError) => new ReplyError(error.reply),
    );
  }

  entries(): never {
    throw new Error('is not asked');
  }

  private migrate(target: FakeNode, keys: readonly string[]): string {
    for (const key of keys) {
      const slot = this.keys.get(key);
      if (slot === undefined) continue;
      if (this.states.get(slot)?.kind !== 'migrating')
        throw new Error(`${key} leaves a slot that is not migrating`);
      if (target.states.get(slot)?.kind !== 'importing')
        throw new Error(`${key} arrives at a slot that is closed`);
      if (target.keys.has(key)) throw new Error(`${key} is at both`);
      target.keys.set(key, slot);
      this.keys.delete(key);
    }
    return 'OK';
  }

  private keysOf(slot: number): string[] {
    return [...this.keys].filter(([, of]) => of === slot).map(([key]) => key);
  }

  private run<Result>(what: string, action: () => Result): Promise<Result> {
    const result = this.last.then(async () => {
      await this.world.delay();
      this.world.beforeCommand(this, what);
      return action();
    });
    this.last = result.catch(() => undefined);
    return result.then(async (value) => {
      await this.world.delay();
      return value;
    });
  }
}

const SILENT: MoveProgress = {
  started: () => undefined,
  keysMoved: () => undefined,
  finished: () => undefined,
  end: () => undefined,
};

/** Two sources with a few slots each, one target, and a master that only looks on. */
function build(seed: number, keysPerSlot: number) {
  let state = (seed % 2147483646) + 1;
  const world = new World((bound) => (state = (state * 48271) % 2147483647) % bound);
  const [first, second, target] = [world.add('first'), world.add('second'), world.add('target')];
  world.add('witness');
  const moves: SlotMove[] = [];
  for (const [index, source] of [first, second, first, second, first].entries()) {
    const slot = index + 1;
    source.slots.add(slot);
    for (let key = 0; key < keysPerSlot; key++) source.keys.set(`${slot}:${key}`, slot);
    moves.push({ slot, source, target });
  }
  const clock = { nowMs: () => 0, monotonicMs: () => 0, utcOffsetMs: () => 0 };
  const settings = {
    timeoutMs: 1000,
    keysPerMigrate: 3,
    replaces: false,
    assignsUnservedSlot: false,
    credentials: {},
  };
  const mover = new SlotMover(world.nodes, settings, new Report(new ScriptedTerminal(false), false), clock);
  return { world, target, moves, mover };
}

function allKeys(world: World): string[] {
  return world.nodes.flatMap(({ keys }) => [...keys.keys()]).sort();
}

const anySeed = fc.integer({ min: 1 });

describe('moving slots', () => {
  test('brings every key to the target and closes every slot, whatever the timing', async () => {
    await fc.assert(
      fc.asyncProperty(anySeed, fc.integer({ min: 0, max: 20 }), async (seed, keysPerSlot) => {
        const { world, target, moves, mover } = build(seed, keysPerSlot);
        const before = allKeys(world);
        await mover.move(moves, SILENT);
        expect(allKeys(world)).toEqual(before);
        expect(target.keys.size).toBe(before.length);
        expect(target.slots.count).toBe(moves.length);
        expect(world.nodes.every(({ states }) => states.size === 0)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('opens at the target first, and tells of the new owner the target, the source, then the others', async () => {
    await fc.assert(
      fc.asyncProperty(anySeed, async (seed) => {
        const { world, moves, mover } = build(seed, 7);
        await mover.move(moves, SILENT);
        for (const { slot, source } of moves) {
          const at = (event: string) => world.log.indexOf(event);
          const order = [
            at(`target IMPORTING ${slot} ${source.id}`),
            at(`${source.id} MIGRATING ${slot} target`),
            world.log.lastIndexOf(`${source.id} KEYS ${slot}`),
            at(`target NODE ${slot} target`),
            at(`${source.id} NODE ${slot} target`),
            at(`witness NODE ${slot} target`),
          ];
          expect(order).toEqual([...order].sort((a, b) => a - b));
          expect(order).not.toContain(-1);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('that fails anywhere loses nothing, and says which slots are open', async () => {
    await fc.assert(
      fc.asyncProperty(anySeed, fc.integer({ min: 1, max: 60 }), async (seed, failAt) => {
        const { world, moves, mover } = build(seed, 7);
        const before = allKeys(world);
        world.failAt = failAt;
        const failure: unknown = await mover.move(moves, SILENT).catch((error: unknown) => error);
        expect(allKeys(world)).toEqual(before);
        if (failure === undefined) return;
        expect(failure).toBeInstanceOf(MoveFailed);
        const { openSlots } = failure as MoveFailed;
        const open = new Set(world.nodes.flatMap(({ states }) => [...states.keys()]));
        for (const slot of open) expect(openSlots).toContain(slot);
        // Afterwards it is quiet: nothing is on its way any more.
        const { length } = world.log;
        for (let turn = 0; turn < 100; turn++) await Promise.resolve();
        expect(world.log.length).toBe(length);
      }),
      { numRuns: 200 },
    );
  });

  test('where the source turned into a replica with its last slot is no failure', async () => {
    const { world, target, moves, mover } = build(1, 2);
    const first = world.node('first');
    const setSlot = first.setSlot.bind(first);
    first.setSlot = async (slot, state, node) => {
      await setSlot(slot, state, node);
      if (state === 'NODE') throw new NodeReplyError('first', 'ERR Please use SETSLOT only with masters.');
    };
    await mover.move(moves, SILENT);
    expect(target.slots.count).toBe(moves.length);
  });
});
