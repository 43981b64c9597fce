/** Helpers of the platform tests: a handler that keeps what it is told, and a wait for a condition. */
import type { Connection, ConnectionHandler } from '../../../src/platform/platform.js';

export class RecordingHandler implements ConnectionHandler {
  connection!: Connection;
  connected = false;
  received = '';
  chunkSizes: number[] = [];
  drainCount = 0;
  ended = false;
  closeCount = 0;
  closeError: Error | null = null;
  /** Runs at each chunk, after it was recorded. */
  onDataHook: (() => void) | null = null;

  get closed(): boolean {
    return this.closeCount > 0;
  }

  onConnect(): void {
    this.connected = true;
  }

  onData(chunk: Buffer): void {
    this.received += chunk.latin1Slice();
    this.chunkSizes.push(chunk.length);
    this.onDataHook?.();
  }

  onDrain(): void {
    this.drainCount++;
  }

  onEnd(): void {
    this.ended = true;
  }

  onClose(error: Error | null): void {
    this.closeCount++;
    this.closeError = error;
  }
}

const LIMIT_MS = 10_000;

/** Waits on the real event loop until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > deadlineMs) throw new Error(`not within ${LIMIT_MS} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
