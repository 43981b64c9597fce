/** Microseconds of the wall clock, which the platform reads in milliseconds. */
import type { Clock } from '../platform/platform.js';

/**
 * Microseconds since the Unix epoch, for TIME, MONITOR and INFO. What is below a millisecond comes from the
 * monotonic clock: good for telling moments apart, not for measuring.
 */
export function wallMicroseconds(clock: Clock): number {
  return Math.floor(clock.nowMs()) * 1000 + Math.floor((clock.monotonicMs() % 1) * 1000);
}
