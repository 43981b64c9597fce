/**
 * Replacing a file so that at any moment, a crash included, either the old or the new content is there whole.
 *
 * The steps and their order are the point: temporary file in the same directory (a rename does not cross file
 * systems), write, chmod (independent of the umask), fsync (or the rename could survive without the content),
 * rename, fsync of the directory. When a step before the rename fails, the original was never touched and the
 * temporary file is removed.
 */
import {
  closeSync,
  fchmodSync,
  fsync,
  fsyncSync,
  openSync,
  rename,
  renameSync,
  unlink,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

type Done = (error: NodeJS.ErrnoException | null) => void;

/** Fails rather than touch a file that is already there. */
const CREATE_NEW = 'wx';

/**
 * Only what waits for the disk itself (fsync, rename) goes through the thread pool: the other steps touch memory
 * of the system alone, and a way through the pool and back takes longer than all of them. A vote waits for this.
 */
export function replaceFile(
  path: string,
  temporaryPath: string,
  bytes: Buffer,
  mode: number,
  callback: Done,
): void {
  let descriptor: number;
  try {
    descriptor = openSync(temporaryPath, CREATE_NEW, mode);
  } catch (error) {
    process.nextTick(callback, error as NodeJS.ErrnoException);
    return;
  }
  const discard = (error: NodeJS.ErrnoException): void => unlink(temporaryPath, () => callback(error));
  try {
    fill(descriptor, bytes, mode);
  } catch (error) {
    closeSync(descriptor);
    discard(error as NodeJS.ErrnoException);
    return;
  }
  fsync(descriptor, (syncError) => {
    closeSync(descriptor);
    if (syncError !== null) {
      discard(syncError);
      return;
    }
    rename(temporaryPath, path, (renameError) => {
      if (renameError !== null) discard(renameError);
      else syncDirectory(dirname(path), callback);
    });
  });
}

export function replaceFileSync(path: string, temporaryPath: string, bytes: Buffer, mode: number): void {
  const descriptor = openSync(temporaryPath, CREATE_NEW, mode);
  try {
    try {
      fill(descriptor, bytes, mode);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporaryPath, path);
  } catch (error) {
    unlinkSync(temporaryPath);
    throw error;
  }
  syncDirectorySync(dirname(path));
}

/** The last steps alone, for a temporary file that was written before. */
export function publishFileSync(temporaryPath: string, path: string): void {
  // A descriptor for writing: some systems refuse to sync one for reading.
  const descriptor = openSync(temporaryPath, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporaryPath, path);
  syncDirectorySync(dirname(path));
}

/** How systems say that a directory cannot be opened, or not be synced, at all: Windows, and some file systems. */
const NO_DIRECTORY_SYNC = ['EISDIR', 'EACCES', 'EPERM', 'EBADF', 'EINVAL', 'ENOTSUP'];

/** Makes renames, new files and removed ones in a directory durable, where the system can; elsewhere it sees to that itself. */
export function syncDirectory(path: string, callback: Done): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    process.nextTick(callback, unlessImpossible(error as NodeJS.ErrnoException));
    return;
  }
  fsync(descriptor, (error) => {
    closeSync(descriptor);
    callback(error === null ? null : unlessImpossible(error));
  });
}

function syncDirectorySync(path: string): void {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(path, 'r');
    fsyncSync(descriptor);
  } catch (error) {
    if (unlessImpossible(error as NodeJS.ErrnoException) !== null) throw error;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function unlessImpossible(error: NodeJS.ErrnoException): NodeJS.ErrnoException | null {
  return NO_DIRECTORY_SYNC.includes(error.code ?? '') ? null : error;
}

function fill(descriptor: number, bytes: Buffer, mode: number): void {
  for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
  fchmodSync(descriptor, mode);
}
