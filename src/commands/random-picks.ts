/** Random picks for HRANDFIELD, SRANDMEMBER, SPOP and ZRANDMEMBER: positions of a container's elements. */
import type { Randomness } from '../platform/platform.js';
import { INT64_MIN, parseInt64 } from '../resp/numbers.js';
import type { Client } from '../server/client.js';
import { NOT_AN_INTEGER, OUT_OF_RANGE } from './error-texts.js';

/** When more than one in so many is wanted, shuffling all positions beats drawing until enough differ. */
const SHUFFLE_SHARE = 3;
/** How many elements are written between two looks at how much output has piled up. */
const ELEMENTS_PER_CHECK = 10_000;
/** A reply cannot grow beyond this, whatever the limits of output buffers are: the process would die of it. */
const MAX_REPLY_BYTES = 2 ** 31;

/**
 * The count of a random pick: negative for picks that may repeat.
 * @param doubled elements come with a value each, so that only half the range is allowed
 */
export function pickCountArgument(client: Client, text: string, doubled: boolean): number {
  const count = parseInt64(text);
  if (count === null) {
    client.reply.error(NOT_AN_INTEGER);
    return NaN;
  }
  if (count === INT64_MIN) {
    client.reply.error(
      'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    );
    return NaN;
  }
  const half = -INT64_MIN / 2n;
  if (doubled && (count >= half || count <= -half)) {
    client.reply.error(OUT_OF_RANGE);
    return NaN;
  }
  return Number(count);
}

/** `count` different positions below `size`, ascending; `count` is at most `size`. */
export function distinctPositions(random: Randomness, size: number, count: number): number[] {
  if (count * SHUFFLE_SHARE <= size) {
    const chosen = new Set<number>();
    while (chosen.size < count) chosen.add(random.integer(size));
    return [...chosen].sort((a, b) => a - b);
  }
  const positions = Array.from({ length: size }, (_, position) => position);
  for (let i = 0; i < count; i++) {
    const j = i + random.integer(size - i);
    const swapped = positions[i];
    positions[i] = positions[j];
    positions[j] = swapped;
  }
  return positions.slice(0, count).sort((a, b) => a - b);
}

/** Writes `count` elements that may repeat, until done or until the client cannot take more. */
export function writeRepeatedPicks(
  client: Client,
  size: number,
  count: number,
  writeAt: (position: number) => void,
): void {
  const { random } = client.server.platform;
  for (let i = 0; i < count; i++) {
    writeAt(random.integer(size));
    if (i % ELEMENTS_PER_CHECK !== 0) continue;
    client.server.clients.checkOutputLimit(client);
    if (client.pendingOutputBytes > MAX_REPLY_BYTES) client.close();
    if (client.closed) return;
  }
}
