/** A file read from its beginning to its end, block by block. */
import type { Disk, FileHandle } from '../platform/platform.js';

const BLOCK_BYTES = 256 * 1024;

/** @throws the error of the system */
export async function* fileBlocks(disk: Disk, path: string): AsyncGenerator<Buffer, void> {
  const handle = await openToRead(disk, path);
  try {
    for (;;) {
      const block = await new Promise<Buffer>((resolve, reject) => {
        handle.read(BLOCK_BYTES, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
      });
      if (block.length === 0) return;
      yield block;
    }
  } finally {
    handle.close(() => undefined);
  }
}

/** Cuts a file, durably. @throws the error of the system */
export function truncateFile(disk: Disk, path: string, sizeBytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    disk.open(path, 'append', (openError, handle) => {
      if (handle === null) return reject(openError ?? new Error(`${path} cannot be opened`));
      let problem: Error | null = null;
      handle.truncate(sizeBytes, (error) => (problem = error));
      handle.sync((error) => {
        problem ??= error;
        handle.close(() => (problem === null ? resolve() : reject(problem)));
      });
    });
  });
}

function openToRead(disk: Disk, path: string): Promise<FileHandle> {
  return new Promise((resolve, reject) => {
    disk.open(path, 'read', (error, handle) => {
      if (handle === null) reject(error ?? new Error(`${path} cannot be opened`));
      else resolve(handle);
    });
  });
}
