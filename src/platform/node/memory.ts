/** Memory figures of this process and this machine. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { MemoryReadings } from '../platform.js';

export class NodeMemory implements MemoryReadings {
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
    return totalmem();
  }
}
