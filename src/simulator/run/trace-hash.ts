/**
 * A fingerprint of everything that happened in a run, in order: two runs with the same one took the same course.
 *
 * Each event adds its time, its place in the order of scheduling, and whose code ran; a single event more, less or
 * elsewhere changes all that follows. FNV-1a over 32-bit words, in two lanes.
 */
import type { VirtualWorld } from '../../platform/virtual/index.js';

const PRIME = 0x01000193;

export class TraceHash {
  private low = 0x811c9dc5;
  private high = 0x050c5d1f;
  private count = 0;
  private readonly time = new Float64Array(1);
  private readonly words = new Uint32Array(this.time.buffer);

  constructor(world: VirtualWorld) {
    world.onEvent = (event) => {
      this.count++;
      this.time[0] = event.timeMs;
      this.add(this.words[0]);
      this.add(this.words[1]);
      this.add(event.sequence);
      this.add(event.owner === null ? 0 : event.owner.incarnation);
    };
  }

  /** Events so far. */
  get eventCount(): number {
    return this.count;
  }

  /** 16 hexadecimal characters. */
  get text(): string {
    return hexOf(this.high) + hexOf(this.low);
  }

  private add(word: number): void {
    this.low = Math.imul(this.low ^ word, PRIME);
    this.high = Math.imul(this.high ^ (word + this.low), PRIME);
  }
}

function hexOf(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
