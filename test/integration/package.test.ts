/** What `npm pack` makes works where it is unpacked: every executable, and the package as a library. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePorts } from '../../src/lab/ports.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const platform = createNodePlatform();
let directory = '';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-package-'));
  // The build is there already: a test does not replace what others are running.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: ROOT });
  await run('sh', ['-c', 'tar -xzf vedette-*.tgz'], { cwd: directory });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'package', 'node_modules'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const bin = (name: string): string => join(directory, 'package', 'bin', name);

test.each(['vedette', 'vedette-server', 'vedette-sentinel', 'vedette-cli'])(
  '%s tells its version',
  async (name) => {
    const { stdout } = await run(bin(name), ['--version']);
    expect(stdout).toMatch(/\d+\.\d+\.\d+/);
  },
);

test('the samples and guides are part of it', () => {
  for (const path of ['conf/redis.conf', 'conf/sentinel.conf', 'docs/sentinel.md', 'README.md', 'LICENSE']) {
    expect(existsSync(join(directory, 'package', path)), path).toBe(true);
  }
});

test('its server serves, and its client talks to it', async () => {
  const [port] = await findFreePorts(platform, '127.0.0.1', 1);
  const server = spawn(bin('vedette-server'), ['--port', String(port), '--save', ''], {
    cwd: directory,
    stdio: 'ignore',
  });
  try {
    const cli = (...args: string[]) => run(bin('vedette-cli'), ['-p', String(port), ...args]);
    await waitUntil(platform, 20_000, async () => {
      try {
        return (await cli('SET', 'k', 'v')).stdout.trim() === 'OK' ? null : 'no OK';
      } catch (error) {
        return String(error);
      }
    });
    expect((await cli('GET', 'k')).stdout).toBe('v\n');
  } finally {
    server.kill('SIGKILL');
  }
});

test('programs can import it', async () => {
  const script = "import('vedette').then((it) => console.log(typeof it.MasterDiscovery))";
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: join(directory, 'package') });
  expect(stdout.trim()).toBe('function');
});
