/** How long things take in the virtual world: always the same, or a random time between two bounds. */
import type { SeededRandom } from './seeded-random.js';

export type Duration = number | { readonly minMs: number; readonly maxMs: number };

export function drawMs(duration: Duration, random: SeededRandom): number {
  if (typeof duration === 'number') return duration;
  return duration.minMs + random.fraction() * (duration.maxMs - duration.minMs);
}
