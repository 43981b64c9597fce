/** Files over node:fs. */
import {
  accessSync,
  appendFileSync,
  constants,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readFile,
  readFileSync,
  rename,
  renameSync,
  rmSync,
  statSync,
  unlink,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { resolve } from 'node:path';
import type { Disk, FileHandle, FileStatus, OpenMode, Randomness } from '../platform.js';
import { NodeFileHandle } from './file-handle.js';
import { publishFileSync, replaceFile, replaceFileSync, syncDirectory } from './replace-file.js';

type Done = (error: NodeJS.ErrnoException | null) => void;

const OPEN_FLAGS: Readonly<Record<OpenMode, string>> = { read: 'r', write: 'w', append: 'a' };
const NEW_FILE_MODE = 0o644;
const TEMPORARY_SUFFIX_LENGTH = 12;
const NOTHING = Buffer.alloc(0);

export class NodeDisk implements Disk {
  constructor(private readonly random: Randomness) {}

  open(
    path: string,
    mode: OpenMode,
    callback: (error: NodeJS.ErrnoException | null, file: FileHandle | null) => void,
  ): void {
    open(path, OPEN_FLAGS[mode], NEW_FILE_MODE, (error, descriptor) => {
      if (error !== null) callback(error, null);
      else callback(null, new NodeFileHandle(descriptor, mode));
    });
  }

  readFile(path: string, callback: (error: NodeJS.ErrnoException | null, bytes: Buffer) => void): void {
    readFile(path, (error, bytes) => callback(error, error === null ? bytes : NOTHING));
  }

  rename(from: string, to: string, callback: Done): void {
    rename(from, to, callback);
  }

  unlink(path: string, callback: Done): void {
    unlink(path, callback);
  }

  syncDirectory(path: string, callback: Done): void {
    syncDirectory(path, callback);
  }

  replaceFile(path: string, bytes: Buffer, mode: number, callback: Done): void {
    replaceFile(path, this.temporaryPath(path), bytes, mode, callback);
  }

  openSync(path: string, mode: OpenMode): FileHandle {
    return new NodeFileHandle(openSync(path, OPEN_FLAGS[mode], NEW_FILE_MODE), mode);
  }

  readFileSync(path: string): Buffer {
    return readFileSync(path);
  }

  replaceFileSync(path: string, bytes: Buffer, mode: number): void {
    replaceFileSync(path, this.temporaryPath(path), bytes, mode);
  }

  publishFileSync(temporaryPath: string, path: string): void {
    publishFileSync(temporaryPath, path);
  }

  writeFileSync(path: string, bytes: Buffer): void {
    writeFileSync(path, bytes, { mode: NEW_FILE_MODE });
  }

  appendFileSync(path: string, bytes: Buffer): void {
    appendFileSync(path, bytes, { mode: NEW_FILE_MODE });
  }

  unlinkSync(path: string): void {
    unlinkSync(path);
  }

  renameSync(from: string, to: string): void {
    renameSync(from, to);
  }

  makeDirectorySync(path: string): void {
    mkdirSync(path, { recursive: true });
  }

  listDirectorySync(path: string): string[] {
    return readdirSync(path).sort();
  }

  removeTreeSync(path: string): void {
    rmSync(path, { recursive: true, force: true });
  }

  statusSync(path: string): FileStatus | null {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return null;
    return {
      isFile: status.isFile(),
      isDirectory: status.isDirectory(),
      sizeBytes: status.size,
      mode: status.mode & 0o7777,
      isExecutable: status.isFile() && isAccessible(path, constants.X_OK),
    };
  }

  isWritableSync(path: string): boolean {
    return isAccessible(path, constants.W_OK);
  }

  absolutePath(path: string): string {
    return resolve(path);
  }

  /** Unique, so that two replacements under way at once do not share a temporary file. */
  private temporaryPath(path: string): string {
    return `${path}.tmp-${this.random.hex(TEMPORARY_SUFFIX_LENGTH)}`;
  }
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
