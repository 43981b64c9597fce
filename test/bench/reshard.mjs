/**
 * How long resharding takes with `vedette-cli --cluster` and with `redis-cli --cluster`, on the same stock nodes with the
 * same keys, alternately. Printed are the ratio of each round and the median; absolute figures depend on the machine.
 *
 *   npm run build && node test/bench/reshard.mjs [--keys 1000000] [--slots 4096] [--rounds 3] [--engine stock]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serverConfiguration } from '../../dist/lab/configuration.js';
import { Member } from '../../dist/lab/member.js';
import { findFreePorts } from '../../dist/lab/ports.js';
import { createNodePlatform } from '../../dist/platform/node/index.js';

const { values: options } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    slots: { type: 'string', default: '4096' },
    rounds: { type: 'string', default: '3' },
    engine: { type: 'string', default: 'stock' },
  },
});
const HOST = '127.0.0.1';
const HASH_SLOTS = 16384;
const NODES = 3;
const LAST_PORT_WITH_BUS = 55_535;
const platform = createNodePlatform();
const directory = mkdtempSync(join(tmpdir(), 'vedette-reshard-'));
const OURS = [fileURLToPath(new URL('../../bin/vedette-cli', import.meta.url))];
const STOCK = ['redis-cli'];

async function startNodes() {
  const ports = (await findFreePorts(platform, HOST, 4 * NODES)).filter((port) => port < LAST_PORT_WITH_BUS);
  const nodes = ports.slice(0, NODES).map((port) => {
    const address = { host: HOST, port };
    const place = join(directory, String(port));
    const directives = ['cluster-enabled yes'];
    const configuration = serverConfiguration({
      address,
      directory: place,
      master: null,
      password: undefined,
      directives,
    });
    return new Member(platform, {
      name: `node-${port}`,
      role: 'server',
      engine: options.engine,
      address,
      directory: place,
      configuration,
    });
  });
  for (const node of nodes) await node.start(20_000);
  return nodes;
}

/** Runs a cluster manager to its end. @returns milliseconds */
function manage(program, ...words) {
  const startMs = platform.clock.monotonicMs();
  const [command, ...first] = program;
  const child = spawn(command, [...first, '--cluster', ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output = (output + chunk).slice(-2000)));
  return new Promise((resolve, reject) => {
    child.once('close', (status) => {
      if (status === 0) resolve(platform.clock.monotonicMs() - startMs);
      else reject(new Error(`${command} ended with ${status}:\n${output}`));
    });
  });
}

/** For every slot a tag that hashes to it, as the server says. */
async function tagsOfSlots(node) {
  const tags = [];
  for (let next = 0, found = 0; found < HASH_SLOTS;) {
    const candidates = Array.from({ length: 5000 }, () => String(next++));
    const slots = await Promise.all(candidates.map((tag) => node.call('CLUSTER', 'KEYSLOT', tag)));
    for (const [index, slot] of slots.entries()) {
      if (tags[slot] === undefined) found++;
      tags[slot] ??= candidates[index];
    }
  }
  return tags;
}

/** Writes a node's share of the keys in one pipeline. */
function fill(node, tags, keysPerSlot) {
  const value = 'x'.repeat(32);
  const socket = connect(node.address.port, HOST);
  const expected = tags.length * keysPerSlot;
  let acknowledged = 0;
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      for (const byte of chunk) if (byte === 43) acknowledged++;
      if (acknowledged < expected) return;
      socket.destroy();
      resolve();
    });
    for (const tag of tags) {
      let commands = '';
      for (let key = 0; key < keysPerSlot; key++) commands += `SET {${tag}}${key} ${value}\r\n`;
      socket.write(commands);
    }
  });
}

async function keyCount(nodes) {
  const sizes = await Promise.all(nodes.map((node) => node.call('DBSIZE')));
  return sizes.reduce((sum, size) => sum + size, 0);
}

const nodes = await startNodes();
try {
  await manage(OURS, 'create', ...nodes.map(({ address }) => `${HOST}:${address.port}`), '--cluster-yes');
  const ids = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'MYID')));
  const tags = await tagsOfSlots(nodes[0]);
  const keysPerSlot = Math.ceil(Number(options.keys) / HASH_SLOTS);
  const share = [tags.slice(0, 5461), tags.slice(5461, 10_923), tags.slice(10_923)];
  await Promise.all(nodes.map((node, index) => fill(node, share[index], keysPerSlot)));
  const total = await keyCount(nodes);
  console.log(
    `${total} keys in ${NODES} ${options.engine} nodes; ${options.slots} slots move from two to the third`,
  );

  const reshard = (program, from, to, slots) =>
    manage(
      program,
      ...['reshard', `${HOST}:${nodes[0].address.port}`, '--cluster-yes'],
      ...['--cluster-from', from.join(','), '--cluster-to', to, '--cluster-slots', String(slots)],
    );
  const ratios = [];
  for (let round = 1; round <= Number(options.rounds); round++) {
    const took = {};
    for (const [name, program] of [
      ['stock', STOCK],
      ['vedette', OURS],
    ]) {
      took[name] = await reshard(program, [ids[0], ids[2]], ids[1], options.slots);
      for (const home of [ids[0], ids[2]]) await reshard(OURS, [ids[1]], home, Number(options.slots) / 2);
      const left = await keyCount(nodes);
      if (left !== total) throw new Error(`${total - left} keys are gone after ${name}`);
    }
    ratios.push(took.stock / took.vedette);
    const seconds = (ms) => (ms / 1000).toFixed(2);
    console.log(
      `round ${round}: redis-cli ${seconds(took.stock)} s, vedette-cli ${seconds(took.vedette)} s, ratio ${ratios.at(-1).toFixed(2)}`,
    );
  }
  ratios.sort((a, b) => a - b);
  console.log(
    `median ratio: ${ratios[Math.floor(ratios.length / 2)].toFixed(2)} (above 1: vedette-cli is faster)`,
  );
} finally {
  await Promise.all(nodes.map((node) => node.kill()));
  rmSync(directory, { recursive: true, force: true });
}
