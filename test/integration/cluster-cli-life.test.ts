/** The life of a cluster with a password, from the first node to the last, with `vedette-cli` alone. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Member } from '../../src/lab/member.js';
import { runVedetteCli, type CliResult, type CliRun } from '../support/cluster-cli.js';
import { addressOf, idOf, nodeLines, ownLine, RealCluster } from '../support/real-cluster.js';

const PASSWORD = 'pass phrase';
let cluster: RealCluster;
let nodes: Member[];
let entry: string;

beforeAll(async () => {
  cluster = await RealCluster.startStock(8, { password: PASSWORD });
  nodes = cluster.nodes;
  entry = addressOf(nodes[0]!);
});

afterAll(() => cluster?.close());

async function manage(words: readonly string[], run: CliRun = {}): Promise<CliResult> {
  const result = await runVedetteCli(['-a', PASSWORD, '--no-auth-warning', '--cluster', ...words], run);
  expect(result, result.output + result.errors).toMatchObject({ status: 0, errors: '' });
  return result;
}

/** A command through a node that need not have the key. */
async function follow(...command: string[]): Promise<string> {
  const { host, port } = nodes[1]!.address;
  const words = ['-c', '-a', PASSWORD, '--no-auth-warning', '-h', host, '-p', String(port), ...command];
  return (await runVedetteCli(words)).output;
}

async function slotCount(node: Member): Promise<number> {
  return (await ownLine(node)).slots.reduce((sum, range) => {
    const [first, last] = range.split('-').map(Number);
    return sum + ((last ?? first)! - first! + 1);
  }, 0);
}

test('a wrong password is told, and nothing is done', async () => {
  const words = ['-a', 'wrong', '--no-auth-warning', '--cluster', 'create', ...nodes.map(addressOf)];
  expect(await runVedetteCli(words)).toMatchObject({
    status: 1,
    output: expect.stringMatching(/Node .* replied with error:\nWRONGPASS/) as string,
  });
});

test('six nodes become three masters with a replica each, when the plan is accepted', async () => {
  const words = ['create', ...nodes.slice(0, 6).map(addressOf), '--cluster-replicas', '1'];
  const refused = await manage(words, { input: 'no\n' });
  expect(refused.output).toContain("Can I set the above configuration? (type 'yes' to accept): ");
  expect(await nodeLines(nodes[0]!)).toHaveLength(1);

  const { output } = await manage(words, { input: 'yes\n' });
  expect(output).toContain('[OK] All 16384 slots covered.');
  for (const node of nodes.slice(0, 6)) {
    const lines = await nodeLines(node);
    expect(lines).toHaveLength(6);
    expect(lines.filter(({ flags }) => flags.includes('master'))).toHaveLength(3);
  }
});

test('it takes keys with a common tag together', async () => {
  expect(await follow('MSET', '{user1}:name', 'Ann', '{user1}:age', '31')).toBe('OK\n');
  expect(await follow('MGET', '{user1}:name', '{user1}:age')).toBe('Ann\n31\n');
  for (let i = 0; i < 60; i++) await follow('SET', `key:${i}`, String(i));
});

test('info and check find it sound, with the password from the environment', async () => {
  const environment = { REDISCLI_AUTH: PASSWORD };
  const info = await runVedetteCli(['--cluster', 'info', entry], { environment });
  expect(info).toMatchObject({
    status: 0,
    output: expect.stringContaining('[OK] 62 keys in 3 masters.') as string,
  });
  expect(await runVedetteCli(['--cluster', 'check', entry], { environment })).toMatchObject({ status: 0 });
});

test('a master joins, and at once a replica of it', async () => {
  const [master, replica] = nodes.slice(6) as [Member, Member];
  const { output } = await manage(['add-node', addressOf(master), entry]);
  expect(output).toContain('[OK] New node added correctly.');
  const id = await idOf(master);
  await manage(['add-node', addressOf(replica), entry, '--cluster-slave', '--cluster-master-id', id]);
  expect(await ownLine(replica)).toMatchObject({ masterId: id });
  expect(await nodeLines(nodes[0]!)).toHaveLength(8);
});

test('600 slots are moved to it by answering questions', async () => {
  const master = nodes[6]!;
  const input = `nonsense\n600\n${await idOf(master)}\nall\nyes\n`;
  const { output } = await manage(['reshard', entry], { input });
  expect(output.match(/How many slots do you want to move \(from 1 to 16384\)\? /g)).toHaveLength(2);
  expect(output).toContain('\nReady to move 600 slots.\n  Source nodes:\n');
  // In three parts by the sizes of the sources, rounded up once and down twice, as redis-cli does: 201 + 199 + 199.
  expect(output.match(/Moving slot \d+ from 127\.0\.0\.1:\d+ to \S+: \.*\n/g)).toHaveLength(599);
  expect(await slotCount(master)).toBe(599);
  expect(await cluster.keyCount()).toBe(62);
  expect(await follow('MGET', '{user1}:name', '{user1}:age')).toBe('Ann\n31\n');
});

test('the replica is removed, the slots move back by options, and the master is removed', async () => {
  const [first, master, replica] = [nodes[0]!, nodes[6]!, nodes[7]!];
  await manage(['del-node', entry, await idOf(replica)]);
  const options = [
    '--cluster-from',
    await idOf(master),
    '--cluster-to',
    await idOf(first),
    '--cluster-slots',
    '600',
  ];
  await manage(['reshard', entry, ...options, '--cluster-yes']);
  expect(await slotCount(first)).toBeGreaterThan(5461);
  await manage(['del-node', entry, await idOf(master)]);
  for (const node of nodes.slice(0, 6)) expect(await nodeLines(node)).toHaveLength(6);
  for (const node of [master, replica]) expect(await nodeLines(node)).toHaveLength(1);
  await manage(['check', entry]);
  for (let i = 0; i < 60; i++) expect(await follow('GET', `key:${i}`)).toBe(`${i}\n`);
});
