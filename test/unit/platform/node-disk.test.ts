/** The Node disk in a temporary directory. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodePlatform } from '../../../src/platform/node/index.js';
import type { FileHandle, OpenMode } from '../../../src/platform/platform.js';

const { disk } = createNodePlatform();

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'node-disk-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A callback-style operation as a promise. */
function done(operation: (callback: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    operation((error) => (error === null ? resolve() : reject(error)));
  });
}

function open(path: string, mode: OpenMode): Promise<FileHandle> {
  return new Promise((resolve, reject) => {
    disk.open(path, mode, (error, file) => (file === null ? reject(error) : resolve(file)));
  });
}

function read(file: FileHandle, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    file.read(maxBytes, (error, bytes) =>
      error === null ? resolve(bytes.toString('latin1')) : reject(error),
    );
  });
}

describe('an open file', () => {
  test('does what it is asked in that order, without waiting in between', async () => {
    const path = join(directory, 'file');
    const file = await open(path, 'write');
    const order: string[] = [];
    file.write(Buffer.alloc(1024 * 1024, 'a'), () => order.push('write'));
    file.truncate(3, () => order.push('truncate'));
    file.write(Buffer.from('bc'), () => order.push('write again'));
    file.sync(() => order.push('sync'));
    await done((callback) => file.close(callback));
    expect(order).toEqual(['write', 'truncate', 'write again', 'sync']);
    expect(readFileSync(path, 'latin1')).toBe('aaabc');
  });

  test('is emptied by mode write and continued by mode append', async () => {
    const path = join(directory, 'file');
    for (const [mode, expected] of [
      ['write', 'x'],
      ['append', 'xx'],
      ['write', 'x'],
    ] as const) {
      const file = await open(path, mode);
      await done((callback) => file.write(Buffer.from('x'), callback));
      await done((callback) => file.close(callback));
      expect(readFileSync(path, 'latin1')).toBe(expected);
    }
  });

  test('can be opened at once', async () => {
    const path = join(directory, 'file');
    expect(() => disk.openSync(path, 'read')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    const file = disk.openSync(path, 'write');
    file.writeSync(Buffer.from('x'));
    await done((callback) => file.close(callback));
    expect(readFileSync(path, 'latin1')).toBe('x');
  });

  test('appends at the end after a truncation', async () => {
    const path = join(directory, 'file');
    writeFileSync(path, 'whole|torn');
    const file = await open(path, 'append');
    await done((callback) => file.truncate(6, callback));
    await done((callback) => file.write(Buffer.from('next'), callback));
    await done((callback) => file.close(callback));
    expect(readFileSync(path, 'latin1')).toBe('whole|next');
  });

  test('is read piece by piece up to an empty one at the end', async () => {
    const path = join(directory, 'file');
    writeFileSync(path, 'abcdefg');
    const file = await open(path, 'read');
    expect([await read(file, 3), await read(file, 3), await read(file, 3), await read(file, 3)]).toEqual([
      'abc',
      'def',
      'g',
      '',
    ]);
    await done((callback) => file.close(callback));
  });

  test('reports errors through the callback', async () => {
    await expect(open(join(directory, 'missing'), 'read')).rejects.toMatchObject({ code: 'ENOENT' });
    const file = await open(join(directory, 'file'), 'write');
    await expect(read(file, 10)).rejects.toMatchObject({ code: 'EBADF' });
    await done((callback) => file.close(callback));
  });
});

/** The callback and the blocking form must behave alike. */
const replacements = {
  callback: (path: string, bytes: Buffer, mode: number): Promise<void> =>
    done((callback) => disk.replaceFile(path, bytes, mode, callback)),
  blocking: async (path: string, bytes: Buffer, mode: number): Promise<void> =>
    disk.replaceFileSync(path, bytes, mode),
};

describe.each(['callback', 'blocking'] as const)('replacing a file, the %s form', (form) => {
  const replace = replacements[form];

  test('puts the new content in place with the mode asked for, and leaves nothing beside it', async () => {
    const path = join(directory, 'nodes.conf');
    writeFileSync(path, 'old');
    await replace(path, Buffer.from('new'), 0o666);
    expect(readFileSync(path, 'latin1')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o666);
    expect(readdirSync(directory)).toEqual(['nodes.conf']);
  });

  test('creates the file when there is none, also an empty one', async () => {
    const path = join(directory, 'empty');
    await replace(path, Buffer.alloc(0), 0o644);
    expect(statSync(path).size).toBe(0);
  });

  test('leaves the original and no temporary file when the rename fails', async () => {
    const path = join(directory, 'taken');
    mkdirSync(join(path, 'inside'), { recursive: true });
    await expect(replace(path, Buffer.from('new'), 0o644)).rejects.toMatchObject({
      code: expect.stringMatching(/^(EISDIR|ENOTEMPTY|EEXIST)$/) as string,
    });
    expect(existsSync(join(path, 'inside'))).toBe(true);
    expect(readdirSync(directory)).toEqual(['taken']);
  });

  test('reports a directory that does not exist', async () => {
    await expect(replace(join(directory, 'no', 'file'), Buffer.from('new'), 0o644)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('files by path', () => {
  test('are read, renamed and removed', async () => {
    const from = join(directory, 'from');
    const to = join(directory, 'to');
    disk.writeFileSync(from, Buffer.from('12'));
    disk.appendFileSync(from, Buffer.from('34'));
    await done((callback) => disk.rename(from, to, callback));
    await done((callback) => disk.syncDirectory(directory, callback));
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      disk.readFile(to, (error, content) => (error === null ? resolve(content) : reject(error)));
    });
    expect(bytes.toString('latin1')).toBe('1234');
    expect(disk.readFileSync(to).toString('latin1')).toBe('1234');
    disk.renameSync(to, from);
    await done((callback) => disk.unlink(from, callback));
    expect(disk.listDirectorySync(directory)).toEqual([]);
    await expect(done((callback) => disk.unlink(from, callback))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('have a status, or none when they do not exist', () => {
    const path = join(directory, 'script.sh');
    expect(disk.statusSync(path)).toBeNull();
    writeFileSync(path, '#!/bin/sh\n');
    chmodSync(path, 0o750);
    expect(disk.statusSync(path)).toEqual({
      isFile: true,
      isDirectory: false,
      sizeBytes: 10,
      mode: 0o750,
      isExecutable: true,
    });
    expect(disk.statusSync(directory)).toMatchObject({ isDirectory: true, isExecutable: false });
    expect(disk.isWritableSync(path)).toBe(true);
    expect(disk.isWritableSync(join(directory, 'missing'))).toBe(false);
  });

  test('directories are made with their parents, and listed in order', () => {
    disk.makeDirectorySync(join(directory, 'a', 'b'));
    disk.makeDirectorySync(join(directory, 'a', 'b'));
    disk.writeFileSync(join(directory, 'a', 'z'), Buffer.alloc(0));
    expect(disk.listDirectorySync(join(directory, 'a'))).toEqual(['b', 'z']);
    disk.removeTreeSync(join(directory, 'a'));
    disk.removeTreeSync(join(directory, 'a'));
    expect(disk.listDirectorySync(directory)).toEqual([]);
    expect(disk.absolutePath('x')).toBe(join(process.cwd(), 'x'));
    expect(disk.absolutePath('/x/../y')).toBe('/y');
  });
});
