/** The examples of docs/testing.md run as they stand there; and a program that imports the package ends by itself. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { exampleOf, GuideProject, ROOT } from '../support/documentation.js';

const run = promisify(execFile);
const PAGE = 'docs/testing.md';
const LIMIT_MS = 120_000;
const project = new GuideProject();

afterAll(() => project.remove());

test('the example for node:test passes', { timeout: LIMIT_MS }, async () => {
  const path = project.write('node.test.js', exampleOf(PAGE, 'node:test'));
  const { stdout } = await run(process.execPath, ['--test', path], {
    cwd: project.directory,
    env: project.environment(),
  });
  expect(stdout).toMatch(/pass 1/);
});

test('the example for Vitest passes', { timeout: LIMIT_MS }, async () => {
  project.write('vitest.test.js', exampleOf(PAGE, 'vitest'));
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const { stdout } = await run(
    process.execPath,
    [vitest, 'run', '--root', project.directory, 'vitest.test.js'],
    {
      cwd: project.directory,
      env: project.environment(),
    },
  );
  expect(stdout).toMatch(/1 passed/);
});

test('the example for Jest passes', { timeout: LIMIT_MS }, async () => {
  project.write('jest.test.js', exampleOf(PAGE, 'jest'));
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const { stderr } = await run(process.execPath, [jest, '--rootDir', project.directory, 'jest.test.js'], {
    cwd: project.directory,
    env: project.environment({ NODE_OPTIONS: '--experimental-vm-modules' }),
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
    const path = project.write('program.mjs', PROGRAM);
    const temporary = join(project.directory, 'temporary');
    mkdirSync(temporary);
    const before = readdirSync(project.directory);
    const { stdout, stderr } = await run(process.execPath, [path], {
      cwd: project.directory,
      env: project.environment({ TMPDIR: temporary }),
    });
    const { readyMs, ...left } = JSON.parse(stdout) as { readyMs: number };
    expect(left).toEqual({ title: true, signals: [], resources: [] });
    expect(stderr).toBe('');
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(project.directory)).toEqual(before);
    await annotate(`three servers and three sentinels were ready in ${Math.round(readyMs)} ms`);
  },
);
