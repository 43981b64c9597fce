/**
 * Tables. Elements 1..n are a dense array, everything else is in a hash whose entries keep their place while they
 * are traversed: a removed one leaves an empty place behind, which the next growth sweeps away.
 */
import type { Heap } from './heap.js';
import type { LuaValue } from './value.js';

const TABLE_BYTES = 120;
const ARRAY_ELEMENT_BYTES = 8;
const HASH_ENTRY_BYTES = 64;
/** Fewer empty places than this are not worth a sweep. */
const SWEEP_MINIMUM = 16;

export class LuaTable {
  readonly typeName = 'table';
  /** Elements 1..n; the last one is never nil. */
  readonly array: LuaValue[] = [];
  metatable: LuaTable | null = null;
  /** Scripts cannot change it: the machine and the library refuse. */
  isReadOnly = false;

  private slots: Map<LuaValue, number> | null = null;
  private keys: LuaValue[] = [];
  private values: LuaValue[] = [];
  private emptySlots = 0;

  constructor(private readonly heap: Heap) {
    heap.madeBytes += TABLE_BYTES;
  }

  get(key: LuaValue): LuaValue {
    if (typeof key === 'number') {
      const element = this.array[key - 1];
      if (element !== undefined) return element;
    }
    if (this.slots === null) return undefined;
    const slot = this.slots.get(key);
    return slot === undefined ? undefined : this.values[slot];
  }

  getString(key: string): LuaValue {
    if (this.slots === null) return undefined;
    const slot = this.slots.get(key);
    return slot === undefined ? undefined : this.values[slot];
  }

  /** Sets an element without regard to metatables and {@link isReadOnly}. `key` is neither nil nor NaN. */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number') {
      const { array } = this;
      const index = key - 1;
      if (index >= 0 && index < array.length && Number.isInteger(index)) {
        array[index] = value;
        if (value === undefined && index === array.length - 1) this.dropTail();
        return;
      }
      if (index === array.length) {
        if (value === undefined) {
          this.setHashed(key, undefined);
          return;
        }
        this.append(value);
        return;
      }
    }
    this.setHashed(key, value);
  }

  /** Adds an element behind the last one. */
  append(value: LuaValue): void {
    const { array, slots } = this;
    array.push(value);
    this.heap.madeBytes += ARRAY_ELEMENT_BYTES;
    if (slots === null || slots.size === 0) return;
    this.setHashed(array.length, undefined);
    // What waited in the hash for the array to reach it.
    for (let next = slots.get(array.length + 1); next !== undefined; next = slots.get(array.length + 1)) {
      const moved = this.values[next];
      if (moved === undefined) break;
      this.setHashed(array.length + 1, undefined);
      array.push(moved);
    }
  }

  /** Elements of a constructor, which may leave gaps, from index `from` on. */
  setList(from: number, list: readonly LuaValue[]): void {
    if (from !== this.array.length + 1) {
      for (let i = 0; i < list.length; i++) this.set(from + i, list[i]);
      return;
    }
    for (const value of list) this.array.push(value);
    this.heap.madeBytes += list.length * ARRAY_ELEMENT_BYTES;
    this.dropTail();
  }

  /** A border, as `#` gives it. */
  get length(): number {
    return this.array.length;
  }

  /** Number of entries that are not nil. */
  get entryCount(): number {
    let count = this.keys.length - this.emptySlots;
    for (const element of this.array) if (element !== undefined) count++;
    return count;
  }

  /**
   * The place behind a key in the order of traversal; -1: there is no such key. Places: 0..n-1 are the array's,
   * the hash's follow.
   */
  placeAfter(key: LuaValue): number {
    if (key === undefined) return 0;
    if (typeof key === 'number' && Number.isInteger(key) && key >= 1 && key <= this.array.length) return key;
    const slot = this.slots?.get(key);
    if (slot !== undefined) return this.array.length + slot + 1;
    // The array may have become shorter under the traversal.
    return typeof key === 'number' && key > this.array.length ? this.array.length : -1;
  }

  /** The first place from `place` on that holds something; -1: none. */
  occupiedPlace(place: number): number {
    const { array, values } = this;
    let at = place;
    for (; at < array.length; at++) if (array[at] !== undefined) return at;
    for (let slot = at - array.length; slot < values.length; slot++) {
      if (values[slot] !== undefined) return array.length + slot;
    }
    return -1;
  }

  keyAt(place: number): LuaValue {
    return place < this.array.length ? place + 1 : this.keys[place - this.array.length];
  }

  valueAt(place: number): LuaValue {
    return place < this.array.length ? this.array[place] : this.values[place - this.array.length];
  }

  /** Visits every entry in order. */
  forEach(visit: (key: LuaValue, value: LuaValue) => void): void {
    for (let place = this.occupiedPlace(0); place !== -1; place = this.occupiedPlace(place + 1)) {
      visit(this.keyAt(place), this.valueAt(place));
    }
  }

  /** Bytes this table itself takes. */
  get ownBytes(): number {
    return TABLE_BYTES + this.array.length * ARRAY_ELEMENT_BYTES + this.keys.length * HASH_ENTRY_BYTES;
  }

  private setHashed(key: LuaValue, value: LuaValue): void {
    const slots = (this.slots ??= new Map<LuaValue, number>());
    const slot = slots.get(key);
    if (slot !== undefined) {
      if (value === undefined && this.values[slot] !== undefined) this.emptySlots++;
      else if (value !== undefined && this.values[slot] === undefined) this.emptySlots--;
      this.values[slot] = value;
      return;
    }
    if (value === undefined) return;
    if (this.emptySlots > SWEEP_MINIMUM && this.emptySlots > this.keys.length / 2) this.sweep(slots);
    slots.set(key, this.keys.length);
    this.keys.push(key);
    this.values.push(value);
    this.heap.madeBytes += HASH_ENTRY_BYTES;
  }

  private sweep(slots: Map<LuaValue, number>): void {
    const { keys, values } = this;
    this.keys = [];
    this.values = [];
    this.emptySlots = 0;
    slots.clear();
    for (let slot = 0; slot < keys.length; slot++) {
      if (values[slot] === undefined) continue;
      slots.set(keys[slot], this.keys.length);
      this.keys.push(keys[slot]);
      this.values.push(values[slot]);
    }
  }

  private dropTail(): void {
    const { array } = this;
    while (array.length > 0 && array[array.length - 1] === undefined) array.pop();
  }
}
