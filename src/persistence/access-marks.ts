/**
 * When keys were last used, between the marks in entries and what snapshots and RESTORE say: seconds of idleness, or
 * under an LFU policy a frequency.
 *
 * A mark is the time of the last access in seconds, modulo 2^24; under LFU the minute of the last decay, modulo
 * 2^16, and below it the counter of eight bits.
 */

import type { Entry } from '../keyspace/entry.js';

/** `idleSeconds` and `frequency` are -1 when they are not told. */
export interface Access {
  readonly idleSeconds: number;
  readonly frequency: number;
}

const CLOCK_MASK = 0xff_ffff;
const MINUTES_MASK = 0xffff;
const MINUTE_MS = 60_000;

export const ACCESS_NOT_TOLD: Access = { idleSeconds: -1, frequency: -1 };

/** What a snapshot tells of an entry under a `maxmemory-policy`. */
export function accessReader(policy: string, nowMark: number): (entry: Entry) => Access {
  if (policy.includes('lfu')) return (entry) => ({ idleSeconds: -1, frequency: entry.access & 0xff });
  if (!policy.includes('lru')) return () => ACCESS_NOT_TOLD;
  return (entry) => ({ idleSeconds: (nowMark - entry.access) & CLOCK_MASK, frequency: -1 });
}

/** The mark for an entry of which this was told; `nowMark` when it says nothing under this policy. */
export function markFor(access: Access, policy: string, nowMark: number, nowMs: number): number {
  const { idleSeconds, frequency } = access;
  if (policy.includes('lfu')) {
    const minutes = Math.floor(nowMs / MINUTE_MS) & MINUTES_MASK;
    return frequency === -1 ? nowMark : (minutes << 8) | frequency;
  }
  return idleSeconds === -1 ? nowMark : (nowMark - idleSeconds) & CLOCK_MASK;
}
