/** docs/discovery.md: its commands, and its programs beside ioredis and node-redis, while a master hangs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startCluster, startSentinelTopology } from '../../src/index.js';
import { exampleOf, GuideProject, shellBlocks } from '../support/documentation.js';

const PAGE = 'docs/discovery.md';
const LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 240_000;
const project = new GuideProject();
const running: RunningProgram[] = [];

afterEach(() => running.splice(0).forEach((program) => program.end()));
afterAll(() => project.remove());

/** A program or a command of the page that runs until the test ends it. */
class RunningProgram {
  private output = '';
  private readonly child: ChildProcess;
  private onOutput: () => void = () => undefined;

  constructor(command: string, ...args: string[]) {
    this.child = spawn(command, args, { cwd: project.directory, env: project.environment() });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        this.onOutput();
      });
    }
    running.push(this);
  }

  static of(name: string, text: string): RunningProgram {
    return new RunningProgram(process.execPath, project.write(`${name}.js`, text));
  }

  /** Resolves when it has said something. */
  says(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`no ${pattern} in\n${this.output}`)), LIMIT_MS);
      this.onOutput = (): void => {
        if (!pattern.test(this.output)) return;
        clearTimeout(limit);
        resolve();
      };
      this.onOutput();
    });
  }

  /** Resolves to its output when it has ended well. */
  ends(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.child.on('close', (status) => {
        if (status === 0) resolve(this.output);
        else reject(new Error(`status ${status}\n${this.output}`));
      });
    });
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

/** Writes all the time with the client that the example has made, and says at which port it is done. */
const WRITE = `
setInterval(async () => {
  try {
    const info = await write();
    console.log('wrote at', /tcp_port:([0-9]+)/.exec(info)[1], '.');
  } catch {}
}, 50);
`;
const WRITERS = {
  'sentinel ioredis': `const write = async () => (await redis.set('key', '1'), redis.info('server'));`,
  'sentinel node-redis': `const write = async () => (await redis.set('key', '1'), redis.info('server'));`,
  'cluster ioredis': `const write = async () => {
    await redis.set('key', '1');
    const [master] = redis.slots[12539];
    return 'tcp_port:' + master.split(':')[1];
  };`,
  'cluster node-redis': `const write = async () => {
    await redis.set('key', '1');
    return 'tcp_port:' + redis.slots[12539].master.port;
  };`,
};

/** A busy machine is no hanging master. */
const PATIENCE = 'deadlineMs: 3000 }, masterTimeoutMs: 20_000, nodeTimeoutMs: 5000, sentinelTimeoutMs: 5000';

/** An example with real addresses in the place of the page's. */
function reachable(example: string, ports: readonly number[]): string {
  let index = 0;
  return example
    .replace(/\{ host: '10[^}]*\}/g, () => `{ host: '127.0.0.1', port: ${ports[index++ % ports.length]} }`)
    .replace('deadlineMs: 500 }', PATIENCE);
}

/** The commands of the page's block of that number, which asks these ports. */
function commandsOf(block: number, ports: Readonly<Record<number, number>>): string[] {
  return shellBlocks(PAGE)
    [block]!.trim()
    .split('\n')
    .map(
      (line) =>
        `${line.replace(/127\.0\.0\.1:(\d+)/g, (_, port) => `127.0.0.1:${ports[Number(port)]}`)} --timeout 20000`,
    );
}

describe('with sentinels', { timeout: TEST_LIMIT_MS }, () => {
  test('the programs follow when the master hangs, and the commands say who it is', async () => {
    await using topology = await startSentinelTopology({ downAfterMs: 2000 });
    const ports = topology.sentinels.map(({ port }) => port);
    const discovery = reachable(exampleOf(PAGE, 'sentinel'), ports);
    const programs = (['sentinel ioredis', 'sentinel node-redis'] as const).map((name) =>
      RunningProgram.of(name, `${discovery}${exampleOf(PAGE, name)}${WRITERS[name]}${WRITE}`),
    );
    const [once, watch] = commandsOf(0, { 26379: ports[0]!, 26380: ports[1]! }) as [string, string];
    const master = await topology.master();
    expect(await new RunningProgram('sh', '-c', once).ends()).toBe(`127.0.0.1:${master.port}\n`);
    const watching = new RunningProgram('sh', '-c', `exec ${watch}`);
    await watching.says(new RegExp(`"event":"master".*"port":${master.port},`));
    for (const program of programs) await program.says(new RegExp(`wrote at ${master.port} `));

    await topology.settled();
    master.pause();
    const successor = await topology.waitForFailover(LIMIT_MS);
    for (const program of programs) await program.says(new RegExp(`wrote at ${successor.port} `));
    await watching.says(new RegExp(`"event":"master".*"port":${successor.port},`));
  });
});

describe('in a cluster', { timeout: TEST_LIMIT_MS }, () => {
  test('the programs follow when a master hangs, and the commands say who they are', async () => {
    await using cluster = await startCluster({ nodeTimeoutMs: 2000 });
    const ports = cluster.nodes.map(({ port }) => port);
    const program = exampleOf(PAGE, 'cluster') + exampleOf(PAGE, 'moved');
    const discovery = reachable(program, ports);
    const programs = (['cluster ioredis', 'cluster node-redis'] as const).map((name) =>
      RunningProgram.of(name, `${discovery}${exampleOf(PAGE, name)}${WRITERS[name]}${WRITE}`),
    );
    const commands = commandsOf(1, { 7000: ports[0]!, 7001: ports[1]! });
    const [all, ofKey, watch] = commands as [string, string, string];
    const masters = cluster.nodes.slice(0, 3).map(({ port }) => `127.0.0.1:${port}`);
    const said = await new RunningProgram('sh', '-c', all).ends();
    expect(
      said
        .trim()
        .split('\n')
        .map((line) => line.split('  ')[0]),
    ).toEqual(masters);
    const userMaster = await cluster.master('user:1');
    expect(await new RunningProgram('sh', '-c', ofKey).ends()).toBe(`127.0.0.1:${userMaster.port}\n`);
    const watching = new RunningProgram('sh', '-c', `exec ${watch}`);
    await watching.says(/"event":"master".*"name":"0-5460"/);
    const master = await cluster.master('key');
    for (const each of programs) await each.says(new RegExp(`wrote at ${master.port} `));

    await cluster.settled();
    master.pause();
    const successor = await cluster.waitForFailover(LIMIT_MS);
    for (const each of programs) await each.says(new RegExp(`wrote at ${successor.port} `));
  });
});
