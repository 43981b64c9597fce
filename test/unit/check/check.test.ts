/** vedette-check-rdb and vedette-check-aof: what they say of files, and what they change. */
import { beforeEach, describe, expect, it } from 'vitest';
import { runCheckAof, runCheckRdb } from '../../../src/check/program.js';
import type { LineSource, Terminal } from '../../../src/platform/terminal.js';
import { VirtualWorld, type FileSystem, type VirtualProcess } from '../../../src/platform/virtual/index.js';
import { encodeRequest } from '../../support/resp.js';

const SNAPSHOT = Buffer.from(
  '524544495330303130fa0972656469732d76657206372e302e3135fa0a72656469732d62697473c040fa056374696d65c2266a036bfa08757365' +
    '642d6d656dc2a03a1000fa08616f662d62617365c000f5404223216c7561206e616d653d6c0a72656469732e72656769737465725f6675' +
    '6e6374696f6e282766272c66756e6374696f6e28292072657475726e203120656e64290afe00fb030100017305' +
    '68656c6c6f12016c01020d0d0000000200816102816202fffc00d8c32cbb03000000016ec1e803fe02fb0100100168' +
    '0d0d0000000200816602817602ffff1a16fec4444d4cc8',
  'hex',
);
const DIRECTORY = '/files/appendonlydir';
const MANIFEST = `${DIRECTORY}/appendonly.aof.manifest`;

let world: VirtualWorld;
let platform: VirtualProcess;
let disk: FileSystem;
let answer: string | null;
let output: string;

beforeEach(() => {
  world = new VirtualWorld({ seed: 1 });
  platform = world.createProcess('files');
  ({ disk } = world.host('files'));
  answer = null;
  output = '';
});

const lines: LineSource = {
  next: (_prompt, callback) => callback(answer),
  onInput: () => () => undefined,
  onInterrupt: () => () => undefined,
  close: () => undefined,
};

const terminal: Terminal = {
  isInputTerminal: false,
  isOutputTerminal: false,
  write: (bytes) => void (output += bytes),
  writeError: (bytes) => void (output += bytes),
  readAll: (callback) => callback(''),
  onKey: () => () => undefined,
  openInput: () => ({ pause: () => undefined, resume: () => undefined }),
  openLines: () => lines,
};

/** Runs a checker while the virtual time goes on; its exit status. */
async function run(checker: typeof runCheckAof, ...args: string[]): Promise<number> {
  let status: number | null = null;
  void checker(platform, terminal, args).then((code) => (status = code));
  while (status === null) {
    world.advance(1);
    await Promise.resolve();
  }
  return status;
}

function put(name: string, ...parts: (string | Buffer)[]): void {
  disk.put(
    `${DIRECTORY}/${name}`,
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
    ).latin1Slice(),
  );
}

const set = (key: string, value: string): Buffer => encodeRequest(['SET', key, value]);

describe('vedette-check-rdb', () => {
  it('says what a good snapshot holds', async () => {
    disk.put('/files/dump.rdb', SNAPSHOT.latin1Slice());
    expect(await run(runCheckRdb, 'dump.rdb')).toBe(0);
    expect(output.split('\n')).toEqual([
      '[offset 0] Checking RDB file dump.rdb',
      "[offset 27] AUX FIELD redis-ver = '7.0.15'",
      "[offset 41] AUX FIELD redis-bits = '64'",
      "[offset 53] AUX FIELD ctime = '1795385894'",
      "[offset 68] AUX FIELD used-mem = '1063584'",
      "[offset 80] AUX FIELD aof-base = '0'",
      '[offset 151] Selecting DB ID 0',
      '[offset 199] Selecting DB ID 2',
      '[offset 228] Checksum OK',
      '[offset 228] \\o/ RDB looks OK! \\o/',
      '[info] 4 keys read',
      '[info] 1 expires',
      '[info] 0 already expired',
      '',
    ]);
  });

  it('says at which byte a damaged one is wrong, why, and of which key', async () => {
    const short = SNAPSHOT.subarray(0, 170);
    disk.put('/files/dump.rdb', short.latin1Slice());
    expect(await run(runCheckRdb, 'dump.rdb')).toBe(1);
    expect(output).toMatch(/--- RDB ERROR DETECTED ---\n\[offset \d+\] Unexpected end of the RDB file\n/);
    expect(output).toContain('[additional info] While doing: read-object-value');
    expect(output).toContain('[additional info] Reading key "l"');
    output = '';
    const wrong = Buffer.from(SNAPSHOT);
    wrong[158] ^= 1;
    disk.put('/files/dump.rdb', wrong.latin1Slice());
    expect(await run(runCheckRdb, 'dump.rdb')).toBe(1);
    expect(output).toContain('RDB CRC error');
  });

  it('wants exactly one file, which must be there', async () => {
    expect(await run(runCheckRdb)).toBe(1);
    expect(output).toBe('Usage: vedette-check-rdb <rdb-file-name>\n');
    expect(await run(runCheckRdb, 'nothing.rdb')).toBe(1);
    expect(output).toContain('Cannot open file nothing.rdb: No such file or directory');
  });
});

describe('vedette-check-aof', () => {
  beforeEach(() => {
    put('appendonly.aof.manifest', 'file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n');
    put('a.1.base.rdb', SNAPSHOT);
    put('a.1.incr.aof', set('a', '1'), set('b', '2'));
  });

  it('checks all files that a manifest names', async () => {
    expect(await run(runCheckAof, MANIFEST)).toBe(0);
    const said = output.split('\n').filter((line) => !line.startsWith('['));
    const size = set('a', '1').length * 2;
    expect(said).toEqual([
      'Start checking Multi Part AOF',
      'Start to check BASE AOF (RDB format).',
      'RDB preamble is OK, proceeding with AOF tail...',
      'AOF analyzed: filename=a.1.base.rdb, size=228, ok_up_to=228, ok_up_to_line=1, diff=0',
      'BASE AOF a.1.base.rdb is valid',
      'Start to check INCR files.',
      `AOF analyzed: filename=a.1.incr.aof, size=${size}, ok_up_to=${size}, ok_up_to_line=15, diff=0`,
      'INCR AOF a.1.incr.aof is valid',
      'All AOF files and manifest are valid',
      '',
    ]);
  });

  it('says at which byte a file is wrong, and cuts it only when told and asked', async () => {
    const whole = set('a', '1');
    put('a.1.incr.aof', whole, '*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$5\r\nlo');
    expect(await run(runCheckAof, MANIFEST)).toBe(1);
    expect(output).toMatch(/^0x +33: Expected to read 7 bytes, got 2 bytes$/m);
    expect(output).toContain('AOF a.1.incr.aof is not valid. Use the --fix option to try fixing it.');
    answer = 'n';
    expect(await run(runCheckAof, '--fix', MANIFEST)).toBe(1);
    expect(output).toContain('Aborting...');
    answer = 'y';
    expect(await run(runCheckAof, '--fix', MANIFEST)).toBe(0);
    expect(output).toContain('Successfully truncated AOF a.1.incr.aof');
    expect(disk.durableText(`${DIRECTORY}/a.1.incr.aof`)).toBe(whole.latin1Slice());
  });

  it('goes back to before a transaction that is not complete', async () => {
    put('a.1.incr.aof', set('a', '1'), encodeRequest(['MULTI']), set('b', '2'));
    expect(await run(runCheckAof, MANIFEST)).toBe(1);
    expect(output).toContain('Reached EOF before reading EXEC for MULTI');
    expect(output).toContain(`ok_up_to=${set('a', '1').length},`);
  });

  it('does not shorten a file that is not the last one', async () => {
    const manifest = `${disk.text(MANIFEST) ?? ''}file a.2.incr.aof seq 2 type i\n`;
    put('appendonly.aof.manifest', manifest);
    put('a.1.incr.aof', set('a', '1'), '*3\r\n');
    put('a.2.incr.aof', set('c', '3'));
    answer = 'y';
    expect(await run(runCheckAof, '--fix', MANIFEST)).toBe(1);
    expect(output).toContain('Failed to truncate AOF a.1.incr.aof because it is not the last file');
  });

  it('goes back to a moment', async () => {
    put('a.1.incr.aof', '#TS:100\r\n', set('a', '1'), '#TS:200\r\n', set('a', '2'));
    expect(await run(runCheckAof, '--truncate-to-timestamp', '150', MANIFEST)).toBe(0);
    expect(output).toContain('Successfully truncated AOF a.1.incr.aof to timestamp 150');
    expect(disk.text(`${DIRECTORY}/a.1.incr.aof`)).toBe(`#TS:100\r\n${set('a', '1').latin1Slice()}`);
    output = '';
    expect(await run(runCheckAof, '--truncate-to-timestamp', '150', MANIFEST)).toBe(0);
    expect(output).toContain('Truncate nothing in AOF a.1.incr.aof to timestamp 150');
  });

  it('checks single files of older versions', async () => {
    disk.put('/files/old.aof', set('a', '1').latin1Slice());
    expect(await run(runCheckAof, 'old.aof')).toBe(0);
    expect(output).toContain('Start checking Old-Style AOF\n');
    expect(output).toContain('AOF old.aof is valid');
    disk.put('/files/old.aof', 'nonsense\n');
    expect(await run(runCheckAof, 'old.aof')).toBe(1);
    expect(output).toContain('AOF old.aof format error');
  });

  it('refuses a manifest that it cannot read, and command lines that make no sense', async () => {
    put('appendonly.aof.manifest', 'file a.1.base.rdb seq 1 type x\n');
    expect(await run(runCheckAof, MANIFEST)).toBe(1);
    expect(output).toContain('Unknown AOF file type');
    expect(await run(runCheckAof, '--nonsense', MANIFEST)).toBe(1);
    expect(output).toContain('Usage: vedette-check-aof');
    expect(await run(runCheckAof, '--truncate-to-timestamp', 'x', MANIFEST)).toBe(1);
    expect(output).toContain('Invalid timestamp, aborting...');
  });

  it.each([
    ['vedette-check-rdb <', runCheckRdb],
    ['vedette-check-aof [', runCheckAof],
  ])('tells how it is used: %s', async (usage, checker) => {
    expect(await run(checker, '--help')).toBe(0);
    expect(output).toContain(`Usage: ${usage}`);
  });
});
