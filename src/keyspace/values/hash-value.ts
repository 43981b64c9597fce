/**
 * The hash type: a flat array of field, value, field, value while small (Redis's listpack, whose order clients
 * see in HGETALL), a dictionary when large. Never goes back to the small form, as in Redis.
 *
 * A hash without fields must be removed from the keyspace by its owner.
 */

import { Dictionary } from '../dictionary.js';
import type { EncodingLimits } from './encoding-limits.js';
import { ELEMENTS_BYTES, OBJECT_BYTES, REFERENCE_BYTES, stringMemory } from './memory-estimate.js';

/** A field of a large hash. Never changed in place: a frozen dictionary may show it. */
export class HashField {
  readonly key: string;
  readonly value: string;

  constructor(key: string, value: string) {
    this.key = key;
    this.value = value;
  }
}

export type HashEncoding = 'listpack' | 'hashtable';

/** The fields of a hash as they were when it was frozen. */
export interface HashView {
  readonly type: 'hash';
  readonly encoding: HashEncoding;
  readonly size: number;
  field(position: number): string;
  value(position: number): string;
}

const FIELD_BYTES = OBJECT_BYTES + 2 * REFERENCE_BYTES;

export class HashValue {
  readonly type = 'hash';
  private readonly limits: EncodingLimits;
  /** Field, value, …; null once the hash is large. */
  private flat: string[] | null = [];
  private flatIsShared = false;
  private dictionary: Dictionary<HashField> | null = null;
  private textBytes = 0;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.flat !== null ? this.flat.length / 2 : this.large.size;
  }

  get encoding(): HashEncoding {
    return this.flat !== null ? 'listpack' : 'hashtable';
  }

  get memoryBytes(): number {
    const own = 2 * OBJECT_BYTES + 4 * REFERENCE_BYTES + this.textBytes;
    if (this.flat !== null) return own + ELEMENTS_BYTES + this.flat.length * REFERENCE_BYTES;
    return own + this.large.overheadBytes + this.large.size * FIELD_BYTES;
  }

  get(field: string): string | undefined {
    if (this.flat === null) return this.large.get(field)?.value;
    const index = this.flatIndexOf(field);
    return index === -1 ? undefined : this.flat[index + 1];
  }

  has(field: string): boolean {
    return this.flat !== null ? this.flatIndexOf(field) !== -1 : this.large.has(field);
  }

  /** Sets a field. Returns true when it is new. */
  set(field: string, value: string): boolean {
    const longest = this.limits.hashMaxListpackValue;
    if (this.flat !== null && (field.length > longest || value.length > longest)) this.enlarge();
    return this.flat !== null ? this.setFlat(field, value) : this.setLarge(field, value);
  }

  /** Removes a field. Returns false when there is none. */
  delete(field: string): boolean {
    if (this.flat === null) {
      const removed = this.large.remove(field);
      if (removed === undefined) return false;
      this.textBytes -= stringMemory(removed.key) + stringMemory(removed.value);
      return true;
    }
    const index = this.flatIndexOf(field);
    if (index === -1) return false;
    const flat = this.writableFlat();
    this.textBytes -= stringMemory(field) + stringMemory(flat[index + 1]);
    flat.splice(index, 2);
    return true;
  }

  /** The field at a position below `size`: for random picks. Positions change with every removal. */
  fieldAt(position: number): string {
    return this.flat !== null ? this.flat[2 * position] : this.large.at(position).key;
  }

  /** The value at a position below `size`. */
  valueAt(position: number): string {
    return this.flat !== null ? this.flat[2 * position + 1] : this.large.at(position).value;
  }

  /** Visits all fields, in the order Redis shows them while the hash is small. */
  forEach(visit: (field: string, value: string) => void): void {
    if (this.flat === null) return this.large.forEach((entry) => visit(entry.key, entry.value));
    for (let i = 0; i < this.flat.length; i += 2) visit(this.flat[i], this.flat[i + 1]);
  }

  /** As {@link Dictionary.scan}; a small hash is visited whole by one call. */
  scan(cursor: number, count: number, visit: (field: string, value: string) => void): number {
    if (this.flat === null) return this.large.scan(cursor, count, (entry) => visit(entry.key, entry.value));
    this.forEach(visit);
    return 0;
  }

  copy(): HashValue {
    const copy = new HashValue(this.limits);
    copy.textBytes = this.textBytes;
    if (this.flat !== null) {
      copy.flat = this.flat.slice();
    } else {
      const dictionary = new Dictionary<HashField>(this.limits.hashSeed);
      const source = this.large;
      for (let i = 0; i < source.size; i++) dictionary.add(source.at(i));
      copy.flat = null;
      copy.dictionary = dictionary;
    }
    return copy;
  }

  /** The fields of this moment, whatever is done to the hash later. */
  freeze(): HashView {
    if (this.flat === null) {
      const view = this.large.freeze();
      return {
        type: 'hash',
        encoding: 'hashtable',
        size: view.size,
        field: (position) => view.at(position).key,
        value: (position) => view.at(position).value,
      };
    }
    const flat = this.flat;
    this.flatIsShared = true;
    return {
      type: 'hash',
      encoding: 'listpack',
      size: flat.length / 2,
      field: (position) => flat[2 * position],
      value: (position) => flat[2 * position + 1],
    };
  }

  private get large(): Dictionary<HashField> {
    return this.dictionary as Dictionary<HashField>;
  }

  private flatIndexOf(field: string): number {
    const flat = this.flat as string[];
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === field) return i;
    return -1;
  }

  private writableFlat(): string[] {
    if (this.flatIsShared) {
      this.flat = (this.flat as string[]).slice();
      this.flatIsShared = false;
    }
    return this.flat as string[];
  }

  private setFlat(field: string, value: string): boolean {
    const index = this.flatIndexOf(field);
    const flat = this.writableFlat();
    if (index !== -1) {
      this.textBytes += stringMemory(value) - stringMemory(flat[index + 1]);
      flat[index + 1] = value;
      return false;
    }
    flat.push(field, value);
    this.textBytes += stringMemory(field) + stringMemory(value);
    if (flat.length / 2 > this.limits.hashMaxListpackEntries) this.enlarge();
    return true;
  }

  private setLarge(field: string, value: string): boolean {
    const entry = new HashField(field, value);
    if (this.large.add(entry)) {
      this.textBytes += stringMemory(field) + stringMemory(value);
      return true;
    }
    const replaced = this.large.replace(entry);
    this.textBytes += stringMemory(value) - stringMemory(replaced.value);
    return false;
  }

  private enlarge(): void {
    const flat = this.flat as string[];
    const dictionary = new Dictionary<HashField>(this.limits.hashSeed);
    for (let i = 0; i < flat.length; i += 2) {
      dictionary.add(new HashField(flat[i], flat[i + 1]));
    }
    this.flat = null;
    this.dictionary = dictionary;
  }
}
