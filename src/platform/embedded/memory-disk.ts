/** A disk in memory, for embedded processes that share it, each in a directory of its own. */
import type { Disk, Platform } from '../platform.js';
import { FileSystem } from '../virtual/disk/file-system.js';
import { ProcessDisk } from '../virtual/disk/process-disk.js';
import { SeededRandom } from '../virtual/seeded-random.js';

const SEED_LENGTH = 16;

export interface MemoryDisk {
  readonly fileSystem: FileSystem;
  /** The disk as its owner sees it, who never dies. */
  readonly disk: Disk;
}

export function createMemoryDisk({ random, timers }: Pick<Platform, 'random' | 'timers'>): MemoryDisk {
  const fileSystem = new FileSystem(new SeededRandom(random.hex(SEED_LENGTH)));
  const owner = {
    name: 'the owner of the disk',
    isAlive: true,
    random,
    processes: { workingDirectory: '/' },
    afterDelay: (_delayMs: number, effect: () => void) => timers.endOfTurn(effect),
    post: (run: () => void) => timers.endOfTurn(run),
    stall: () => undefined,
  };
  return { fileSystem, disk: new ProcessDisk(owner, fileSystem) };
}
