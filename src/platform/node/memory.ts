/** Memory figures of this process and this machine. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { MemoryReadings } from '../platform.js';

export class NodeMemory implements MemoryReadings {
  /** Asked for ten times a second, and the system makes a whole table to tell it. */
  private readonly machine = totalmem();

  residentBytes(): number {
    return process.memoryUsage.rss();
  }

  heapUsedBytes(): number {
    return getHeapStatistics().used_heap_size;
  }

  heapLimitBytes(): number {
    return getHeapStatistics().heap_size_limit;
  }

  machineBytes(): number {
    return this.machine;
  }
}
