/** A disk for the tests of the configuration: files in a map, failures on demand. */

import type { FileStatus } from '../../../src/platform/platform.js';
import type { ReadableDisk } from '../../../src/config/include-paths.js';
import type { WritableDisk } from '../../../src/config/config-writer.js';

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made up`), { code });
}

export class MemoryDisk implements ReadableDisk, WritableDisk {
  readonly files = new Map<string, Buffer>();
  readonly modes = new Map<string, number>();
  /** Error code with which every write fails from now on. */
  failWrites: string | null = null;
  /** Writes that have been asked for and not called back yet. */
  readonly pendingWrites: (() => void)[] = [];
  writes = 0;

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(files)) this.files.set(path, Buffer.from(text, 'utf8'));
  }

  text(path: string): string {
    return this.readFileSync(path).toString('utf8');
  }

  readFileSync = (path: string): Buffer => {
    const bytes = this.files.get(this.absolutePath(path));
    if (bytes === undefined) throw systemError(this.isDirectory(path) ? 'EISDIR' : 'ENOENT');
    return bytes;
  };

  readFile = (path: string, callback: (error: NodeJS.ErrnoException | null, bytes: Buffer) => void): void => {
    try {
      callback(null, this.readFileSync(path));
    } catch (error) {
      callback(error as NodeJS.ErrnoException, Buffer.alloc(0));
    }
  };

  appendFileSync = (path: string, bytes: Buffer): void => {
    if (this.failWrites !== null) throw systemError(this.failWrites);
    const absolute = this.absolutePath(path);
    this.files.set(absolute, Buffer.concat([this.files.get(absolute) ?? Buffer.alloc(0), bytes]));
  };

  replaceFileSync = (path: string, bytes: Buffer, mode: number): void => {
    if (this.failWrites !== null) throw systemError(this.failWrites);
    this.writes++;
    this.files.set(path, bytes);
    this.modes.set(path, mode);
  };

  replaceFile = (
    path: string,
    bytes: Buffer,
    mode: number,
    callback: (error: NodeJS.ErrnoException | null) => void,
  ): void => {
    this.pendingWrites.push(() => {
      try {
        this.replaceFileSync(path, bytes, mode);
        callback(null);
      } catch (error) {
        callback(error as NodeJS.ErrnoException);
      }
    });
  };

  statusSync = (path: string): FileStatus | null => {
    const bytes = this.files.get(this.absolutePath(path));
    const isDirectory = this.isDirectory(path);
    if (bytes === undefined && !isDirectory) return null;
    const mode = this.modes.get(path) ?? 0o600;
    return { isFile: !isDirectory, isDirectory, sizeBytes: bytes?.length ?? 0, mode, isExecutable: false };
  };

  listDirectorySync = (path: string): string[] => {
    const prefix = this.directoryPrefix(path);
    const names = [...this.files.keys()]
      .filter((file) => file.startsWith(prefix))
      .map((file) => file.slice(prefix.length).split('/')[0] ?? '');
    return [...new Set(names)];
  };

  absolutePath = (path: string): string => (path.startsWith('/') ? path : `/start/${path}`);

  private isDirectory(path: string): boolean {
    return [...this.files.keys()].some((file) => file.startsWith(this.directoryPrefix(path)));
  }

  private directoryPrefix(path: string): string {
    const absolute = path === '.' ? '/start' : this.absolutePath(path).replace(/\/$/, '');
    return `${absolute}/`;
  }
}

/** A process's working directory; only directories whose name does not contain "missing" exist. */
export class FakeProcess {
  workingDirectory = '/start';

  changeDirectory = (path: string): void => {
    if (path.includes('missing')) throw systemError('ENOENT');
    this.workingDirectory = path.startsWith('/') ? path : `${this.workingDirectory}/${path}`;
  };
}
