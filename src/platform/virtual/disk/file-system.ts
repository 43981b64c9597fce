/**
 * The disk of a virtual host: it outlives the processes, and knows what would survive a power failure.
 *
 * The rules are POSIX's at their strictest: content is durable once the file was synced, a name (creation,
 * rename, removal) once its directory was. Making and removing directories is durable at once. Paths are absolute
 * and normalised. Operations throw errors like those of the system.
 */
import type { FileStatus, OpenMode } from '../../platform.js';
import { drawMs, type Duration } from '../duration.js';
import type { SeededRandom } from '../seeded-random.js';
import { systemError } from '../system-error.js';
import { DiskFaults, type DiskOperation } from './disk-faults.js';
import { FileContent } from './file-content.js';
import { nameOf, parentOf } from './paths.js';

export interface VirtualFile {
  readonly content: FileContent;
  mode: number;
}

interface Directory {
  /** What processes see, and what is on the platter, by name. Subdirectories are not among them. */
  readonly files: Map<string, VirtualFile>;
  durableFiles: Map<string, VirtualFile>;
}

export interface FileSystemOptions {
  readonly syncLatency?: Duration;
  readonly diskLatency?: Duration;
}

export interface CrashOptions {
  /**
   * What was not synced is not always lost: a random part of the appended bytes survives, and the names of a
   * directory that was not synced may be the new or the old ones.
   */
  readonly torn?: boolean;
  /** Only what is in this directory or below is lost: the disk serves several machines. */
  readonly within?: string;
}

const NEW_FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
const WRITE_BITS = 0o222;
const EXECUTE_BITS = 0o111;

export class FileSystem {
  /** Makes operations fail on demand. */
  readonly faults: DiskFaults;
  /** How long an fsync takes, and any other operation; may be changed at any time. */
  syncLatency: Duration;
  latency: Duration;
  private readonly directories = new Map<string, Directory>();

  constructor(
    private readonly random: SeededRandom,
    options: FileSystemOptions = {},
  ) {
    this.faults = new DiskFaults();
    this.syncLatency = options.syncLatency ?? 0;
    this.latency = options.diskLatency ?? 0;
    this.directories.set('/', newDirectory());
  }

  /** The power fails: see the rules above. Files that are open must not be used any more. */
  crash(options: CrashOptions = {}): void {
    const { torn = false, within } = options;
    for (const [path, directory] of this.directories) {
      if (within !== undefined && path !== within && !path.startsWith(`${within}/`)) continue;
      const namesSurvive = torn && this.random.chance(0.5);
      const survivors = namesSurvive ? new Map(directory.files) : directory.durableFiles;
      const contents = new Set([...directory.files.values(), ...survivors.values()]);
      for (const file of contents) file.content.crash(torn, this.random);
      directory.files.clear();
      for (const [name, file] of survivors) directory.files.set(name, file);
      directory.durableFiles = new Map(survivors);
    }
  }

  /** For tests: what a file holds, as a byte string; null when there is none. */
  text(path: string): string | null {
    return this.find(path)?.content.bytes().latin1Slice() ?? null;
  }

  /** For tests: what a file would hold after a power failure now; null when there would be none. */
  durableText(path: string): string | null {
    const file = this.directories.get(parentOf(path))?.durableFiles.get(nameOf(path));
    return file?.content.durableBytes().latin1Slice() ?? null;
  }

  /** For tests: puts a file in place, durably, with its directories. */
  put(path: string, text: string, mode = NEW_FILE_MODE): void {
    this.makeDirectory(parentOf(path));
    const file = this.create(path, mode);
    file.content.truncate(0);
    file.content.writeAt(0, Buffer.from(text, 'latin1'));
    file.content.sync();
    this.directory(parentOf(path), 'open').durableFiles.set(nameOf(path), file);
  }

  /** For tests: an unwritable file refuses to be opened for writing. */
  setMode(path: string, mode: number): void {
    this.existing(path, 'chmod').mode = mode;
  }

  open(path: string, mode: OpenMode): VirtualFile {
    this.faults.check('open', path);
    if (mode === 'read') return this.existing(path, 'open');
    const file = this.create(path, NEW_FILE_MODE);
    if ((file.mode & WRITE_BITS) === 0) throw systemError('EACCES', 'open', path);
    if (mode === 'write') file.content.truncate(0);
    return file;
  }

  /**
   * Writes at a position, or at the end.
   * @throws the error asked for by a fault, after a random part of the bytes was written
   */
  write(path: string, file: VirtualFile, position: number | 'end', bytes: Buffer): void {
    const start = position === 'end' ? file.content.sizeBytes : position;
    try {
      this.faults.check('write', path);
    } catch (error) {
      file.content.writeAt(start, bytes.subarray(0, this.random.integer(bytes.length)));
      throw error;
    }
    file.content.writeAt(start, bytes);
  }

  read(path: string, file: VirtualFile, position: number, maxBytes: number): Buffer {
    this.faults.check('read', path);
    return file.content.bytes(position, position + maxBytes);
  }

  sync(path: string, file: VirtualFile): void {
    this.faults.check('sync', path);
    file.content.sync();
  }

  truncate(path: string, file: VirtualFile, sizeBytes: number): void {
    this.faults.check('write', path);
    file.content.truncate(sizeBytes);
  }

  rename(from: string, to: string): void {
    this.faults.check('rename', from);
    if (this.directories.has(to)) throw systemError('EISDIR', 'rename', to);
    const file = this.existing(from, 'rename');
    this.directory(parentOf(to), 'rename').files.set(nameOf(to), file);
    if (from !== to) this.directory(parentOf(from), 'rename').files.delete(nameOf(from));
  }

  unlink(path: string): void {
    this.faults.check('unlink', path);
    this.existing(path, 'unlink');
    this.directory(parentOf(path), 'unlink').files.delete(nameOf(path));
  }

  syncDirectory(path: string): void {
    this.faults.check('sync', path);
    const directory = this.directory(path, 'open');
    directory.durableFiles = new Map(directory.files);
  }

  makeDirectory(path: string): void {
    if (this.directories.has(path)) return;
    if (this.find(path) !== null) throw systemError('EEXIST', 'mkdir', path);
    this.faults.check('mkdir', path);
    this.makeDirectory(parentOf(path));
    this.directories.set(path, newDirectory());
  }

  /** Removes a directory and all below it, durably, or a file; nothing happens when there is neither. */
  removeTree(path: string): void {
    for (const directory of [...this.directories.keys()]) {
      if (directory === path || directory.startsWith(`${path}/`)) this.directories.delete(directory);
    }
    if (this.find(path) !== null) this.unlink(path);
  }

  list(path: string): string[] {
    const names = [...this.directory(path, 'scandir').files.keys()];
    for (const other of this.directories.keys()) {
      if (other !== '/' && parentOf(other) === path) names.push(nameOf(other));
    }
    return names.sort();
  }

  status(path: string): FileStatus | null {
    if (this.directories.has(path)) {
      return { isFile: false, isDirectory: true, sizeBytes: 0, mode: DIRECTORY_MODE, isExecutable: false };
    }
    const file = this.find(path);
    if (file === null) return null;
    const isExecutable = (file.mode & EXECUTE_BITS) !== 0;
    return {
      isFile: true,
      isDirectory: false,
      sizeBytes: file.content.sizeBytes,
      mode: file.mode,
      isExecutable,
    };
  }

  isWritable(path: string): boolean {
    return this.directories.has(path) || ((this.find(path)?.mode ?? 0) & WRITE_BITS) !== 0;
  }

  /** Log lines are not subject to faults, and never fail. */
  appendLogLine(path: string, line: string): void {
    if (!this.directories.has(parentOf(path)) || this.directories.has(path)) return;
    const { content } = this.create(path, NEW_FILE_MODE);
    content.writeAt(content.sizeBytes, Buffer.from(line, 'latin1'));
  }

  /** How long such an operation takes this time. */
  drawLatencyMs(operation: DiskOperation): number {
    return drawMs(operation === 'sync' ? this.syncLatency : this.latency, this.random);
  }

  private create(path: string, mode: number): VirtualFile {
    const existing = this.find(path);
    if (existing !== null) return existing;
    if (this.directories.has(path)) throw systemError('EISDIR', 'open', path);
    const file: VirtualFile = { content: new FileContent(), mode };
    this.directory(parentOf(path), 'open').files.set(nameOf(path), file);
    return file;
  }

  private find(path: string): VirtualFile | null {
    return this.directories.get(parentOf(path))?.files.get(nameOf(path)) ?? null;
  }

  private existing(path: string, syscall: string): VirtualFile {
    const file = this.find(path);
    if (file !== null) return file;
    throw systemError(this.directories.has(path) ? 'EISDIR' : 'ENOENT', syscall, path);
  }

  private directory(path: string, syscall: string): Directory {
    const directory = this.directories.get(path);
    if (directory !== undefined) return directory;
    throw systemError(this.find(path) === null ? 'ENOENT' : 'ENOTDIR', syscall, path);
  }
}

function newDirectory(): Directory {
  return { files: new Map(), durableFiles: new Map() };
}
