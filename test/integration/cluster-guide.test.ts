/** docs/cluster.md, from the first command to the last, with the configuration files of conf/cluster. */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { findFreePorts, isPortFree } from '../../src/lab/ports.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { guideEngines } from '../support/cluster-engines.js';
import { shellBlocks } from '../support/documentation.js';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const platform = createNodePlatform();
const NODE_COUNT = 8;
const blocks = shellBlocks('docs/cluster.md');
const stops: (() => void)[] = [];

afterEach(() => stops.splice(0).forEach((stop) => stop()));

/** Port 7000 of the guide, such that it, the seven after it and those 10000 above are free. */
async function freeFirstPort(): Promise<number> {
  for (;;) {
    const [port] = (await findFreePorts(platform, '127.0.0.1', 1, 10_000)) as [number];
    const ports = Array.from({ length: NODE_COUNT }, (_, index) => port + index);
    const free = [...ports, ...ports.map((each) => each + 10_000)].map((each) =>
      isPortFree(platform, '127.0.0.1', each),
    );
    if ((await Promise.all(free)).every(Boolean)) return port;
  }
}

class Guide {
  readonly directory = mkdtempSync(join(tmpdir(), 'vedette-guide-'));

  /** @param programs where `vedette-server` and `vedette-cli` are found */
  private constructor(
    private readonly firstPort: number,
    private readonly programs: string,
  ) {}

  static async open(engine: 'vedette' | 'stock'): Promise<Guide> {
    const firstPort = await freeFirstPort();
    const guide = new Guide(firstPort, engine === 'vedette' ? join(ROOT, 'bin') : '');
    stops.push(() => guide.close());
    mkdirSync(join(guide.directory, 'conf/cluster'), { recursive: true });
    for (let port = 7000; port < 7006; port++) {
      const text = readFileSync(join(ROOT, `conf/cluster/${port}.conf`), 'utf8');
      writeFileSync(join(guide.directory, `conf/cluster/${guide.port(port)}.conf`), guide.translate(text));
    }
    if (engine === 'vedette') return guide;
    const stock = join(guide.directory, 'programs');
    mkdirSync(stock);
    for (const name of ['server', 'cli'])
      symlinkSync(`/usr/bin/redis-${name}`, join(stock, `vedette-${name}`));
    return Object.assign(guide, { programs: stock });
  }

  /** Runs what the guide shows, with the ports that are free here; resolves to what it prints. */
  async run(shown: string): Promise<string> {
    const environment = { ...process.env, TERM: 'dumb', PATH: `${this.programs}:${process.env.PATH}` };
    const options = { cwd: this.directory, env: environment };
    try {
      return (await run('/bin/sh', ['-e', '-c', this.translate(shown)], options)).stdout;
    } catch (error) {
      // What the managers of clusters complain of stands in their output.
      const { message, stdout } = error as Error & { readonly stdout: string };
      throw new Error(`${message}\n${stdout}`, { cause: error });
    }
  }

  /** Waits as the guide asks for: until the nodes agree and find the cluster working. */
  async agreed(nodes: number): Promise<void> {
    await waitUntil(platform, 30_000, async () => {
      const check = await this.run('vedette-cli -a secret --cluster check 127.0.0.1:7000');
      const known = check.match(/^[MS]: /gm)?.length ?? 0;
      if (known !== nodes) return check;
      const states = await this.run('vedette-cli -a secret --cluster call 127.0.0.1:7000 CLUSTER INFO');
      const working = states.match(/cluster_state:ok/g)?.length;
      // A node that has not heard of another yet could not be told to forget it.
      const informed = states.match(new RegExp(`cluster_known_nodes:${nodes}\\b`, 'g'))?.length;
      return working === nodes && informed === nodes ? null : states;
    });
  }

  async slotsOf(port: number): Promise<number> {
    const nodes = await this.run(`vedette-cli -a secret -p ${port} CLUSTER NODES`);
    const own = nodes.split('\n').find((line) => line.includes('myself'))!;
    return own
      .split(' ')
      .slice(8)
      .map((range) => range.split('-').map(Number))
      .reduce((sum, [first, last = first]) => sum + last! - first! + 1, 0);
  }

  private port(shown: number): number {
    return this.firstPort + shown - 7000;
  }

  private translate(text: string): string {
    return text.replace(/\b700[0-7]\b/g, (port) => String(this.port(Number(port))));
  }

  private close(): void {
    for (let port = 7000; port < 7000 + NODE_COUNT; port++) {
      const pidFile = join(this.directory, String(this.port(port)), 'node.pid');
      // A server removes its file when it ends.
      if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

describe.each(guideEngines)('the guide to clusters, with %s programs', (engine) => {
  test('works from the first command to the last', { timeout: 180_000 }, async () => {
    expect(blocks).toHaveLength(11);
    const guide = await Guide.open(engine);
    const [
      startNodes,
      create,
      look,
      write,
      startMore,
      addReplica,
      reshard,
      removeReplica,
      moveBack,
      removeMaster,
      end,
    ] = blocks as [string, string, string, string, string, string, string, string, string, string, string];

    await guide.run(startNodes);
    await waitUntil(platform, 20_000, async () => {
      const pong = await guide.run('vedette-cli -a secret -p 7005 PING');
      return pong === 'PONG\n' ? null : pong;
    });
    expect(await guide.run(create)).toContain('[OK] All 16384 slots covered.');
    await guide.agreed(6);
    const seen = await guide.run(look);
    expect(seen).toContain('[OK] All nodes agree about slots configuration.');
    expect(seen).toContain('cluster_known_nodes:6');

    expect(await guide.run(write)).toBe('OK\nAnn\n42\n8106\n');
    const refused = await guide.run('vedette-cli -c -a secret -p 7000 MSET user1:name Ann user1:age 42');
    expect(refused).toContain('CROSSSLOT');

    expect(await guide.run(startMore)).toContain('[OK] New node added correctly.');
    await guide.agreed(7);
    expect(await guide.run(addReplica)).toContain('[OK] New node added correctly.');
    await guide.agreed(8);
    await guide.run(reshard);
    await guide.agreed(8);
    // 600 of three sources: 201 by rounding up, and twice 199 by rounding down.
    expect(await guide.slotsOf(7006)).toBe(599);

    await guide.run(removeReplica);
    await guide.agreed(7);
    await guide.run(moveBack);
    await guide.agreed(7);
    expect(await guide.slotsOf(7006)).toBe(0);
    await guide.run(removeMaster);
    await guide.agreed(6);
    expect(await guide.run('vedette-cli -c -a secret -p 7002 GET {user1}:age')).toBe('42\n');
    await guide.run(end);
  });
});

test('the six configurations differ by their ports only', () => {
  const files = [7000, 7001, 7002, 7003, 7004, 7005].map((port) =>
    readFileSync(join(ROOT, `conf/cluster/${port}.conf`), 'utf8').replaceAll(
      new RegExp(`\\b(1?)${port}\\b`, 'g'),
      '$1PORT',
    ),
  );
  expect(
    new Set(
      files.map((text) => text.replace('ports PORT to', 'ports 7000 to').replace('to PORT:', 'to 7005:')),
    ).size,
  ).toBe(1);
});
