/**
 * Ranges of sorted sets: by rank, by score or, among members of one score, by member. Whatever a range is given
 * by, it is an interval of ranks.
 */
import type { SortedSetValue } from '../../keyspace/values/sorted-set-value.js';
import type { Client } from '../../server/client.js';
import { integerArgument, parseLenientDouble } from '../arguments.js';

export type RangeKind = 'rank' | 'score' | 'member';

interface ScoreBound {
  readonly score: number;
  readonly exclusive: boolean;
}

type MemberBound = 'first' | 'last' | { readonly member: string; readonly exclusive: boolean };

export type Range =
  | { readonly kind: 'rank'; readonly start: number; readonly stop: number }
  | { readonly kind: 'score'; readonly low: ScoreBound; readonly high: ScoreBound }
  | { readonly kind: 'member'; readonly low: MemberBound; readonly high: MemberBound };

const UNROUNDED = /^[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+$/;

/** Ranks from `start` up to but not including `end`; empty when `start` is not below `end`. */
export interface RankInterval {
  readonly start: number;
  readonly end: number;
}

/** The range between two arguments, the lower one first; null after an error. */
export function rangeArguments(
  client: Client,
  kind: RangeKind,
  lowText: string,
  highText: string,
): Range | null {
  switch (kind) {
    case 'rank': {
      const start = integerArgument(client, lowText);
      if (Number.isNaN(start)) return null;
      const stop = integerArgument(client, highText);
      return Number.isNaN(stop) ? null : { kind, start, stop };
    }
    case 'score': {
      const low = scoreBound(lowText);
      const high = scoreBound(highText);
      if (low !== null && high !== null) return { kind, low, high };
      client.reply.error('ERR min or max is not a float');
      return null;
    }
    case 'member': {
      const low = memberBound(lowText);
      const high = memberBound(highText);
      if (low !== null && high !== null) return { kind, low, high };
      client.reply.error('ERR min or max not valid string range item');
      return null;
    }
  }
}

function scoreBound(text: string): ScoreBound | null {
  const exclusive = text.charCodeAt(0) === 40;
  const score = boundScore(exclusive ? text.slice(1) : text);
  return Number.isNaN(score) ? null : { score, exclusive };
}

/** A bound may be too large or too small for a double; it is then infinite or zero. */
function boundScore(text: string): number {
  const score = parseLenientDouble(text);
  return Number.isNaN(score) && UNROUNDED.test(text) ? Number(text) : score;
}

function memberBound(text: string): MemberBound | null {
  if (text === '-') return 'first';
  if (text === '+') return 'last';
  if (text[0] !== '(' && text[0] !== '[') return null;
  return { member: text.slice(1), exclusive: text[0] === '(' };
}

/** The ranks of the members of a set that lie in a range; a rank range counts from the end when `reverse`. */
export function intervalOf(set: SortedSetValue, range: Range, reverse = false): RankInterval {
  const { size } = set;
  switch (range.kind) {
    case 'rank': {
      const start = Math.max(0, range.start < 0 ? size + range.start : range.start);
      const end = Math.min(size, (range.stop < 0 ? size + range.stop : range.stop) + 1);
      return reverse ? { start: size - end, end: size - start } : { start, end };
    }
    case 'score': {
      const { low, high } = range;
      return {
        start: set.countBelowScore(low.score, low.exclusive),
        end: set.countBelowScore(high.score, !high.exclusive),
      };
    }
    case 'member':
      return {
        start: rankOfBound(
          set,
          range.low,
          range.low !== 'first' && range.low !== 'last' && range.low.exclusive,
        ),
        end: rankOfBound(
          set,
          range.high,
          range.high !== 'first' && range.high !== 'last' && !range.high.exclusive,
        ),
      };
  }
}

/** How many members lie before a bound, those that equal it included or not. */
function rankOfBound(set: SortedSetValue, bound: MemberBound, withEqual: boolean): number {
  if (bound === 'first') return 0;
  return bound === 'last' ? set.size : set.countBelowMember(bound.member, withEqual);
}

export function intervalSize({ start, end }: RankInterval): number {
  return Math.max(0, end - start);
}
