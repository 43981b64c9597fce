/** The commands of the guides that have no test of their own: docs/sentinel.md, docs/persistence.md; and the clients' options. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as ioredis from 'ioredis';
import * as iovalkey from 'iovalkey';
import * as redis from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  startCluster,
  startSentinelTopology,
  startServer,
  type StartedCluster,
  type StartedSentinelTopology,
  type StartedServer,
} from '../../src/index.js';
import { GuideProject, ROOT, shellBlocks } from '../support/documentation.js';
import { OUR_SERVER, RunningServer } from '../support/running-server.js';

const run = promisify(execFile);
const project = new GuideProject();

afterAll(() => project.remove());

/** Runs commands of a page as they stand there; resolves to what they say. */
async function shell(commands: string): Promise<string> {
  const options = { cwd: project.directory, env: project.environment() };
  return (await run('sh', ['-ec', commands], options)).stdout;
}

test('docs/sentinel.md: a sentinel starts from the sample, and answers', async () => {
  const [start, ask] = shellBlocks('docs/sentinel.md') as [string, string];
  const master = await RunningServer.start(OUR_SERVER);
  // Not the sentinel itself: a server tells which port is free.
  const place = await RunningServer.start(OUR_SERVER);
  const port = String(place.port);
  await place.stop();
  const sample = readFileSync(join(ROOT, 'conf/sentinel.conf'), 'utf8')
    .replace('port 26379', `port ${port}`)
    .replace('127.0.0.1 6379 2', `127.0.0.1 ${master.port} 1`);
  const file = project.write('sentinel.conf', sample);
  const started = execFile('sh', ['-ec', `exec ${start.replace('/etc/vedette/sentinel.conf', file)}`], {
    cwd: project.directory,
    env: project.environment(),
  });
  try {
    const here = ask.replaceAll('26379', port);
    const isUp = `until vedette-cli -p ${port} PING > /dev/null 2>&1; do sleep 0.1; done`;
    const said = await shell(`${isUp}\n${here}`);
    expect(said).toContain('OK 1 usable Sentinels');
  } finally {
    started.kill('SIGKILL');
    await master.stop();
  }
});

test('docs/persistence.md: what checks files finds those of a server in order', async () => {
  const { directory } = project;
  const server = await RunningServer.startIn(directory, OUR_SERVER, '--appendonly', 'yes');
  const client = await server.connect();
  await client.pipeline([['set', 'key', 'value'], ['save']]);
  client.close();
  await server.stop();
  const lines = shellBlocks('docs/persistence.md').flatMap((block) => block.trim().split('\n'));
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(await shell(line)).toMatch(/ok|valid|truncated/i);
});

describe('docs/testing.md: the options of every client', () => {
  /** The rows of the table: a client, and what is made of a topology, a cluster and a server. */
  const rows = [
    ...readFileSync(join(ROOT, 'docs/testing.md'), 'utf8').matchAll(
      /^\| (\S.*) \| `new (.*)|^\| (node-redis) \|.*/gm,
    ),
  ]
    .map(([row]) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, name, ...cells]) => ({ name: name!, expressions: cells.slice(0, 3) }));

  const names = rows.flatMap(({ name, expressions }) =>
    name.split(', ').map((each) => [each, expressions] as const),
  );

  let topology: StartedSentinelTopology;
  let cluster: StartedCluster;
  let server: StartedServer;

  // Nobody fails over here, however busy the machine is.
  beforeAll(async () => {
    const common = { password: 'secret', startTimeoutMs: 60_000 };
    topology = await startSentinelTopology({ ...common, downAfterMs: 20_000 });
    cluster = await startCluster({ ...common, nodeTimeoutMs: 20_000 });
    server = await startServer(common);
  });
  afterAll(() => Promise.all([topology.stop(), cluster.stop(), server.stop()]));

  test('are shown for three clients', () => {
    expect(names.map(([name]) => name)).toEqual(['ioredis', 'iovalkey', 'node-redis']);
  });

  test.each(names)('%s', async (name, expressions) => {
    const library = { ioredis, iovalkey, 'node-redis': redis }[name]!;
    const { default: _, ...exported } = library as { default?: unknown };
    const scope = { ...exported, topology, cluster, server };
    for (const expression of expressions) {
      const own = expression.replace('.ioredis()', name === 'iovalkey' ? '.iovalkey()' : '.ioredis()');
      const client = new Function(...Object.keys(scope), `return ${own}`)(...Object.values(scope)) as Client;
      client.on('error', () => undefined);
      if (name === 'node-redis') await client.connect();
      expect(await client.set('key', expression)).toBe('OK');
      expect(await client.get('key')).toBe(expression);
      if (name === 'node-redis') client.destroy();
      else client.disconnect();
    }
  });
});

interface Client {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  destroy(): void;
  disconnect(): void;
}
