/**
 * Clusters of many nodes of one kind, half of them replicas, ours and stock ones alternately: how long they take to form,
 * what each node says on the bus and what it uses of the processor while nothing happens, and how long after a master is
 * killed its replica takes a write.
 *
 *   npm run bench:cluster-scale -- [--nodes 30] [--engines vedette,stock] [--rounds 1] [--idle-seconds 20]
 *                                  [--node-timeout 15000]
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BenchCluster, numberIn, processorSeconds } from './bench-cluster.mjs';
import { firstWrite, median } from './write-probe.mjs';

const { values: options } = parseArgs({
  options: {
    nodes: { type: 'string', default: '30' },
    engines: { type: 'string', default: 'vedette,stock' },
    rounds: { type: 'string', default: '1' },
    'idle-seconds': { type: 'string', default: '20' },
    'node-timeout': { type: 'string', default: '15000' },
  },
});
const masters = Math.floor(Number(options.nodes) / 2);
/** What comes after a cluster was formed (replicas that synchronise, gossip about newcomers) is over. */
const REST_MS = 10_000;
const SLOTS = 16384;

async function figuresOf({ nodes }) {
  const infos = await Promise.all(nodes.map(({ client }) => client.cluster('INFO')));
  return {
    atMs: performance.now(),
    messages: infos.map((info) => numberIn(info, 'cluster_stats_messages_sent')),
    processor: nodes.map(({ child }) => processorSeconds(child.pid)),
    bytesWritten: nodes.map(({ child }) => writtenBytes(child.pid)),
  };
}

/** What a process has written to files and sockets; an idle node writes to the bus alone, but for its log. Linux only. */
function writtenBytes(pid) {
  return numberIn(readFileSync(`/proc/${pid}/io`, 'utf8').replace(/: /g, ':'), 'wchar');
}

/** Per node and second: all nodes' figures, of which the mean and the greatest are told. */
function rates(before, after, figure) {
  const seconds = (after.atMs - before.atMs) / 1000;
  const each = after[figure].map((value, i) => (value - before[figure][i]) / seconds);
  return { mean: each.reduce((sum, value) => sum + value) / each.length, most: Math.max(...each) };
}

/** What stands in braces in keys of a slot of the first master: it has the first slots. */
async function tagOf({ client }) {
  for (let number = 0; ; number++) {
    const tag = `{${number}}`;
    if ((await client.cluster('KEYSLOT', tag)) < Math.floor(SLOTS / masters) - 1) return tag;
  }
}

/** Kills the first master; how long beyond the node timeout until its replica takes a write, in milliseconds. */
async function failover({ nodes }) {
  const [master] = nodes;
  const tag = await tagOf(master);
  const lines = (await nodes[1].client.cluster('NODES')).split('\n').map((line) => line.split(' '));
  const isReplica = new Set(lines.filter((fields) => fields[3] === master.id).map(([id]) => id));
  const ports = nodes.filter(({ id }) => isReplica.has(id)).map(({ port }) => port);
  master.child.kill('SIGKILL');
  const faultAtMs = performance.now();
  const { atMs } = await firstWrite(ports, `${tag}probe`);
  return atMs - faultAtMs - Number(options['node-timeout']);
}

async function trial(engine) {
  const startedAt = performance.now();
  const cluster = await BenchCluster.start(engine, {
    masters,
    replicas: masters,
    directives: ['--cluster-node-timeout', options['node-timeout']],
  });
  try {
    const formedSeconds = (performance.now() - startedAt) / 1000;
    await sleep(REST_MS);
    const before = await figuresOf(cluster);
    await sleep(Number(options['idle-seconds']) * 1000);
    const after = await figuresOf(cluster);
    return {
      formedSeconds,
      messages: rates(before, after, 'messages'),
      bytes: rates(before, after, 'bytesWritten'),
      processor: rates(before, after, 'processor'),
      failoverMs: await failover(cluster),
    };
  } finally {
    await cluster.close();
  }
}

const results = new Map();
for (let round = 0; round < Number(options.rounds); round++) {
  for (const engine of options.engines.split(',')) {
    const result = await trial(engine);
    results.set(engine, [...(results.get(engine) ?? []), result]);
    const { formedSeconds, messages, bytes, processor, failoverMs } = result;
    console.log(
      `${engine.padEnd(8)} ${2 * masters} nodes formed in ${formedSeconds.toFixed(1)} s; idle, per node and second: ` +
        `${messages.mean.toFixed(1)} messages (most ${messages.most.toFixed(1)}), ` +
        `${(bytes.mean / 1024).toFixed(1)} KiB, ` +
        `processor ${(processor.mean * 1000).toFixed(1)} ms (most ${(processor.most * 1000).toFixed(1)}); ` +
        `first write after a kill: node timeout + ${failoverMs.toFixed(0)} ms`,
    );
  }
}
const [ours, stock] = ['vedette', 'stock'].map((engine) => results.get(engine));
if (ours && stock) {
  const ratio = (figure) =>
    (median(ours.map((each) => each[figure].mean)) / median(stock.map((each) => each[figure].mean))).toFixed(
      2,
    );
  console.log(
    `ours / stock: messages ${ratio('messages')}, bytes ${ratio('bytes')}, processor ${ratio('processor')}`,
  );
}
// A client of the library may still be trying to reach a node that is gone.
process.exit(0);
