/** The line that a person types: hints behind it, completion, and lines that come out of it. */
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TypedLines } from '../../../src/platform/node/terminal-lines.js';

const GREY_HINT = (text: string): string => `\x1b7\x1b[90m${text}\x1b[0m\x1b8`;

let stdin: PassThrough;
let stdout: PassThrough & { columns: number };
let lines: TypedLines;
let shown: string;

beforeEach(() => {
  stdin = new PassThrough();
  stdout = Object.assign(new PassThrough(), { columns: 40 });
  shown = '';
  stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  lines = new TypedLines(
    {
      history: ['earlier'],
      complete: (line) => ['GET', 'GETDEL'].filter((name) => name.toLowerCase().startsWith(line)),
      hint: (line) => (line.startsWith('get') ? 'key and more than has room in this row' : ''),
      isRemembered: () => true,
    },
    { stdin, stdout },
  );
});

afterEach(() => lines.close());

/** Types, and lets everybody hear of it. */
async function type(keys: string): Promise<void> {
  shown = '';
  stdin.write(keys);
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setTimeout(resolve, 0));
}

function nextLine(): Promise<string | null> {
  return new Promise((resolve) => lines.next('> ', resolve));
}

test('a hint stands behind the line in what is left of the row, and goes when the line is entered', async () => {
  const line = nextLine();
  await type('ge');
  expect(shown).not.toContain('\x1b[90m');
  await type('t');
  // A space before it, which has not been typed yet.
  expect(shown).toMatch(/t.*\x1b7/s);
  expect(shown).toContain(GREY_HINT(' key and more than has room in this ro'.slice(0, 34)));
  await type(' ');
  expect(shown).toMatch(/^\x1b\[K/);
  expect(shown).toContain(GREY_HINT('key and more than has room in this row'.slice(0, 33)));
  await type('\r');
  expect(shown).toMatch(/^\x1b\[K/);
  expect(shown).not.toContain('\x1b[90m');
  expect(await line).toBe('get ');
});

test('there is no hint while the cursor is within the line', async () => {
  const line = nextLine();
  await type('get');
  await type('\x1b[D');
  expect(shown).not.toContain('\x1b[90m');
  await type('\r');
  expect(await line).toBe('get');
});

test('Tab completes the line', async () => {
  const line = nextLine();
  await type('getd');
  await type('\t');
  await type(' k\r');
  expect(await line).toBe('GETDEL k');
});

test('earlier lines can be called up', async () => {
  const line = nextLine();
  await type('\x1b[A');
  await type('\r');
  expect(await line).toBe('earlier');
});

test('what arrives at once is put where the cursor is', async () => {
  const line = nextLine();
  await type('ET\x01G\x1b[F é\x1b[D/\r');
  expect(await line).toBe('GET /\xc3\xa9');
});
