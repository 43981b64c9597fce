/**
 * The sorted set type: a flat array ordered by (score, member) while small (Redis's listpack), a counted tree plus
 * a dictionary when large (Redis's skip list, and reported as one).
 *
 * Every range, by rank, score or member, is an interval of ranks: {@link countBelowScore} and
 * {@link countBelowMember} turn bounds into ranks, and walking, counting and removing work on ranks alone.
 * A sorted set without members must be removed from the keyspace by its owner.
 */

import { Dictionary } from '../dictionary.js';
import type { EncodingLimits } from './encoding-limits.js';
import {
  DOUBLE_BYTES,
  ELEMENTS_BYTES,
  OBJECT_BYTES,
  REFERENCE_BYTES,
  stringMemory,
} from './memory-estimate.js';
import { RankedTree, type ScoredMember } from './ranked-tree.js';

export type { ScoredMember } from './ranked-tree.js';

/**
 * The members of a sorted set as they were when it was frozen: ascending as a listpack; when large descending
 * when there are few, otherwise in no particular order.
 */
export interface SortedSetView {
  readonly type: 'zset';
  readonly encoding: SortedSetEncoding;
  readonly size: number;
  at(position: number): ScoredMember;
}

export type SortedSetEncoding = 'listpack' | 'skiplist';

export type ScoreChange = 'added' | 'updated' | 'unchanged';

interface Large {
  readonly order: RankedTree;
  readonly members: Dictionary<ScoredMember>;
}

const FLAT_MEMBER_BYTES = OBJECT_BYTES + 3 * REFERENCE_BYTES + DOUBLE_BYTES;
/** Up to this size a frozen large set is shown in order, as stock stores it. */
const ORDERED_WHEN_FROZEN = 1024;
/** With its place in a leaf, of which three quarters are in use on average. */
const LARGE_MEMBER_BYTES = FLAT_MEMBER_BYTES + 4 * REFERENCE_BYTES;

export class SortedSetValue {
  readonly type = 'zset';
  private readonly limits: EncodingLimits;
  /** Ordered members; null once the set is large. */
  private flat: ScoredMember[] | null = [];
  private flatIsShared = false;
  private large: Large | null = null;
  private textBytes = 0;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  /** An empty set in the form that Redis chooses from the size and the longest member to come. */
  static expecting(expectedSize: number, longestMember: number, limits: EncodingLimits): SortedSetValue {
    const set = new SortedSetValue(limits);
    if (expectedSize > limits.zsetMaxListpackEntries || longestMember > limits.zsetMaxListpackValue)
      set.enlarge();
    return set;
  }

  get size(): number {
    return this.flat !== null ? this.flat.length : this.whenLarge.order.length;
  }

  get encoding(): SortedSetEncoding {
    return this.flat !== null ? 'listpack' : 'skiplist';
  }

  get memoryBytes(): number {
    const own = 2 * OBJECT_BYTES + 5 * REFERENCE_BYTES + ELEMENTS_BYTES + this.textBytes;
    if (this.flat !== null) return own + this.flat.length * FLAT_MEMBER_BYTES;
    return own + this.whenLarge.members.overheadBytes + this.size * LARGE_MEMBER_BYTES;
  }

  /** The score of a member; undefined when there is none. */
  score(member: string): number | undefined {
    return this.find(member)?.score;
  }

  has(member: string): boolean {
    return this.find(member) !== undefined;
  }

  /** Gives a member a score, which must not be NaN; adds the member when it is new. */
  set(member: string, score: number): ScoreChange {
    const known = this.find(member);
    if (known !== undefined) {
      // -0 and 0 compare equal, so the first one stays, as in Redis.
      if (known.score === score) return 'unchanged';
      this.take(known);
      this.put(member, score);
      return 'updated';
    }
    if (
      this.flat !== null &&
      (this.flat.length >= this.limits.zsetMaxListpackEntries ||
        member.length > this.limits.zsetMaxListpackValue)
    ) {
      this.enlarge();
    }
    this.put(member, score);
    this.textBytes += stringMemory(member);
    return 'added';
  }

  /** Removes a member. Returns false when there is none. */
  delete(member: string): boolean {
    const known = this.find(member);
    if (known === undefined) return false;
    this.take(known);
    this.textBytes -= stringMemory(member);
    return true;
  }

  /** The member at a rank from 0; undefined outside. */
  at(rank: number): ScoredMember | undefined {
    return this.flat !== null ? this.flat[rank] : this.whenLarge.order.at(rank);
  }

  /** The rank of a member from 0; -1 when there is none. */
  rank(member: string): number {
    if (this.flat !== null) return this.flat.findIndex((entry) => entry.key === member);
    const entry = this.whenLarge.members.get(member);
    return entry === undefined ? -1 : this.whenLarge.order.rankOf(entry);
  }

  /** How many members have a score below `score`; with `orEqual`, not above it. */
  countBelowScore(score: number, orEqual: boolean): number {
    return this.countBefore((entry) => (orEqual ? entry.score <= score : entry.score < score));
  }

  /** How many members sort before `member` as bytes (or equal it); for sets whose scores are all the same. */
  countBelowMember(member: string, orEqual: boolean): number {
    return this.countBefore((entry) => (orEqual ? entry.key <= member : entry.key < member));
  }

  /** Visits members from a rank on, upwards (1) or downwards (-1), while `visit` returns true. */
  walk(fromRank: number, step: 1 | -1, visit: (member: string, score: number) => boolean): void {
    if (this.flat !== null) {
      for (let i = fromRank; i >= 0 && i < this.flat.length; i += step) {
        const entry = this.flat[i];
        if (!visit(entry.key, entry.score)) return;
      }
      return;
    }
    this.whenLarge.order.walk(fromRank, step, visit);
  }

  /** Removes the members with ranks from `startRank` up to but not including `endRank`, telling each. */
  removeRange(
    startRank: number,
    endRank: number,
    removed: (member: string, score: number) => void = () => undefined,
  ): void {
    const doomed: ScoredMember[] = [];
    this.walk(startRank, 1, (key, score) => {
      if (startRank + doomed.length >= endRank) return false;
      doomed.push({ key, score });
      return true;
    });
    for (const { key, score } of doomed) {
      this.delete(key);
      removed(key, score);
    }
  }

  /** As {@link Dictionary.scan}; a small set is visited whole, in order, by one call. */
  scan(cursor: number, count: number, visit: (member: string, score: number) => void): number {
    if (this.flat === null) {
      return this.whenLarge.members.scan(cursor, count, (entry) => visit(entry.key, entry.score));
    }
    for (const entry of this.flat) visit(entry.key, entry.score);
    return 0;
  }

  /** Goes back to the small form if size and longest member allow it: for results of set operations. */
  settleEncoding(): void {
    if (this.large === null || this.size > this.limits.zsetMaxListpackEntries) return;
    const flat: ScoredMember[] = [];
    let longest = 0;
    this.walk(0, 1, (key, score) => {
      flat.push({ key, score });
      longest = Math.max(longest, key.length);
      return true;
    });
    if (longest > this.limits.zsetMaxListpackValue) return;
    this.flat = flat;
    this.flatIsShared = false;
    this.large = null;
  }

  copy(): SortedSetValue {
    const copy = new SortedSetValue(this.limits);
    if (this.flat === null) copy.enlarge();
    copy.textBytes = this.textBytes;
    if (this.flat !== null) copy.flat = this.flat.slice();
    else this.walk(0, 1, (member, score) => (copy.put(member, score), true));
    return copy;
  }

  /** The members of this moment, whatever is done to the set later. */
  freeze(): SortedSetView {
    const { encoding } = this;
    if (this.flat !== null) {
      const flat = this.flat;
      this.flatIsShared = true;
      return { type: 'zset', encoding, size: flat.length, at: (position) => flat[position] };
    }
    if (this.size <= ORDERED_WHEN_FROZEN) {
      const members: ScoredMember[] = [];
      this.walk(this.size - 1, -1, (key, score) => members.push({ key, score }) > 0);
      return {
        type: 'zset',
        encoding,
        size: members.length,
        at: (position) => members[position],
      };
    }
    const view = this.whenLarge.members.freeze();
    return { type: 'zset', encoding, size: view.size, at: (position) => view.at(position) };
  }

  private get whenLarge(): Large {
    return this.large as Large;
  }

  private find(member: string): ScoredMember | undefined {
    if (this.flat === null) return this.whenLarge.members.get(member);
    return this.flat.find((entry) => entry.key === member);
  }

  private put(member: string, score: number): void {
    if (this.flat === null) {
      const entry: ScoredMember = { key: member, score };
      this.whenLarge.order.insert(entry);
      this.whenLarge.members.add(entry);
      return;
    }
    const rank = this.countBefore(
      (entry) => entry.score < score || (entry.score === score && entry.key < member),
    );
    // A listpack holds a whole number as an integer, which has no negative zero.
    this.writableFlat().splice(rank, 0, { key: member, score: score + 0 });
  }

  private take(entry: ScoredMember): void {
    if (this.flat !== null) {
      const flat = this.writableFlat();
      flat.splice(flat.indexOf(entry), 1);
      return;
    }
    this.whenLarge.members.remove(entry.key);
    this.whenLarge.order.remove(entry);
  }

  private countBefore(isBefore: (entry: ScoredMember) => boolean): number {
    if (this.flat === null) return this.whenLarge.order.countBefore(isBefore);
    let low = 0;
    let high = this.flat.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.flat[middle])) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private writableFlat(): ScoredMember[] {
    if (this.flatIsShared) {
      this.flat = (this.flat as ScoredMember[]).slice();
      this.flatIsShared = false;
    }
    return this.flat as ScoredMember[];
  }

  private enlarge(): void {
    const flat = this.flat as ScoredMember[];
    this.flat = null;
    this.large = {
      order: new RankedTree(),
      members: new Dictionary<ScoredMember>(this.limits.hashSeed),
    };
    for (const entry of flat) this.put(entry.key, entry.score);
  }
}
