/**
 * How often keys are used, for the LFU policies: a counter of eight bits that grows ever more rarely (a logarithm of
 * the number of accesses) and falls by one with each `lfu-decay-time` minutes. The mark in an entry is the minute of
 * the last fall, modulo 2^16, and below it the counter.
 */
import type { Randomness } from '../platform/platform.js';

const MINUTE_MS = 60_000;
const MINUTES_MASK = 0xffff;
const COUNTER_MASK = 0xff;
/** New keys are not the first to go: they have had no chance yet. */
const FIRST_COUNT = 5;
const CHANCES = 0x40000000;

export interface FrequencySettings {
  /** `lfu-log-factor`: the greater, the more accesses a count stands for. */
  readonly logFactor: number;
  /** `lfu-decay-time`, in minutes; 0: counters never fall. */
  readonly decayMinutes: number;
}

export class AccessFrequency {
  private nowMinutes = 0;

  constructor(
    private readonly random: Randomness,
    private readonly settings: () => FrequencySettings,
  ) {}

  /** The mark of a new entry. */
  firstMark(nowMs: number): number {
    this.nowMinutes = Math.floor(nowMs / MINUTE_MS) & MINUTES_MASK;
    return (this.nowMinutes << 8) | FIRST_COUNT;
  }

  /** The mark of an entry that is used. */
  nextMark(mark: number): number {
    return (this.nowMinutes << 8) | this.grown(this.countOf(mark));
  }

  /** The counter, less what it has lost since it was last marked. */
  countOf(mark: number): number {
    const count = mark & COUNTER_MASK;
    const { decayMinutes } = this.settings();
    if (decayMinutes === 0) return count;
    const elapsedMinutes = (this.nowMinutes - (mark >>> 8)) & MINUTES_MASK;
    return Math.max(0, count - Math.floor(elapsedMinutes / decayMinutes));
  }

  private grown(count: number): number {
    if (count === COUNTER_MASK) return count;
    const base = Math.max(0, count - FIRST_COUNT);
    const chance = 1 / (base * this.settings().logFactor + 1);
    return this.random.integer(CHANCES) < chance * CHANCES ? count + 1 : count;
  }
}
