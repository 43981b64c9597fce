/** README.md: its two commands, its programs and its table of commands. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { groupsOf, withCommandTable } from '../../scripts/command-table.mjs';
import { findFreePorts, isPortFree } from '../../src/lab/ports.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { exampleOf, GuideProject, ROOT, shellBlocks } from '../support/documentation.js';
import { OUR_SERVER, RunningServer } from '../support/running-server.js';

const PAGE = 'README.md';
const LIMIT_MS = 120_000;
const platform = createNodePlatform();
const project = new GuideProject();

afterAll(() => project.remove());

/** A port such that it, the two after it and the three 20000 above are free. */
async function freeFirstPort(): Promise<number> {
  for (;;) {
    const [port] = (await findFreePorts(platform, '127.0.0.1', 1, 20_000)) as [number];
    const wanted = [0, 1, 2].flatMap((index) => [port + index, port + index + 20_000]);
    const free = await Promise.all(wanted.map((each) => isPortFree(platform, '127.0.0.1', each)));
    if (free.every(Boolean)) return port;
  }
}

/** Runs a program of the page to its end; resolves to what it says. */
function run(name: string, program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [project.write(`${name}.js`, program)], {
      cwd: project.directory,
      env: project.environment(),
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    child.on('close', (status) => (status === 0 ? resolve(output) : reject(new Error(output + errors))));
  });
}

test('what `npm start` brings up is what the programs find', { timeout: LIMIT_MS }, async () => {
  const [commands] = shellBlocks(PAGE) as [string];
  expect(commands).toMatch(/^npm ci && npm start .*\nnpm ci && npm test /);
  const port = await freeFirstPort();
  const started = spawn('npm', ['start', '--', '--port', String(port)], {
    cwd: ROOT,
    env: project.environment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => started.on('close', resolve));
  try {
    await new Promise<void>((resolve, reject) => {
      let output = '';
      started.stdout.on('data', (chunk) => {
        output += String(chunk);
        if (output.includes('new Redis(')) resolve();
      });
      started.on('close', () => reject(new Error(output)));
    });
    const here = (name: string): string => exampleOf(PAGE, name).replace('26379', String(port + 20_000));
    const tells = "\nconsole.log(await redis.get('greeting'));\nredis.disconnect();\n";
    expect(await run('ioredis', here('ioredis') + tells)).toBe('hello\n');
    // Asked once, a sentinel has half a second to answer: on a busy machine that may take another attempt.
    await waitUntil(platform, LIMIT_MS / 2, async () => {
      try {
        const said = await run('discovery', here('discovery'));
        return said.includes(`port: ${port} }`) ? null : said;
      } catch (error) {
        return String(error);
      }
    });
  } finally {
    process.kill(-started.pid!, 'SIGINT');
    await ended;
  }
});

test('the program for tests writes on after the failover', { timeout: LIMIT_MS }, async () => {
  const example = exampleOf(PAGE, 'test');
  const tells = "console.log(await redis.get('greeting'));\n";
  const program = example.replace('redis.disconnect', `${tells}redis.disconnect`);
  expect(await run('test', program)).toBe('hello again\n');
});

test('the table of commands is what COMMAND DOCS says; `npm run docs` writes it', async () => {
  const server = await RunningServer.start(OUR_SERVER);
  const client = await server.connect();
  const [reply] = await client.pipeline([['command', 'docs']]);
  client.close();
  await server.stop();
  const commands = groupsOf(reply.latin1Slice());
  expect(commands.get('zadd')).toBe('sorted-set');
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(withCommandTable(readme, commands)).toBe(readme);
});
