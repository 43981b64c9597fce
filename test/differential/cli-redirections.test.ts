/** `vedette-cli -c` against `redis-cli -c`: MOVED and ASK are followed, and told to those who read along. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Member } from '../../src/lab/member.js';
import { runRedisCli, runVedetteCli, type CliResult, type CliRun } from '../support/cluster-cli.js';
import { idOf, RealCluster } from '../support/real-cluster.js';

const PASSWORD = 'pass';
/** `foo` is in 12182, at the third of three nodes; `bar` in 5061, at the first. */
const FOO_SLOT = '12182';

let cluster: RealCluster;
let first: Member;
let third: Member;

beforeAll(async () => {
  cluster = await RealCluster.startStock(3, { password: PASSWORD });
  await cluster.form(3);
  [first, , third] = cluster.nodes as [Member, Member, Member];
});

afterAll(() => cluster?.close());

async function compare(words: readonly string[], run: CliRun = {}): Promise<CliResult> {
  const { host, port } = first.address;
  const all = ['-a', PASSWORD, '-h', host, '-p', String(port), ...words];
  const stock = await runRedisCli(all, run);
  expect(await runVedetteCli(all, run)).toEqual(stock);
  return stock;
}

describe('MOVED', () => {
  test('is followed for a command on the command line, without a word', async () => {
    expect(await compare(['-c', 'SET', 'foo', 'value'])).toMatchObject({ output: 'OK\n', status: 0 });
    expect(await compare(['-c', 'GET', 'foo'])).toMatchObject({ output: 'value\n' });
  });

  test('is an error without -c', async () => {
    expect((await compare(['GET', 'foo'])).output).toMatch(/^MOVED 12182 /);
    await compare(['-e', 'GET', 'foo']);
  });

  test('is told where commands are read, and the connection stays where it led', async () => {
    const { output } = await compare(['-c'], { input: 'GET foo\nGET bar\nGET bar\nCLUSTER MYID\n' });
    expect(output.match(/-> Redirected to slot \[\d+\] located at 127\.0\.0\.1:\d+/g)).toHaveLength(2);
    await compare(['-c'], { input: 'GET foo\nGET bar\n', environment: { FAKETTY: '1' } });
  });

  test('is followed in every way of printing', async () => {
    await compare(['-c', '--no-raw', 'GET', 'foo']);
    await compare(['-c', '--csv', 'GET', 'foo']);
    await compare(['-c', '-3', 'GET', 'foo']);
    await compare(['-c', '-r', '3', 'GET', 'foo']);
    await compare(['-c', '-x', 'SET', 'foo'], { input: 'from input' });
  });

  test('shows a person where they are now', async () => {
    const addresses = [first, third].map(({ address }) => `${address.host}:${address.port}`);
    await third.call('SET', 'foo', 'value');
    const { output } = await runVedetteCli(['-c', '-a', PASSWORD, '-p', String(first.address.port)], {
      input: 'GET foo\nGET foo\n',
      isAtKeyboard: true,
    });
    expect(output).toBe(
      `${addresses[0]}> -> Redirected to slot [12182] located at ${addresses[1]}\n` +
        `"value"\n${addresses[1]}> "value"\n${addresses[1]}> `,
    );
  });

  test('in a transaction loses it', async () => {
    await compare(['-c'], { input: 'MULTI\nGET bar\nGET foo\nEXEC\nGET foo\n' });
  });
});

describe('ASK', () => {
  beforeAll(async () => {
    await third.call('CLUSTER', 'SETSLOT', FOO_SLOT, 'MIGRATING', await idOf(first));
    await first.call('CLUSTER', 'SETSLOT', FOO_SLOT, 'IMPORTING', await idOf(third));
  });

  afterAll(async () => {
    for (const node of [first, third]) await node.call('CLUSTER', 'SETSLOT', FOO_SLOT, 'STABLE');
  });

  test('is followed with ASKING, for a key that has moved or is not there', async () => {
    expect(await compare(['-c', 'SET', '{foo}new', 'value'])).toMatchObject({ output: 'OK\n' });
    expect(await compare(['-c', 'GET', '{foo}new'])).toMatchObject({ output: 'value\n' });
    expect(await compare(['-c', 'GET', 'foo'])).toMatchObject({ status: 0 });
    await compare(['-c'], { input: 'GET {foo}new\nGET {foo}new\n' });
  });

  test('is not followed for keys on both sides', async () => {
    expect((await compare(['-c', 'MGET', 'foo', '{foo}new'])).output).toMatch(/^TRYAGAIN/);
  });
});
