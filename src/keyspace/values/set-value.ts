/**
 * The set type: sorted integers, a flat array in order of insertion, or a dictionary, when Redis 7.2 has an
 * intset, a listpack or a hash table.
 *
 * A set without members must be removed from the keyspace by its owner.
 */

import type { Randomness } from '../../platform/platform.js';
import { Dictionary, type DictionaryEntry } from '../dictionary.js';
import type { EncodingLimits } from './encoding-limits.js';
import { IntegerSet, parseIntegerMember } from './integer-set.js';
import { ELEMENTS_BYTES, OBJECT_BYTES, REFERENCE_BYTES, stringMemory } from './memory-estimate.js';

class SetMember implements DictionaryEntry {
  readonly key: string;

  constructor(key: string) {
    this.key = key;
  }
}

/** The members of a set as they were when it was frozen. */
export interface SetView {
  readonly type: 'set';
  readonly encoding: SetEncoding;
  readonly size: number;
  member(position: number): string;
}

export type SetEncoding = 'intset' | 'listpack' | 'hashtable';

type Content =
  | { readonly encoding: 'intset'; readonly members: IntegerSet }
  | { readonly encoding: 'listpack'; members: string[]; isShared: boolean }
  | { readonly encoding: 'hashtable'; readonly members: Dictionary<SetMember> };

const MEMBER_BYTES = OBJECT_BYTES + REFERENCE_BYTES;

export class SetValue {
  readonly type = 'set';
  private readonly limits: EncodingLimits;
  private content: Content = { encoding: 'intset', members: new IntegerSet() };
  private textBytes = 0;

  /** An empty set in its smallest form; see {@link SetValue.expecting} for Redis's choice at creation. */
  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  /**
   * An empty set in the form that Redis chooses from the first member to come and the number of members
   * expected.
   */
  static expecting(firstMember: string, expectedSize: number, limits: EncodingLimits): SetValue {
    const set = new SetValue(limits);
    const startsWithInteger = parseIntegerMember(firstMember) !== null;
    if (startsWithInteger && expectedSize <= limits.setMaxIntsetEntries) return set;
    if (expectedSize <= limits.setMaxListpackEntries) set.becomeListpack();
    else set.becomeHashtable();
    return set;
  }

  get size(): number {
    return this.content.encoding === 'listpack' ? this.content.members.length : this.content.members.size;
  }

  get encoding(): SetEncoding {
    return this.content.encoding;
  }

  get memoryBytes(): number {
    const own = 3 * OBJECT_BYTES + 4 * REFERENCE_BYTES + ELEMENTS_BYTES;
    switch (this.content.encoding) {
      case 'intset':
        return own + this.size * REFERENCE_BYTES;
      case 'listpack':
        return own + this.size * REFERENCE_BYTES + this.textBytes;
      case 'hashtable':
        return own + this.content.members.overheadBytes + this.size * MEMBER_BYTES + this.textBytes;
    }
  }

  has(member: string): boolean {
    switch (this.content.encoding) {
      case 'intset': {
        const integer = parseIntegerMember(member);
        return integer !== null && this.content.members.has(integer);
      }
      case 'listpack':
        return this.content.members.includes(member);
      case 'hashtable':
        return this.content.members.has(member);
    }
  }

  /** Adds a member. Returns false when it is there already. */
  add(member: string): boolean {
    switch (this.content.encoding) {
      case 'intset':
        return this.addToIntegers(this.content.members, member);
      case 'listpack':
        if (this.content.members.includes(member)) return false;
        if (
          this.content.members.length >= this.limits.setMaxListpackEntries ||
          member.length > this.limits.setMaxListpackValue
        ) {
          this.becomeHashtable();
          return this.add(member);
        }
        this.writableFlat().push(member);
        break;
      case 'hashtable':
        if (!this.content.members.add(new SetMember(member))) return false;
        break;
    }
    this.textBytes += stringMemory(member);
    return true;
  }

  /** Removes a member. Returns false when there is none. */
  delete(member: string): boolean {
    switch (this.content.encoding) {
      case 'intset': {
        const integer = parseIntegerMember(member);
        return integer !== null && this.content.members.delete(integer);
      }
      case 'listpack': {
        const position = this.content.members.indexOf(member);
        if (position === -1) return false;
        this.writableFlat().splice(position, 1);
        break;
      }
      case 'hashtable':
        if (this.content.members.remove(member) === undefined) return false;
        break;
    }
    this.textBytes -= stringMemory(member);
    return true;
  }

  /** The member at a position below `size`. Positions change with every removal. */
  at(position: number): string {
    switch (this.content.encoding) {
      case 'intset':
        return this.content.members.at(position).toString();
      case 'listpack':
        return this.content.members[position];
      case 'hashtable':
        return this.content.members.at(position).key;
    }
  }

  /** A uniformly chosen member; undefined when there is none. */
  randomMember(random: Randomness): string | undefined {
    return this.size === 0 ? undefined : this.at(random.integer(this.size));
  }

  /** Visits all members, in the order Redis shows them while the set is small. */
  forEach(visit: (member: string) => void): void {
    if (this.content.encoding === 'hashtable') this.content.members.forEach((entry) => visit(entry.key));
    else for (let i = 0; i < this.size; i++) visit(this.at(i));
  }

  /** As {@link Dictionary.scan}; a small set is visited whole by one call. */
  scan(cursor: number, count: number, visit: (member: string) => void): number {
    if (this.content.encoding === 'hashtable') {
      return this.content.members.scan(cursor, count, (entry) => visit(entry.key));
    }
    this.forEach(visit);
    return 0;
  }

  copy(): SetValue {
    const copy = new SetValue(this.limits);
    copy.textBytes = this.textBytes;
    switch (this.content.encoding) {
      case 'intset':
        copy.content = { encoding: 'intset', members: this.content.members.copy() };
        break;
      case 'listpack':
        copy.content = { encoding: 'listpack', members: this.content.members.slice(), isShared: false };
        break;
      case 'hashtable': {
        const members = new Dictionary<SetMember>(this.limits.hashSeed);
        for (let i = 0; i < this.size; i++) members.add(this.content.members.at(i));
        copy.content = { encoding: 'hashtable', members };
        break;
      }
    }
    return copy;
  }

  /** The members of this moment, whatever is done to the set later. */
  freeze(): SetView {
    const { encoding } = this.content;
    switch (this.content.encoding) {
      case 'intset': {
        const members = this.content.members.freeze();
        return {
          type: 'set',
          encoding,
          size: members.length,
          member: (position) => String(members[position]),
        };
      }
      case 'listpack': {
        const members = this.content.members;
        this.content.isShared = true;
        return {
          type: 'set',
          encoding,
          size: members.length,
          member: (position) => members[position],
        };
      }
      case 'hashtable': {
        const view = this.content.members.freeze();
        return { type: 'set', encoding, size: view.size, member: (position) => view.at(position).key };
      }
    }
  }

  private addToIntegers(members: IntegerSet, member: string): boolean {
    const integer = parseIntegerMember(member);
    if (integer !== null) {
      if (!members.add(integer)) return false;
      if (members.size > this.limits.setMaxIntsetEntries) this.becomeHashtable();
      return true;
    }
    const longest = this.limits.setMaxListpackValue;
    const fits =
      members.size < this.limits.setMaxListpackEntries &&
      member.length <= longest &&
      (members.size === 0 || Math.max(this.at(0).length, this.at(members.size - 1).length) <= longest);
    if (fits) this.becomeListpack();
    else this.becomeHashtable();
    return this.add(member);
  }

  private writableFlat(): string[] {
    if (this.content.encoding !== 'listpack') throw new Error('set: not in its flat form');
    if (this.content.isShared) {
      this.content.members = this.content.members.slice();
      this.content.isShared = false;
    }
    return this.content.members;
  }

  private becomeListpack(): void {
    const members: string[] = [];
    this.textBytes = 0;
    this.forEach((member) => {
      members.push(member);
      this.textBytes += stringMemory(member);
    });
    this.content = { encoding: 'listpack', members, isShared: false };
  }

  private becomeHashtable(): void {
    const members = new Dictionary<SetMember>(this.limits.hashSeed);
    this.textBytes = 0;
    this.forEach((member) => {
      members.add(new SetMember(member));
      this.textBytes += stringMemory(member);
    });
    this.content = { encoding: 'hashtable', members };
  }
}
