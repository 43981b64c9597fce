/** `fix`: slots that were left open, slots that nobody has, slots that two have. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Member } from '../../src/lab/member.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { runVedetteCli, type CliResult } from '../support/cluster-cli.js';
import { addressOf, idOf, ownLine, RealCluster } from '../support/real-cluster.js';

/** All of them belong to the first node at first; each test has its own, so that none hides another. */
const SLOT = { case1: 100, case2: 200, case3: 300, case3Closed: 400, case4: 500, stray: 600, both: 700 };
const UNCOVERED = { nowhere: 800, inOnePlace: 900, inSeveral: 1000 };
const TWO_OWNERS = 1100;

const platform = createNodePlatform();
let cluster: RealCluster;
let first: Member;
let second: Member;
let third: Member;
let entry: string;
let ids: string[];
const keys = new Map<number, string>();

beforeAll(async () => {
  cluster = await RealCluster.startStock(4, {
    directives: ['cluster-require-full-coverage no', 'cluster-node-timeout 2000'],
  });
  await cluster.form(4);
  [first, second, third] = cluster.nodes as [Member, Member, Member];
  entry = addressOf(first);
  ids = await Promise.all(cluster.nodes.map(idOf));
  for (const slot of [...Object.values(SLOT), ...Object.values(UNCOVERED), TWO_OWNERS]) {
    keys.set(slot, await keyOf(slot));
  }
});

afterEach(async () => {
  const result = await manage('check', entry);
  expect(result, result.output).toMatchObject({ status: 0 });
});

afterAll(() => cluster?.close());

function manage(...words: string[]): Promise<CliResult> {
  return runVedetteCli(['--cluster', ...words]);
}

async function fix(input = '', ...options: string[]): Promise<string> {
  const result = await runVedetteCli(['--cluster', 'fix', entry, ...options], { input });
  expect(result, result.output + result.errors).toMatchObject({ status: 0, errors: '' });
  return result.output;
}

async function keyOf(slot: number): Promise<string> {
  for (let i = 0; ; i++) {
    if (Number(await first.call('CLUSTER', 'KEYSLOT', `key:${i}`)) === slot) return `key:${i}`;
  }
}

function setSlot(node: Member, slot: number, ...state: string[]) {
  return node.call('CLUSTER', 'SETSLOT', String(slot), ...state);
}

/** Writes to a node that is importing the slot, as a client does that was sent there. */
async function writeAsking(node: Member, key: string, value: string): Promise<void> {
  const connection = await node.openConnection();
  await connection.call('ASKING');
  await connection.call('SET', key, value);
  connection.close();
}

async function slotsOf(node: Member): Promise<string[]> {
  return [...(await ownLine(node)).slots];
}

async function owns(node: Member, slot: number): Promise<boolean> {
  return (await slotsOf(node)).some((range) => {
    const [low, high] = range.split('-').map(Number);
    return slot >= low! && slot <= (high ?? low!);
  });
}

/** Waits for what a node has to find out. */
async function untilSeenBy(node: Member, problem: () => Promise<string | null>): Promise<void> {
  await waitUntil(platform, 20_000, async () => {
    const found = await problem();
    return found === null ? null : `${node.name}: ${found}`;
  });
}

describe('an open slot', () => {
  test('case 1: a move that was begun is finished', async () => {
    const key = keys.get(SLOT.case1)!;
    await first.call('SET', key, 'value');
    await setSlot(second, SLOT.case1, 'IMPORTING', ids[0]!);
    await setSlot(first, SLOT.case1, 'MIGRATING', ids[1]!);
    expect(await manage('check', entry)).toMatchObject({
      status: 1,
      output: expect.stringContaining(`[WARNING] The following slots are open: ${SLOT.case1}.`) as string,
    });
    const output = await fix();
    expect(output).toContain(`>>> Case 1: Moving slot ${SLOT.case1} from ${entry} to ${addressOf(second)}`);
    expect(await second.call('GET', key)).toBe('value');
  });

  test('case 2: what was written at a node that is importing goes to the owner', async () => {
    const key = keys.get(SLOT.case2)!;
    await first.call('SET', 'other:{' + key + '}', 'at the owner');
    await first.call('SET', 'third:{' + key + '}', 'at the owner');
    await setSlot(second, SLOT.case2, 'IMPORTING', ids[0]!);
    await writeAsking(second, key, 'at the other');
    const output = await fix();
    expect(output).toContain(`>>> Fixing open slot ${SLOT.case2}`);
    expect(output).toContain(`>>> Case 2: Moving all the ${SLOT.case2} slot keys to its owner ${entry}`);
    expect(await first.call('GET', key)).toBe('at the other');
  });

  test('case 3: the move goes to the node that was meant, the other one closes', async () => {
    const key = keys.get(SLOT.case3)!;
    await first.call('SET', key, 'value');
    await setSlot(second, SLOT.case3, 'IMPORTING', ids[0]!);
    await setSlot(third, SLOT.case3, 'IMPORTING', ids[0]!);
    await setSlot(first, SLOT.case3, 'MIGRATING', ids[2]!);
    const output = await fix();
    expect(output).toContain(
      `>>> Case 3: Moving slot ${SLOT.case3} from ${entry} to ${addressOf(third)} and closing it`,
    );
    expect(await third.call('GET', key)).toBe('value');
  });

  test('case 3: closes everywhere when the node that was meant is not importing', async () => {
    await setSlot(second, SLOT.case3Closed, 'IMPORTING', ids[0]!);
    await setSlot(third, SLOT.case3Closed, 'IMPORTING', ids[0]!);
    await setSlot(first, SLOT.case3Closed, 'MIGRATING', ids[3]!);
    const output = await fix();
    expect(output).toContain(
      `>>> Case 3: Closing slot ${SLOT.case3Closed} on both migrating and importing nodes.`,
    );
    expect(await owns(first, SLOT.case3Closed)).toBe(true);
  });

  test('case 4: nobody is importing, so it stays with its owner', async () => {
    await first.call('SET', keys.get(SLOT.case4)!, 'value');
    await setSlot(first, SLOT.case4, 'MIGRATING', ids[1]!);
    expect(await fix()).toContain(`>>> Case 4: Closing slot ${SLOT.case4} on ${entry}`);
    expect(await first.call('GET', keys.get(SLOT.case4)!)).toBe('value');
  });

  test('a node with keys that has closed it gives them up', async () => {
    const key = keys.get(SLOT.stray)!;
    await first.call('SET', `a{${key}}`, '1');
    await first.call('SET', `b{${key}}`, '1');
    await setSlot(second, SLOT.stray, 'IMPORTING', ids[0]!);
    await writeAsking(second, key, 'stray');
    await setSlot(second, SLOT.stray, 'STABLE');
    await setSlot(third, SLOT.stray, 'IMPORTING', ids[0]!);
    const output = await fix();
    expect(output).toContain(
      `*** Found keys about slot ${SLOT.stray} in non-owner node ${addressOf(second)}!`,
    );
    expect(await first.call('GET', key)).toBe('stray');
  });

  test('keys on both sides of a broken move come together at the one with more', async () => {
    const key = keys.get(SLOT.both)!;
    await first.call('SET', `a{${key}}`, '1');
    await setSlot(second, SLOT.both, 'IMPORTING', ids[0]!);
    await setSlot(first, SLOT.both, 'MIGRATING', ids[1]!);
    await writeAsking(second, `b{${key}}`, '2');
    await writeAsking(second, `c{${key}}`, '3');
    const output = await fix();
    expect(output).toContain('>>> No single clear owner for the slot, selecting an owner by # of keys...');
    expect(output).toContain(`*** Configuring ${addressOf(second)} as the slot owner`);
    expect(await second.call('MGET', `a{${key}}`, `b{${key}}`, `c{${key}}`)).toEqual(['1', '2', '3']);
  });
});

describe('slots that nobody has', () => {
  test('are covered, each by the node with its keys, after asking each time', async () => {
    const { nowhere, inOnePlace, inSeveral } = UNCOVERED;
    const several = keys.get(inSeveral)!;
    await first.call('SET', keys.get(inOnePlace)!, 'kept');
    await first.call('SET', `a{${several}}`, '1');
    await first.call('SET', `b{${several}}`, '2');
    await setSlot(third, inSeveral, 'IMPORTING', ids[0]!);
    await writeAsking(third, `c{${several}}`, '3');
    await setSlot(third, inSeveral, 'STABLE');
    for (const node of cluster.nodes) {
      await node.call('CLUSTER', 'DELSLOTS', String(nowhere), String(inOnePlace), String(inSeveral));
    }
    const refused = await runVedetteCli(['--cluster', 'fix', entry, '--cluster-yes'], {
      input: 'no\nno\nno\n',
    });
    expect(refused.status).toBe(1);
    expect(refused.output).toContain('[ERR] Not all 16384 slots are covered by nodes.');

    const output = await fix('yes\nyes\nyes\n');
    expect(output).toContain(
      `The following uncovered slots have no keys across the cluster:\n[${nowhere}]\n` +
        "Fix these slots by covering with a random node? (type 'yes' to accept): ",
    );
    expect(output).toContain(`>>> Covering slot ${inOnePlace} with ${entry}`);
    expect(output).toContain(`>>> Covering slot ${inSeveral} moving keys to ${entry}`);
    expect(await first.call('GET', keys.get(inOnePlace)!)).toBe('kept');
    expect(await first.call('MGET', `a{${several}}`, `b{${several}}`, `c{${several}}`)).toEqual([
      '1',
      '2',
      '3',
    ]);
  });
});

describe('a slot that two have', () => {
  test('goes to the one with more keys', async () => {
    const key = keys.get(TWO_OWNERS)!;
    await first.call('SET', `a{${key}}`, '1');
    await first.call('SET', `b{${key}}`, '2');
    await setSlot(second, TWO_OWNERS, 'IMPORTING', ids[0]!);
    await writeAsking(second, key, '3');
    await setSlot(second, TWO_OWNERS, 'STABLE');
    const option = '--cluster-search-multiple-owners';
    expect(await manage('check', entry, option)).toMatchObject({
      status: 1,
      output: expect.stringContaining(`[WARNING] Slot ${TWO_OWNERS} has 2 owners:`) as string,
    });
    const output = await fix('', option);
    expect(output).toContain(`>>> Setting slot ${TWO_OWNERS} owner: ${entry}`);
    expect(await first.call('MGET', key, `a{${key}}`)).toEqual(['3', '1']);
    expect(await manage('check', entry, option)).toMatchObject({ status: 0 });
  });
});

describe('with a master that cannot be reached', () => {
  test('nothing is repaired unless it is insisted on', async () => {
    third.pause();
    await setSlot(first, SLOT.case4, 'MIGRATING', ids[1]!);
    await untilSeenBy(first, async () => {
      const nodes = String(await first.call('CLUSTER', 'NODES'));
      return / master,fail /.test(nodes) ? null : 'does not see the failure';
    });
    const refused = await runVedetteCli(['--cluster', 'fix', entry]);
    expect(refused.status).toBe(1);
    expect(refused.output).toContain('*** Fixing open slots with 1 unreachable masters is dangerous');
    third.resume();
    await cluster.untilUp();
    await fix();
  });
});
