/** Waiting for a condition, with a limit and a reason in words. */
import type { Platform } from '../platform/platform.js';
import { LabError } from './errors.js';

const CHECK_INTERVAL_MS = 10;

export function sleep(platform: Pick<Platform, 'timers'>, delayMs: number): Promise<void> {
  return new Promise((resolve) => platform.timers.after(delayMs, resolve));
}

/**
 * Waits until the condition is met.
 * @param condition null when it is met; otherwise what is missing, for the error. An exception counts as missing.
 */
export async function waitUntil(
  platform: Pick<Platform, 'timers' | 'clock'>,
  limitMs: number,
  condition: () => Promise<string | null>,
): Promise<void> {
  const startMs = platform.clock.monotonicMs();
  for (;;) {
    const missing = await condition().catch((error: Error) => {
      if (error instanceof LabError) throw error;
      return error.message;
    });
    if (missing === null) return;
    if (platform.clock.monotonicMs() - startMs > limitMs) {
      throw new LabError('NOT_READY', `Not ready in ${Math.round(limitMs)} ms: ${missing}`);
    }
    await sleep(platform, CHECK_INTERVAL_MS);
  }
}
