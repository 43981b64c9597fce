/**
 * The small form of a set of integers: a sorted array, as Redis's intset. Members are 64-bit integers: numbers
 * while they are safe integers, bigints beyond, so that equal members are always identical.
 */

import { parseInt64, parseSafeInteger } from '../../resp/numbers.js';

export type IntegerMember = number | bigint;

/** A member as an integer, or null when its text is not the canonical form of a 64-bit one. */
export function parseIntegerMember(text: string): IntegerMember | null {
  if (text.length > 20) return null;
  const narrow = parseSafeInteger(text);
  return Number.isNaN(narrow) ? parseInt64(text) : narrow;
}

export class IntegerSet {
  private members: IntegerMember[] = [];
  private isShared = false;

  get size(): number {
    return this.members.length;
  }

  /** The member at a position, in ascending order. */
  at(position: number): IntegerMember {
    return this.members[position];
  }

  has(member: IntegerMember): boolean {
    return this.members[this.lowerBound(member)] === member;
  }

  add(member: IntegerMember): boolean {
    const position = this.lowerBound(member);
    if (this.members[position] === member) return false;
    this.writable().splice(position, 0, member);
    return true;
  }

  delete(member: IntegerMember): boolean {
    const position = this.lowerBound(member);
    if (this.members[position] !== member) return false;
    this.writable().splice(position, 1);
    return true;
  }

  copy(): IntegerSet {
    const copy = new IntegerSet();
    copy.members = this.members.slice();
    return copy;
  }

  /** The members of this moment, ascending. */
  freeze(): readonly IntegerMember[] {
    this.isShared = true;
    return this.members;
  }

  private writable(): IntegerMember[] {
    if (this.isShared) {
      this.members = this.members.slice();
      this.isShared = false;
    }
    return this.members;
  }

  /** The first position whose member is not smaller. Numbers and bigints compare exactly with each other. */
  private lowerBound(member: IntegerMember): number {
    let low = 0;
    let high = this.members.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.members[middle] < member) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
