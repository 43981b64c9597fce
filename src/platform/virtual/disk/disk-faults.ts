/** Errors of a virtual disk, on demand. */
import { systemError } from '../system-error.js';

export type DiskOperation = 'open' | 'read' | 'write' | 'sync' | 'rename' | 'unlink' | 'mkdir';

export interface DiskFault {
  readonly operation: DiskOperation;
  /** The error: ENOSPC, EIO, EACCES and so on. */
  readonly code: string;
  /** Only for paths that contain this text (a temporary file's name contains that of the file it replaces). */
  readonly path?: string;
  /** How often; for ever when absent. */
  readonly times?: number;
}

export class DiskFaults {
  private readonly active = new Map<DiskFault, number>();

  /** From now on such operations fail. Returns the way to end that early. */
  add(fault: DiskFault): () => void {
    this.active.set(fault, fault.times ?? Infinity);
    return () => this.active.delete(fault);
  }

  clear(): void {
    this.active.clear();
  }

  /** @throws the error of a fault that applies */
  check(operation: DiskOperation, path: string): void {
    for (const [fault, remaining] of this.active) {
      if (fault.operation !== operation || !path.includes(fault.path ?? '')) continue;
      if (remaining <= 1) this.active.delete(fault);
      else this.active.set(fault, remaining - 1);
      throw systemError(fault.code, operation, path);
    }
  }
}
