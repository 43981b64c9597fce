/** What a program appends to its log file, line by line. */
import type { Disk } from '../platform/platform.js';

export class LogFollower {
  private readBytes = 0;

  /** From what is there now on. */
  constructor(
    private readonly disk: Pick<Disk, 'statusSync' | 'readFileSync'>,
    private readonly path: string,
  ) {
    this.readBytes = this.sizeBytes();
  }

  /** The lines that were completed since the last call. */
  newLines(): string[] {
    if (this.sizeBytes() <= this.readBytes) return [];
    const added = this.disk.readFileSync(this.path).subarray(this.readBytes);
    const end = added.lastIndexOf('\n') + 1;
    this.readBytes += end;
    return added.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  }

  private sizeBytes(): number {
    return this.disk.statusSync(this.path)?.sizeBytes ?? 0;
  }
}
