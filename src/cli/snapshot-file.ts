/** A snapshot on its way into a file, which has its name only when all of it is on disk. */
import type { Disk, FileHandle } from '../platform/platform.js';
import type { SnapshotTarget } from './snapshot-transfer.js';

type Operation<Result> = (done: (error: Error | null, result: Result) => void) => void;

export class SnapshotFile implements SnapshotTarget {
  private constructor(
    private readonly disk: Disk,
    private readonly path: string,
    private readonly temporaryPath: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws the error of the system (as a rejection) */
  static async create(disk: Disk, path: string): Promise<SnapshotFile> {
    const temporaryPath = `${path}.part`;
    const file = await promised<FileHandle | null>((done) => disk.open(temporaryPath, 'write', done));
    return new SnapshotFile(disk, path, temporaryPath, file!);
  }

  write(bytes: Buffer, done: (error: Error | null) => void): void {
    this.file.write(bytes, done);
  }

  /** @throws the error of the system (as a rejection) */
  async publish(): Promise<void> {
    const { disk, file } = this;
    await promised<void>((done) => file.sync((error) => done(error)));
    await promised<void>((done) => file.close((error) => done(error)));
    await promised<void>((done) => disk.rename(this.temporaryPath, this.path, (error) => done(error)));
  }

  /** Leaves nothing behind. */
  discard(): void {
    this.file.close(() => this.disk.unlink(this.temporaryPath, () => undefined));
  }
}

function promised<Result>(start: Operation<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
