/** The examples of docs/testing.md run as they stand there; and a program that imports the package ends by itself. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleOf } from '../support/documentation.js';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const PAGE = 'docs/testing.md';
const LIMIT_MS = 120_000;
let project = '';

/** A project that has installed the package, the clients and the test runners. */
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'vedette-guide-'));
  const modules = join(project, 'node_modules');
  mkdirSync(modules);
  symlinkSync(ROOT, join(modules, 'vedette'));
  for (const name of ['ioredis', 'redis', 'vitest', 'jest', '@jest']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }\n');
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(project, name);
  writeFileSync(path, text);
  return path;
}

/** Without what this runner has set for its own children. */
function environment(further: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, VITEST: __, NODE_ENV: ___, ...inherited } = process.env;
  return { ...inherited, ...further };
}

test('the example for node:test passes', { timeout: LIMIT_MS }, async () => {
  const path = write('node.test.js', exampleOf(PAGE, 'node:test'));
  const { stdout } = await run(process.execPath, ['--test', path], { cwd: project, env: environment() });
  expect(stdout).toMatch(/pass 1/);
});

test('the example for Vitest passes', { timeout: LIMIT_MS }, async () => {
  write('vitest.test.js', exampleOf(PAGE, 'vitest'));
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const { stdout } = await run(process.execPath, [vitest, 'run', '--root', project, 'vitest.test.js'], {
    cwd: project,
    env: environment(),
  });
  expect(stdout).toMatch(/1 passed/);
});

test('the example for Jest passes', { timeout: LIMIT_MS }, async () => {
  write('jest.test.js', exampleOf(PAGE, 'jest'));
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const { stderr } = await run(process.execPath, [jest, '--rootDir', project, 'jest.test.js'], {
    cwd: project,
    env: environment({ NODE_OPTIONS: '--experimental-vm-modules' }),
  });
  expect(stderr).toMatch(/1 passed/);
});

const PROGRAM = `
import { startCluster, startSentinelTopology, startServer } from 'vedette';

const title = process.title;
const startMs = performance.now();
const sentinels = await startSentinelTopology();
const readyMs = performance.now() - startMs;
const server = await startServer();
const cluster = await startCluster();
await sentinels.servers[0].kill();
sentinels.servers[1].pause();
sentinels.partition([sentinels.sentinels[0]]);
sentinels.slow('sentinel-2', 50);
sentinels.dropReplies('sentinel-3');
cluster.partition([cluster.nodes[0], 'clients']);
await Promise.all([server.stop(), cluster.stop(), sentinels.stop()]);
console.log(
  JSON.stringify({
    readyMs,
    title: process.title === title,
    signals: process.eventNames().filter((name) => String(name).startsWith('SIG')),
    // What this output itself needs is not ours.
    resources: process.getActiveResourcesInfo().filter((name) => !/^(PipeWrap|TTYWrap|FSReq|TickObject)/.test(name)),
  }),
);
`;

test(
  'after stop nothing is left, and the program ends by itself',
  { timeout: LIMIT_MS },
  async ({ annotate }) => {
    const path = write('program.mjs', PROGRAM);
    const temporary = join(project, 'temporary');
    mkdirSync(temporary);
    const before = readdirSync(project);
    const { stdout, stderr } = await run(process.execPath, [path], {
      cwd: project,
      env: environment({ TMPDIR: temporary }),
    });
    const { readyMs, ...left } = JSON.parse(stdout) as { readyMs: number };
    expect(left).toEqual({ title: true, signals: [], resources: [] });
    expect(stderr).toBe('');
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(project)).toEqual(before);
    await annotate(`three servers and three sentinels were ready in ${Math.round(readyMs)} ms`);
  },
);
