/**
 * Replacing a file so that at any moment, a crash included, either the old or the new content is there whole.
 *
 * The steps and their order are the point: temporary file in the same directory (a rename does not cross file
 * systems), write, chmod (independent of the umask), fsync (or the rename could survive without the content),
 * rename, fsync of the directory. When a step before the rename fails, the original was never touched and the
 * temporary file is removed.
 */
import {
  close,
  closeSync,
  fchmod,
  fchmodSync,
  fsync,
  fsyncSync,
  open,
  openSync,
  rename,
  renameSync,
  unlink,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

type Done = (error: NodeJS.ErrnoException | null) => void;

/** Fails rather than touch a file that is already there. */
const CREATE_NEW = 'wx';

export function replaceFile(
  path: string,
  temporaryPath: string,
  bytes: Buffer,
  mode: number,
  callback: Done,
): void {
  open(temporaryPath, CREATE_NEW, mode, (openError, descriptor) => {
    if (openError !== null) {
      callback(openError);
      return;
    }
    const discard = (error: NodeJS.ErrnoException): void => unlink(temporaryPath, () => callback(error));
    fillAndSync(descriptor, bytes, mode, (fillError) => {
      close(descriptor, (closeError) => {
        const error = fillError ?? closeError ?? null;
        if (error !== null) {
          discard(error);
          return;
        }
        rename(temporaryPath, path, (renameError) => {
          if (renameError !== null) discard(renameError);
          else syncDirectory(dirname(path), callback);
        });
      });
    });
  });
}

export function replaceFileSync(path: string, temporaryPath: string, bytes: Buffer, mode: number): void {
  const descriptor = openSync(temporaryPath, CREATE_NEW, mode);
  try {
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
      fchmodSync(descriptor, mode);
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

/** Makes renames, new files and removed ones in a directory durable. */
export function syncDirectory(path: string, callback: Done): void {
  open(path, 'r', (openError, descriptor) => {
    if (openError !== null) {
      callback(openError);
      return;
    }
    fsync(descriptor, (syncError) => {
      close(descriptor, (closeError) => callback(syncError ?? closeError ?? null));
    });
  });
}

function syncDirectorySync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function fillAndSync(descriptor: number, bytes: Buffer, mode: number, callback: Done): void {
  writeAll(descriptor, bytes, 0, (writeError) => {
    if (writeError !== null) {
      callback(writeError);
      return;
    }
    fchmod(descriptor, mode, (chmodError) => {
      if (chmodError !== null) callback(chmodError);
      else fsync(descriptor, callback);
    });
  });
}

function writeAll(descriptor: number, bytes: Buffer, start: number, callback: Done): void {
  write(descriptor, bytes, start, bytes.length - start, null, (error, byteCount) => {
    if (error !== null || start + byteCount === bytes.length) callback(error);
    else writeAll(descriptor, bytes, start + byteCount, callback);
  });
}
