/** Discovery in a real cluster, by the class and by the command, while a master hangs. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatAddress } from '../../src/client/address.js';
import { ClusterDiscovery } from '../../src/client/cluster-discovery.js';
import { startClusterTopology, type ClusterTopology } from '../../src/lab/cluster-topology.js';
import { runVedette } from '../../src/lab/program.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { ScriptedTerminal } from '../support/scripted-terminal.js';

const LIMIT_MS = 45_000;
const START_LIMIT_MS = 90_000;
const TEST_LIMIT_MS = 240_000;
/** In slot 0. */
const KEY = '{06S}';
const platform = createNodePlatform();
let topology: ClusterTopology;

/** Three masters, the first of which has a replica. */
beforeAll(async () => {
  topology = await startClusterTopology(platform, {
    replicas: ['vedette'],
    nodeTimeoutMs: 2000,
    startTimeoutMs: START_LIMIT_MS,
  });
}, START_LIMIT_MS);
afterAll(() => topology.close());

async function run(...flags: string[]): Promise<string> {
  const terminal = new ScriptedTerminal(false);
  expect(await runVedette(platform, terminal, ['discover', ...flags])).toBe(0);
  return terminal.output;
}

test('the command prints all masters with their slots, or the one of a slot or key', async () => {
  const flags = ['--cluster', formatAddress(topology.nodes[3]!.address)];
  const lines = (await run(...flags)).trimEnd().split('\n');
  expect(lines.map((line) => line.split('  ')[1])).toEqual(['0-5460', '5461-10922', '10923-16383']);
  const third = formatAddress(topology.nodes[2]!.address);
  expect(await run(...flags, '--key', 'foo')).toBe(`${third}\n`);
  expect(JSON.parse(await run(...flags, '--slot', '12182', '--json'))).toMatchObject({
    name: '10923-16383',
    port: topology.nodes[2]!.address.port,
    slots: [{ first: 10923, last: 16383 }],
  });
});

test(
  'a hanging master is lost and replaced, told by the class and by the command',
  async () => {
    const [, seed] = topology.nodes.map(({ address }) => address);
    const discovery = new ClusterDiscovery(platform, {
      nodes: [seed!],
      livenessPing: { intervalMs: 100, deadlineMs: 2000 },
      // A busy machine is no reason to fail; the one that hangs is not asked any more once it is replaced.
      masterTimeoutMs: LIMIT_MS,
      nodeTimeoutMs: 5000,
    });
    const terminal = new ScriptedTerminal(false);
    const flags = ['--cluster', formatAddress(seed!), '--slot', '0', '--watch', '--json'];
    const ended = runVedette(platform, terminal, ['discover', ...flags]);
    try {
      const lost: number[] = [];
      discovery.on('lost', ({ address }) => lost.push(address.port));
      discovery.start();
      await waitUntil(platform, LIMIT_MS, () =>
        Promise.resolve(discovery.masterOf(0) === null ? 'slot 0 has no master' : null),
      );
      await terminal.shows(/"master"/);
      const before = discovery.masterOf(0)!.address.port;
      topology.nodes.find(({ address }) => address.port === before)!.pause();
      await waitUntil(platform, LIMIT_MS, () => {
        const after = discovery.masterOf(0);
        return Promise.resolve(after === null || after.address.port === before ? 'nobody took over' : null);
      });
      expect(lost).toContain(before);
      await terminal.shows(new RegExp(`"master".*"port":(?!${before},)`));
      // The whole cluster stands still until all have heard of the new master.
      await waitUntil(platform, LIMIT_MS, async () => {
        const connection = await discovery.connect(KEY);
        const reply = await connection.call('SET', KEY, 'written').finally(() => connection.close());
        return reply === 'OK' ? null : String(reply);
      });
    } finally {
      discovery.stop();
      process.emit('SIGINT');
    }
    expect(await ended).toBe(0);
    expect(terminal.output).toContain('"event":"lost"');
  },
  TEST_LIMIT_MS,
);
