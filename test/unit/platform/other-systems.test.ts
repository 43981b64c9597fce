/** What other systems do not have, played here: syncing of directories, first lines of scripts, /proc, a home in HOME. */
import type * as FileSystem from 'node:fs';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dotFilePath } from '../../../src/cli/dot-file.js';
import { openFilesLimit } from '../../../src/launch/open-files.js';
import { createNodePlatform } from '../../../src/platform/node/index.js';
import { startedProgram } from '../../../src/platform/node/script-program.js';

/** What syncing a directory ends with. */
const directories = vi.hoisted(() => ({ code: 'EPERM' }));

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof FileSystem>();
  const failure = () => Object.assign(new Error(directories.code), { code: directories.code });
  const isDirectory = (descriptor: number): boolean => fs.fstatSync(descriptor).isDirectory();
  return {
    ...fs,
    fsyncSync: (descriptor: number) => {
      if (isDirectory(descriptor)) throw failure();
      fs.fsyncSync(descriptor);
    },
    fsync: (descriptor: number, callback: (error: Error | null) => void) => {
      if (isDirectory(descriptor)) process.nextTick(callback, failure());
      else fs.fsync(descriptor, callback);
    },
  };
});

const { disk } = createNodePlatform();
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-test-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function replaceFile(path: string, text: string): Promise<Error | null> {
  return new Promise((resolve) => disk.replaceFile(path, Buffer.from(text), 0o600, resolve));
}

describe('a file that is replaced', () => {
  it('is replaced where directories cannot be synced', async () => {
    directories.code = 'EPERM';
    const path = join(directory, 'file');
    expect(await replaceFile(path, 'one')).toBeNull();
    expect(readFileSync(path, 'utf8')).toBe('one');
    disk.replaceFileSync(path, Buffer.from('two'), 0o600);
    expect(readFileSync(path, 'utf8')).toBe('two');
    const synced = await new Promise((resolve) => disk.syncDirectory(directory, resolve));
    expect(synced).toBeNull();
  });

  it('is not taken for durable where the disk failed', async () => {
    directories.code = 'EIO';
    const path = join(directory, 'file');
    expect(await replaceFile(path, 'one')).toMatchObject({ code: 'EIO' });
    expect(() => disk.replaceFileSync(path, Buffer.from('two'), 0o600)).toThrow('EIO');
  });
});

describe('a program', () => {
  it.each([
    ['#!/usr/bin/env -S node --max-old-space-size=65536\n', ['--max-old-space-size=65536']],
    ['#!/usr/bin/env node\r\n', []],
    ['#!/usr/local/bin/node\n', []],
  ])('that begins with %j is run by this Node', (firstLine, flags) => {
    const path = join(directory, 'program');
    writeFileSync(path, `${firstLine}console.log(1);\n`);
    expect(startedProgram(path, ['x'])).toEqual({ path: process.execPath, args: [...flags, path, 'x'] });
  });

  it.each(['#!/bin/sh\n', '#!/usr/bin/env node-gyp\n', '\x7fELF', ''])(
    'that begins with %j is left to the system',
    (start) => {
      const path = join(directory, 'program');
      writeFileSync(path, start);
      chmodSync(path, 0o755);
      expect(startedProgram(path, ['x'])).toEqual({ path, args: ['x'] });
    },
  );

  it('that is a name is left to the system', () => {
    expect(startedProgram('redis-server', [])).toEqual({ path: 'redis-server', args: [] });
  });
});

it('how many files may be open is not known without /proc', () => {
  const missing = { readFileSync: () => disk.readFileSync(join(directory, 'missing')) };
  expect(openFilesLimit(missing)).toBeNull();
});

it.each([
  [{ HOME: '/home/me' }, '/home/me/.file'],
  [{ USERPROFILE: 'C:\\Users\\me' }, 'C:\\Users\\me/.file'],
  [{ HOME: '/home/me', NAMED: '/else/where' }, '/else/where'],
  [{ HOME: '/home/me', NAMED: '/dev/null' }, null],
  [{ HOME: '/home/me', NAMED: '' }, null],
  [{}, null],
])("with %j a person's file is %s", (environment, expected) => {
  expect(dotFilePath({ environment }, 'NAMED', '.file')).toBe(expected);
});
