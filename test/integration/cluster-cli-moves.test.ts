/** Slots that move with their keys: all of them arrive, none twice, and what cannot be moved is said. */
import { Cluster as IoCluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Member } from '../../src/lab/member.js';
import { runVedetteCli, type CliResult, type CliRun } from '../support/cluster-cli.js';
import { addressOf, idOf, ownLine, RealCluster } from '../support/real-cluster.js';

let cluster: RealCluster;
let entry: string;
let client: IoCluster;
let ids: string[];

beforeAll(async () => {
  cluster = await RealCluster.startStock(4);
  await cluster.form(4);
  entry = addressOf(cluster.nodes[0]!);
  ids = await Promise.all(cluster.nodes.map(idOf));
  client = new IoCluster(cluster.nodes.map(({ address }) => address));
});

afterAll(async () => {
  client?.disconnect();
  await cluster?.close();
});

function manage(words: readonly string[], run: CliRun = {}): Promise<CliResult> {
  return runVedetteCli(['--cluster', ...words], run);
}

/** No slot is open, all are covered, and all nodes agree. */
async function expectSound(): Promise<void> {
  const result = await manage(['check', entry]);
  expect(result, result.output).toMatchObject({ status: 0 });
}

/** Moves slots from node to node, by their numbers; -1 stands for all. */
function reshard(from: number, to: number, slots: number, ...options: string[]): Promise<CliResult> {
  const source = from < 0 ? 'all' : ids[from]!;
  const choice = ['--cluster-from', source, '--cluster-to', ids[to]!, '--cluster-slots', String(slots)];
  return manage(['reshard', entry, ...choice, '--cluster-yes', ...options]);
}

async function owns(node: Member, slot: number): Promise<boolean> {
  return (await ownLine(node)).slots.some((range) => {
    const [first, last] = range.split('-').map(Number);
    return slot >= first! && slot <= (last ?? first!);
  });
}

/** A key of a slot, with the slot's own number in its tag. */
async function keyOf(slot: number, name: string): Promise<string> {
  for (let i = 0; ; i++) {
    const key = `{${i}}${name}`;
    if (Number(await cluster.nodes[0]!.call('CLUSTER', 'KEYSLOT', key)) === slot) return key;
  }
}

describe('while clients write', () => {
  test('every key is where it belongs with its last value, and readable all the time', async () => {
    const written = new Map<string, string>();
    const failures: unknown[] = [];
    let round = 0;
    let isOver = false;
    const write = async (): Promise<void> => {
      while (!isOver) {
        round++;
        const entries = Array.from(
          { length: 50 },
          (_, i) => [`key:${(round * 7 + i * 13) % 2000}`, `${round}`] as const,
        );
        const outcomes = await Promise.allSettled(entries.map(([key, value]) => client.set(key, value)));
        for (const [index, [key, value]] of entries.entries()) {
          const outcome = outcomes[index]!;
          if (outcome.status === 'fulfilled') written.set(key, value);
          else failures.push(outcome.reason);
        }
        for (const [key, value] of entries) {
          const found = await client.get(key);
          if (found !== value && found !== written.get(key))
            failures.push(`${key} is ${found}, not ${value}`);
        }
      }
    };
    const writing = write();
    const outcomes = [await reshard(-1, 0, 900), await reshard(0, 2, 500, '--cluster-pipeline', '3')];
    isOver = true;
    await writing;
    for (const outcome of outcomes) expect(outcome, outcome.output).toMatchObject({ status: 0, errors: '' });
    expect(failures).toEqual([]);
    expect(written.size).toBeGreaterThan(500);
    for (const [key, value] of written) expect(await client.get(key)).toBe(value);
    expect(await cluster.keyCount()).toBe(written.size);
    await expectSound();
  });
});

describe('the bar', () => {
  test('is what a person sees instead of a line for every slot', async () => {
    const choice = [
      '--cluster-from',
      ids[0]!,
      '--cluster-to',
      ids[1]!,
      '--cluster-slots',
      '20',
      '--cluster-yes',
    ];
    const { output, status } = await manage(['reshard', entry, ...choice], { isForPerson: true });
    expect(status).toBe(0);
    expect(output).toMatch(/\[={30}\] 20\/20 slots, \d+ keys, \d+\.\d s\n$/);
    expect(output).not.toContain('Moving slot 0 from 127');
  });
});

describe('answers', () => {
  test('that come all in one piece are all read', async () => {
    const input = `5\n${ids[1]}\n${ids[0]}\n${ids[0]}\n${ids[1]}\ndone\nyes\n`;
    const { output, status } = await manage(['reshard', entry], { input });
    expect(status).toBe(0);
    expect(output).toContain('*** It is not possible to use the target node as source node.');
    expect(output.match(/Moving slot \d+ from 127/g)).toHaveLength(5);
  });

  test.each([
    ['nothing', ''],
    ['half of them', '5\n'],
    ['all but the last', '5\nTARGET\nall\n'],
  ])('that end after %s stop it', async (_, input) => {
    const { output, status } = await manage(['reshard', entry], { input: input.replace('TARGET', ids[1]!) });
    expect(status).toBe(1);
    expect(output).toContain('The input ended without an answer');
    expect(output).not.toContain('Moving slot 0 from 127');
  });
});

describe('a key that is at the target already', () => {
  const slot = 16_000;
  let source: Member;
  let target: Member;
  let key: string;

  beforeAll(async () => {
    key = await keyOf(slot, 'key');
    await client.set(key, 'here');
    const owners = await Promise.all(cluster.nodes.map((node) => owns(node, slot)));
    source = cluster.nodes[owners.indexOf(true)]!;
    target = cluster.nodes.find((node) => node !== source)!;
  });

  /** Puts a key into the target as only a node in the middle of a move takes it, and leaves no slot open. */
  async function putAtTarget(value: string): Promise<void> {
    await target.call('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', await idOf(source));
    const connection = await target.openConnection();
    await connection.call('ASKING');
    await connection.call('SET', key, value);
    connection.close();
    await target.call('CLUSTER', 'SETSLOT', String(slot), 'STABLE');
  }

  /** A move of slots up to and with this one. */
  async function moveSlot(...options: string[]): Promise<CliResult> {
    const { slots } = await ownLine(source);
    const before = slots.reduce((sum, range) => {
      const [first, last = first] = range.split('-').map(Number);
      return sum + Math.max(0, Math.min(last!, slot) - first! + 1);
    }, 0);
    return reshard(cluster.nodes.indexOf(source), cluster.nodes.indexOf(target), before, ...options);
  }

  test('with another value stops the move with the slot open, and fix does not guess either', async () => {
    await putAtTarget('there');
    const { output, status } = await moveSlot();
    expect(status).toBe(1);
    expect(output).toContain('*** Target key exists');
    expect(output).toContain('having different values');
    expect(output).toContain(`    - ${key}`);
    expect(output).toContain('*** Repair them with: vedette-cli --cluster fix');
    expect(await owns(source, slot)).toBe(true);
    expect(await manage(['fix', entry])).toMatchObject({ status: 1 });
  });

  test('with the same value is replaced by it', async () => {
    const connection = await target.openConnection();
    await connection.call('ASKING');
    await connection.call('SET', key, 'here');
    connection.close();
    const { output, status } = await manage(['fix', entry]);
    expect(output).toContain('*** Replacing target keys...');
    expect(status).toBe(0);
    expect(await client.get(key)).toBe('here');
    await expectSound();
  });
});

describe('rebalancing', () => {
  test('by weight empties a master, which may become a replica', async () => {
    const words = [
      'rebalance',
      entry,
      '--cluster-weight',
      `${ids[3]!.slice(0, 12)}=0`,
      '--cluster-use-empty-masters',
    ];
    const { output, status } = await manage(words);
    expect(output).toMatch(/^>>> Rebalancing across 4 nodes\. Total weight = 3\.00$/m);
    expect(output).toMatch(/^Moving \d+ slots from \S+ to \S+\n#+$/m);
    expect(status).toBe(0);
    expect((await ownLine(cluster.nodes[3]!)).slots).toEqual([]);
  });

  test('keeps all keys', async () => {
    const keys = await cluster.keyCount();
    expect(keys).toBeGreaterThan(500);
    expect(await manage(['rebalance', entry, '--cluster-threshold', '1'])).toMatchObject({ status: 0 });
    expect(await cluster.keyCount()).toBe(keys);
    await expectSound();
  });
});
