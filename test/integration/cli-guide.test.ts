/** docs/cli.md: every command that it shows, as it stands there, but for the port and the directory. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseCommandLine } from '../../src/cli/options.js';
import { shellBlocks } from '../support/documentation.js';
import { OUR_SERVER, RunningServer } from '../support/running-server.js';

const ROOT = resolve(import.meta.dirname, '../..');
const [START, ...BLOCKS] = shellBlocks('docs/cli.md') as [string, ...string[]];
const directory = mkdtempSync(join(tmpdir(), 'vedette-cli-guide-'));
let server: RunningServer;

beforeAll(async () => {
  const options = ['--maxmemory-policy', 'allkeys-lfu', '--repl-diskless-sync-delay', '0'];
  server = await RunningServer.start(OUR_SERVER, ...options);
});

afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

/** Runs a line in a shell that stops at the first thing that fails; resolves to its output. */
function shell(line: string): Promise<string> {
  const command = line
    .replaceAll('6379', String(server.port))
    .replaceAll('vedette-cli ', `vedette-cli -p ${server.port} `);
  const environment = { ...process.env, PATH: `${join(ROOT, 'bin')}:${process.env.PATH}`, HOME: directory };
  return new Promise((done, fail) => {
    const child = execFile(
      'sh',
      ['-ec', command],
      { cwd: directory, env: environment },
      (error, output, errors) => {
        if (error === null) done(output);
        else fail(new Error(`${command}\n${output}${errors}`));
      },
    );
    child.stdin?.end();
  });
}

const OUTPUTS: Readonly<Record<string, RegExp>> = {
  'vedette-cli GET greeting': /^hello\n$/,
  'vedette-cli -r 3 -i 0.01 INCR counter': /^1\n2\n3\n$/,
  'vedette-cli --json HELLO 3': /^\{"server":"redis"/,
  'vedette-cli -n 1 --no-raw LRANGE nothing 0 -1': /^\(empty array\)\n$/,
  'vedette-cli help set': /SET.*key value \[NX\|XX\]/,
  "vedette-cli --scan --pattern 'count*'": /^counter\n$/,
  'vedette-cli --bigkeys': /Sampled 3 keys in the keyspace!/,
  'vedette-cli --hotkeys': /keyname: "counter"/,
  'vedette-cli --stat -i 0.1 | head -3': /^-+ data .*\nkeys .*\n3 .*\n$/,
  'vedette-cli --eval script.lua key , argument': /^key\nargument\n$/,
};

test('the server that it starts is one that starts', () => {
  expect(START).toBe('vedette-server --port 6379 --maxmemory-policy allkeys-lfu &\n');
});

const LINES = BLOCKS.flatMap((block) => block.trim().split('\n'));

test('the page shows what is looked at here', () => {
  expect(Object.keys(OUTPUTS).filter((line) => !LINES.includes(line))).toEqual([]);
});

// In order: what one stores the next shows.
test.each(LINES)('%s', async (line) => {
  expect(await shell(line)).toMatch(OUTPUTS[line] ?? /(?:)/);
});

test('the snapshot is one', () => {
  expect(readFileSync(join(directory, 'copy.rdb')).latin1Slice(0, 5)).toBe('REDIS');
});

test('every option that it names is one', () => {
  const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8').split('## What differs')[0]!;
  const named = new Set([...page.matchAll(/(?<![\w-])--[a-z-]+/g)].map(([name]) => name));
  for (const name of ['--port', '--maxmemory-policy']) named.delete(name);
  expect(named.size).toBeGreaterThan(20);
  for (const name of named)
    expect(() => parseCommandLine([name, '1', 'PING'], {})).not.toThrow(/Unrecognized/);
});
