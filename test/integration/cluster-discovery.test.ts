/** Discovery in a real cluster, by the class and by the command, while a master dies. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatAddress } from '../../src/client/address.js';
import { ClusterDiscovery } from '../../src/client/cluster-discovery.js';
import { startClusterTopology, type ClusterTopology } from '../../src/lab/cluster-topology.js';
import type { Member } from '../../src/lab/member.js';
import { runVedette } from '../../src/lab/program.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { ScriptedTerminal } from '../support/scripted-terminal.js';

const LIMIT_MS = 45_000;
const platform = createNodePlatform();
let topology: ClusterTopology;

/** Three masters, the first of which has a replica. */
beforeAll(async () => {
  topology = await startClusterTopology(platform, { replicas: ['vedette'], nodeTimeoutMs: 2000 });
});
afterAll(() => topology.close());

async function run(...flags: string[]): Promise<string> {
  const terminal = new ScriptedTerminal(false);
  expect(await runVedette(platform, terminal, ['discover', ...flags])).toBe(0);
  return terminal.output;
}

function memberAt(port: number): Member {
  return topology.nodes.find(({ address }) => address.port === port)!;
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

test('a killed master is lost and replaced, told by the class and by the command', async () => {
  const discovery = new ClusterDiscovery(platform, { nodes: [topology.nodes[1]!.address] });
  const terminal = new ScriptedTerminal(false);
  const flags = ['--cluster', formatAddress(topology.nodes[1]!.address), '--slot', '0', '--watch', '--json'];
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
    await memberAt(before).kill();
    await waitUntil(platform, LIMIT_MS, async () => {
      const after = discovery.masterOf(0);
      if (after === null || after.address.port === before) return 'nobody took over';
      // The whole cluster stands still until all have heard of the new master.
      const connection = await discovery.connect(0);
      const reply = await connection.call('SET', '{06S}', 'written').finally(() => connection.close());
      return reply === 'OK' ? null : String(reply);
    });
    expect(lost).toContain(before);
    await terminal.shows(new RegExp(`"master".*"port":${discovery.masterOf(0)!.address.port}`));
  } finally {
    discovery.stop();
    process.emit('SIGINT');
  }
  expect(await ended).toBe(0);
  expect(terminal.output).toContain('"event":"lost"');
});
