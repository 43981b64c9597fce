/**
 * A double-ended queue in a ring: constant time at both ends and by index, linear in the middle. Used for the
 * elements of a list's nodes and for the nodes themselves.
 */

export class Deque<T> {
  private ring: (T | undefined)[] = [];
  private head = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  /** Element at an index below `length`. */
  at(index: number): T {
    return this.ring[(this.head + index) & (this.ring.length - 1)] as T;
  }

  set(index: number, item: T): void {
    this.ring[(this.head + index) & (this.ring.length - 1)] = item;
  }

  pushBack(item: T): void {
    if (this.count === this.ring.length) this.resize(Math.max(4, this.count * 2));
    this.ring[(this.head + this.count) & (this.ring.length - 1)] = item;
    this.count++;
  }

  pushFront(item: T): void {
    if (this.count === this.ring.length) this.resize(Math.max(4, this.count * 2));
    this.head = (this.head - 1) & (this.ring.length - 1);
    this.ring[this.head] = item;
    this.count++;
  }

  popBack(): T | undefined {
    if (this.count === 0) return undefined;
    const place = (this.head + this.count - 1) & (this.ring.length - 1);
    const item = this.ring[place];
    this.ring[place] = undefined;
    this.count--;
    this.shrink();
    return item;
  }

  popFront(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.ring[this.head];
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.count--;
    this.shrink();
    return item;
  }

  /** Inserts before the element at `index`; `length` appends. */
  insert(index: number, item: T): void {
    if (index < this.count / 2) {
      this.pushFront(item);
      for (let i = 0; i < index; i++) this.set(i, this.at(i + 1));
    } else {
      this.pushBack(item);
      for (let i = this.count - 1; i > index; i--) this.set(i, this.at(i - 1));
    }
    this.set(index, item);
  }

  /** Removes and returns the element at `index`. */
  remove(index: number): T {
    const item = this.at(index);
    if (index < this.count / 2) {
      for (let i = index; i > 0; i--) this.set(i, this.at(i - 1));
      this.popFront();
    } else {
      for (let i = index; i < this.count - 1; i++) this.set(i, this.at(i + 1));
      this.popBack();
    }
    return item;
  }

  /** Keeps `count` elements from `start` on. */
  keep(start: number, count: number): void {
    const kept: (T | undefined)[] = new Array<T | undefined>(ringSize(count)).fill(undefined);
    for (let i = 0; i < count; i++) kept[i] = this.at(start + i);
    this.ring = kept;
    this.head = 0;
    this.count = count;
  }

  copy(): Deque<T> {
    const copy = new Deque<T>();
    copy.ring = this.ring.slice();
    copy.head = this.head;
    copy.count = this.count;
    return copy;
  }

  toArray(): T[] {
    const items: T[] = [];
    for (let i = 0; i < this.count; i++) items.push(this.at(i));
    return items;
  }

  private shrink(): void {
    if (this.ring.length > 16 && this.count * 4 < this.ring.length) this.resize(this.ring.length / 2);
  }

  private resize(size: number): void {
    const ring: (T | undefined)[] = [];
    for (let i = 0; i < this.count; i++) ring.push(this.at(i));
    while (ring.length < size) ring.push(undefined);
    this.ring = ring;
    this.head = 0;
  }
}

/** The ring's size is a power of two, so that wrapping around is one AND. */
function ringSize(count: number): number {
  let size = 4;
  while (size < count) size *= 2;
  return size;
}
