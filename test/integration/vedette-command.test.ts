import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePorts, isPortFree } from '../../src/lab/ports.js';
import { runVedette } from '../../src/lab/program.js';
import { startSentinelTopology, type SentinelTopology } from '../../src/lab/sentinel-topology.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { clusterEngines } from '../support/cluster-engines.js';
import { ScriptedTerminal } from '../support/scripted-terminal.js';

const platform = createNodePlatform();

/** A port such that it, some after it and those 20000 above are free. */
async function freeFirstPort(): Promise<number> {
  for (;;) {
    const [port] = (await findFreePorts(platform, '127.0.0.1', 1)) as [number];
    const wanted = [port, port + 1, port + 2, port + 20_000, port + 20_001, port + 20_002];
    const free = await Promise.all(wanted.map((candidate) => isPortFree(platform, '127.0.0.1', candidate)));
    if (free.every(Boolean)) return port;
  }
}

function upSentinel(terminal: ScriptedTerminal, port: number, ...flags: string[]): Promise<number> {
  const args = ['up', 'sentinel', '--port', String(port), '--down-after', '500', ...flags];
  return runVedette(platform, terminal, args);
}

describe('vedette up sentinel', () => {
  test('--exec runs a command that is told the addresses, and ends with its status', async () => {
    const port = await freeFirstPort();
    const file = join(tmpdir(), `vedette-test-${platform.random.hex(8)}`);
    const terminal = new ScriptedTerminal(false);
    const command = `env | grep ^VEDETTE_ > ${file}; bin/vedette-cli -p $VEDETTE_MASTER_PORT ping >> ${file}; exit 7`;
    const status = await upSentinel(terminal, port, '--replicas', '1', '--sentinels', '1', '--exec', command);
    const said = readFileSync(file, 'utf8');
    rmSync(file);
    expect(status).toBe(7);
    expect(terminal.output).toBe('');
    expect(said).toContain(`VEDETTE_MASTER=127.0.0.1:${port}\n`);
    expect(said).toContain(`VEDETTE_SERVERS=127.0.0.1:${port},127.0.0.1:${port + 1}\n`);
    expect(said).toContain(`VEDETTE_SENTINELS=127.0.0.1:${port + 20_000}\n`);
    expect(said).toContain('VEDETTE_MASTER_NAME=mymaster\n');
    expect(said).toContain('PONG\n');
    expect(await isPortFree(platform, '127.0.0.1', port)).toBe(true);
  });

  test.each([
    [['--engine', 'stock'], 0],
    [[], 1],
  ])('with %j the servers are of that engine', async (flags, expected) => {
    const port = await freeFirstPort();
    // Vedette says so in INFO; the stock server says what allocator it has.
    const command = 'bin/vedette-cli -p $VEDETTE_MASTER_PORT INFO | grep -q "^mem_allocator:jemalloc"';
    const size = ['--replicas', '0', '--sentinels', '1'];
    expect(await upSentinel(new ScriptedTerminal(false), port, ...size, ...flags, '--exec', command)).toBe(
      expected,
    );
  });

  test('a command that dies of a signal gives the status a shell gives', async () => {
    const status = await upSentinel(
      new ScriptedTerminal(false),
      await freeFirstPort(),
      ...['--replicas', '0', '--sentinels', '1', '--exec', 'kill -9 $$'],
    );
    expect(status).toBe(137);
  });

  test('on a terminal it says how to connect, shows the failover, and takes keys', async () => {
    const port = await freeFirstPort();
    const terminal = new ScriptedTerminal(true);
    const ended = upSentinel(terminal, port, '--replicas', '1');
    await terminal.shows(/k kill a master/);
    expect(terminal.output).toContain(`vedette-cli -p ${port}`);
    await waitUntil(platform, 5000, () => Promise.resolve(terminal.takesKeys ? null : 'no keys'));

    terminal.press('s');
    await terminal.shows(new RegExp(`server-1 +vedette +127.0.0.1:${port} +process \\d+ +.*master`));
    terminal.press('k');
    await terminal.shows(/server-1 .*exit.*SIGKILL/);
    await terminal.shows(/\+\d+ ms {2}sentinel-\d .*\+odown/);
    await terminal.shows(
      new RegExp(`\\+\\d+ ms {2}client .*master .*127.0.0.1:${port + 1} \\(config epoch \\d+\\)`),
    );
    terminal.press('r');
    await terminal.shows(/server-1 .*restarted/);
    terminal.press('p');
    await terminal.shows(/server-2 .*paused/);
    terminal.press('p');
    await terminal.shows(/server-2 .*resumed/);
    terminal.press('q');
    expect(await ended).toBe(0);
    expect(terminal.takesKeys).toBe(false);
    expect(await isPortFree(platform, '127.0.0.1', port)).toBe(true);
  });

  test('without a terminal it runs until it is asked to end, and cleans up', async () => {
    const port = await freeFirstPort();
    const terminal = new ScriptedTerminal(false);
    const ended = upSentinel(terminal, port, '--replicas', '0', '--sentinels', '1', '--json');
    await terminal.shows(/\n/);
    expect(JSON.parse(terminal.output)).toMatchObject({
      event: 'ready',
      masterName: 'mymaster',
      master: `127.0.0.1:${port}`,
      replicas: [],
      sentinels: [`127.0.0.1:${port + 20_000}`],
    });
    process.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(await isPortFree(platform, '127.0.0.1', port)).toBe(true);
  });

  test('a port in use is said before anything starts', async () => {
    const port = await freeFirstPort();
    const topology = await startSentinelTopology(platform, {
      servers: ['stock'],
      sentinels: ['stock'],
      firstPort: port + 1,
    });
    const terminal = new ScriptedTerminal(false);
    expect(await upSentinel(terminal, port)).toBe(1);
    expect(terminal.errors).toBe(`vedette: Ports ${port + 1}, ${port + 20_001} are in use\n`);
    expect(await isPortFree(platform, '127.0.0.1', port)).toBe(true);
    await topology.close();
  });

  test.each([
    [['up', 'sentinel', '--port', '99999'], /65535/],
    [['up', 'sentinel', '--replicas', 'x'], /number/],
    [['up', 'sentinel', '--engine', 'keydb'], /vedette or stock/],
    [['discover'], /--sentinel or --cluster/],
    [['discover', '--cluster', 'a:b:c'], /host:port/],
    [['discover', '--cluster', 'a', '--slot', '16384'], /16384 slots/],
    [['discover', '--cluster', 'a', '--sentinel', 'b'], /cannot be used with/],
    [['discover', '--sentinel', 'a:b:c'], /host:port/],
    [['nonsense'], /unknown command/],
  ])('bad usage: %j', async (args, text) => {
    const terminal = new ScriptedTerminal(false);
    expect(await runVedette(platform, terminal, args)).toBe(1);
    expect(terminal.errors).toMatch(text);
  });

  test('--help and --version are no errors', async () => {
    const terminal = new ScriptedTerminal(false);
    expect(await runVedette(platform, terminal, ['--help'])).toBe(0);
    expect(terminal.output).toMatch(/discover/);
    expect(await runVedette(platform, terminal, ['--version'])).toBe(0);
    expect(terminal.output).toMatch(/\d+\.\d+\.\d+\n$/);
  });
});

describe('vedette up cluster', () => {
  /** A port such that it, those after it and those 10000 above are free. */
  async function freeFirstNodePort(count: number): Promise<number> {
    for (;;) {
      const [port] = (await findFreePorts(platform, '127.0.0.1', 1, 10_000)) as [number];
      const nodes = Array.from({ length: count }, (_, index) => port + index);
      const wanted = [...nodes, ...nodes.map((node) => node + 10_000)];
      const free = await Promise.all(wanted.map((candidate) => isPortFree(platform, '127.0.0.1', candidate)));
      if (free.every(Boolean)) return port;
    }
  }

  function upCluster(terminal: ScriptedTerminal, port: number, ...flags: string[]): Promise<number> {
    const args = ['up', 'cluster', '--port', String(port), '--node-timeout', '500', ...flags];
    return runVedette(platform, terminal, args);
  }

  test.each(clusterEngines)('with %s nodes it shows a failover, and takes keys', async (engine) => {
    const port = await freeFirstNodePort(6);
    const terminal = new ScriptedTerminal(true);
    const ended = upCluster(terminal, port, '--engine', String(engine));
    await terminal.shows(/k kill a master/);
    expect(terminal.output).toContain(`vedette-cli -c -p ${port}`);
    await waitUntil(platform, 5000, () => Promise.resolve(terminal.takesKeys ? null : 'no keys'));

    terminal.press('s');
    await terminal.shows(new RegExp(`node-1 .*127.0.0.1:${port} .*master, slots 0-5460, config epoch 1`));
    terminal.press('k');
    await terminal.shows(/node-1 .*exit.*SIGKILL/);
    await terminal.shows(/\+\d+ ms {2}node-\d .*pfail .*node-1/);
    await terminal.shows(/\+\d+ ms {2}node-4 .*promoted/);
    await terminal.shows(
      new RegExp(`client .*master .*127.0.0.1:${port + 3} \\(slots 0-5460, config epoch \\d+\\)`),
    );
    terminal.press('r');
    await terminal.shows(/node-1 .*restarted/);
    terminal.press('p');
    await terminal.shows(/node-\d .*paused/);
    terminal.press('p');
    await terminal.shows(/node-\d .*resumed/);
    terminal.press('q');
    expect(await ended).toBe(0);
    expect(await isPortFree(platform, '127.0.0.1', port)).toBe(true);
  });

  test('--exec runs a command that is told the addresses, and ends with its status', async () => {
    const port = await freeFirstNodePort(3);
    const file = join(tmpdir(), `vedette-test-${platform.random.hex(8)}`);
    const status = await upCluster(
      new ScriptedTerminal(false),
      port,
      ...['--engine', 'stock', '--replicas', '0', '--exec', `env | grep ^VEDETTE_ > ${file}; exit 7`],
    );
    const said = readFileSync(file, 'utf8');
    rmSync(file);
    expect(status).toBe(7);
    expect(said).toContain(`VEDETTE_NODES=127.0.0.1:${port},127.0.0.1:${port + 1},127.0.0.1:${port + 2}\n`);
    expect(said).toContain(`VEDETTE_PORT=${port}\n`);
  });

  test('when it is killed itself, its servers do not outlive it', async () => {
    const port = await freeFirstNodePort(3);
    const flags = ['--engine', 'stock', '--replicas', '0', '--json', '--port', String(port)];
    const vedette = spawn('bin/vedette', ['up', 'cluster', ...flags], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ready = await new Promise<string>((resolve) => vedette.stdout.once('data', resolve));
    const { masters, directory } = JSON.parse(String(ready)) as { masters: string[]; directory: string };
    expect(masters).toHaveLength(3);
    expect(await isPortFree(platform, '127.0.0.1', port)).toBe(false);
    vedette.kill('SIGKILL');
    await waitUntil(platform, 60_000, async () => {
      const free = [port, port + 1, port + 2].map((each) => isPortFree(platform, '127.0.0.1', each));
      return (await Promise.all(free)).every(Boolean) ? null : 'servers are still there';
    });
    rmSync(directory, { recursive: true });
  });
});

describe('vedette discover', () => {
  let topology: SentinelTopology;

  beforeAll(async () => {
    topology = await startSentinelTopology(platform, {
      servers: ['vedette', 'vedette'],
      downAfterMs: 500,
    });
  });
  afterAll(() => topology.close());

  function sentinelFlags(): string[] {
    return topology.sentinelAddresses.flatMap(({ host, port }) => ['--sentinel', `${host}:${port}`]);
  }

  test('prints the address, or everything as JSON', async () => {
    const terminal = new ScriptedTerminal(false);
    expect(await runVedette(platform, terminal, ['discover', ...sentinelFlags()])).toBe(0);
    const { port } = topology.servers[0]!.address;
    expect(terminal.output).toBe(`127.0.0.1:${port}\n`);

    const forPrograms = new ScriptedTerminal(false);
    expect(await runVedette(platform, forPrograms, ['discover', ...sentinelFlags(), '--json'])).toBe(0);
    const { host, port: sentinelPort } = topology.sentinelAddresses[0]!;
    const sentinel = `${host}:${sentinelPort}`;
    expect(JSON.parse(forPrograms.output)).toEqual({
      name: 'mymaster',
      host,
      port,
      configEpoch: 0,
      sentinel,
    });
  });

  test('without a verified master it says what every sentinel said, and fails', async () => {
    const terminal = new ScriptedTerminal(false);
    const args = ['discover', '--sentinel', '127.0.0.1:1', ...sentinelFlags(), '--name', 'nonesuch'];
    expect(await runVedette(platform, terminal, args)).toBe(1);
    expect(terminal.output).toBe('');
    expect(terminal.errors).toMatch(/127\.0\.0\.1:1: .*ECONNREFUSED/);
    expect(terminal.errors.match(/No master named nonesuch/g)).toHaveLength(3);
  });

  test('--watch prints each change as it happens', async () => {
    const terminal = new ScriptedTerminal(false);
    const ended = runVedette(platform, terminal, ['discover', ...sentinelFlags(), '--watch', '--json']);
    await terminal.shows(/"master"/);
    await topology.servers[0]!.kill();
    await terminal.shows(new RegExp(`"master".*"port":${topology.servers[1]!.address.port}`));
    process.emit('SIGINT');
    expect(await ended).toBe(0);
    const events = terminal.output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events[0]).toBe('master');
    expect(events[1]).toBe('lost');
    expect(events.at(-1)).toBe('master');
  });
});
