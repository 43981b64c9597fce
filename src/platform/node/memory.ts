/** Memory figures of this process and this machine. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { MemoryReadings } from '../platform.js';

export class NodeMemory implements MemoryReadings {
  /** Asked for ten times a second, and the system makes a whole table to tell it. */
  private readonly machine = totalmem();
  /** V8 settles it when the process starts. */
  private readonly heapLimit = getHeapStatistics().heap_size_limit;

  residentBytes(): number {
    return process.memoryUsage.rss();
  }

  heapUsedBytes(): number {
    return getHeapStatistics().used_heap_size;
  }

  heapLimitBytes(): number {
    return this.heapLimit;
  }

  machineBytes(): number {
    return this.machine;
  }
}
