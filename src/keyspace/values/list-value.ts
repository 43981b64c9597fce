/**
 * The list type: a deque of nodes of at most 128 elements each, so that both ends are constant time and nothing
 * moves more than one node's elements. Reports the encoding that Redis 7.2 would show.
 *
 * Elements are never empty-handed: a list without elements must be removed from the keyspace by its owner.
 */

import { Deque } from './deque.js';
import type { EncodingLimits } from './encoding-limits.js';
import { ELEMENTS_BYTES, OBJECT_BYTES, REFERENCE_BYTES, stringMemory } from './memory-estimate.js';
import { LISTPACK_OVERHEAD_BYTES, packedSize } from './packed-size.js';

const NODE_ELEMENTS = 128;
const NODE_BYTES = 2 * OBJECT_BYTES + ELEMENTS_BYTES + 5 * REFERENCE_BYTES;
/** With a limit on the count, Redis still keeps a listpack below 8 KiB. */
const SAFETY_LIMIT_BYTES = 8192;

class ListNode {
  readonly elements: Deque<string>;
  /** The list's generation when this node was made: older nodes may be shared with a frozen view. */
  readonly generation: number;

  constructor(elements: Deque<string>, generation: number) {
    this.elements = elements;
    this.generation = generation;
  }
}

/** The elements of a list as they were when it was frozen. */
export interface ListView {
  readonly type: 'list';
  readonly length: number;
  /** Number of pieces the elements come in. */
  readonly pieceCount: number;
  /** At most 128 elements, in order. */
  piece(index: number): string[];
}

export class ListValue {
  readonly type = 'list';
  private readonly limits: EncodingLimits;
  private readonly nodes = new Deque<ListNode>();
  private elementCount = 0;
  /** Bytes that all elements would take in one listpack. */
  private packedBytes = LISTPACK_OVERHEAD_BYTES;
  private elementMemory = 0;
  private isQuicklist = false;
  private generation = 0;

  constructor(limits: EncodingLimits) {
    this.limits = limits;
  }

  get length(): number {
    return this.elementCount;
  }

  get encoding(): 'listpack' | 'quicklist' {
    return this.isQuicklist ? 'quicklist' : 'listpack';
  }

  get memoryBytes(): number {
    return 2 * OBJECT_BYTES + this.nodes.length * NODE_BYTES + this.elementMemory;
  }

  pushHead(element: string): void {
    this.prepareGrowth(element);
    let node = this.nodes.length > 0 ? this.writableNode(0) : null;
    if (node === null || node.elements.length >= NODE_ELEMENTS) {
      node = this.newNode();
      this.nodes.pushFront(node);
    }
    node.elements.pushFront(element);
    this.account(element);
  }

  pushTail(element: string): void {
    this.prepareGrowth(element);
    let node = this.nodes.length > 0 ? this.writableNode(this.nodes.length - 1) : null;
    if (node === null || node.elements.length >= NODE_ELEMENTS) {
      node = this.newNode();
      this.nodes.pushBack(node);
    }
    node.elements.pushBack(element);
    this.account(element);
  }

  popHead(): string | undefined {
    return this.elementCount === 0 ? undefined : this.removeFrom(0, 0);
  }

  popTail(): string | undefined {
    if (this.elementCount === 0) return undefined;
    const last = this.nodes.length - 1;
    return this.removeFrom(last, this.nodes.at(last).elements.length - 1);
  }

  /** The element at an index from the head; undefined outside. */
  at(index: number): string | undefined {
    if (index < 0 || index >= this.elementCount) return undefined;
    const { nodeIndex, offset } = this.locate(index);
    return this.nodes.at(nodeIndex).elements.at(offset);
  }

  /** Replaces an element; false when the index lies outside. */
  set(index: number, element: string): boolean {
    if (index < 0 || index >= this.elementCount) return false;
    this.prepareGrowth(element);
    const { nodeIndex, offset } = this.locate(index);
    const elements = this.writableNode(nodeIndex).elements;
    this.unaccount(elements.at(offset));
    elements.set(offset, element);
    this.account(element);
    this.settleAfterShrinking();
    return true;
  }

  /** Inserts before the element at `index` (0 to `length`). */
  insert(index: number, element: string): void {
    if (index <= 0) return this.pushHead(element);
    if (index >= this.elementCount) return this.pushTail(element);
    this.prepareGrowth(element);
    const { nodeIndex, offset } = this.locate(index);
    const node = this.writableNode(nodeIndex);
    node.elements.insert(offset, element);
    this.account(element);
    if (node.elements.length > NODE_ELEMENTS) this.splitNode(nodeIndex);
  }

  /**
   * Removes elements equal to `element`: the first `count` from the head, the first `-count` from the tail, or all
   * when 0.
   * @returns how many were removed.
   */
  removeEqual(element: string, count: number): number {
    const limit = count === 0 ? Infinity : Math.abs(count);
    const backwards = count < 0;
    let removed = 0;
    let nodeIndex = backwards ? this.nodes.length - 1 : 0;
    while (removed < limit && nodeIndex >= 0 && nodeIndex < this.nodes.length) {
      const nodesBefore = this.nodes.length;
      removed += this.removeEqualFrom(nodeIndex, element, limit - removed, backwards);
      if (backwards) nodeIndex--;
      else if (this.nodes.length === nodesBefore) nodeIndex++;
    }
    if (removed > 0) this.settleAfterShrinking();
    return removed;
  }

  /** Keeps `count` elements from `start` on; both must lie inside the list. */
  trim(start: number, count: number): void {
    this.dropHead(start);
    this.dropTail(this.elementCount - count);
    this.settleAfterShrinking();
  }

  /** The elements from `start` to `stop`, both included and inside the list. */
  range(start: number, stop: number): string[] {
    const elements: string[] = [];
    if (stop < start) return elements;
    this.walk(start, 1, (element) => {
      elements.push(element);
      return elements.length <= stop - start;
    });
    return elements;
  }

  /** Visits elements from an index on, towards the tail (1) or the head (-1), while `visit` returns true. */
  walk(from: number, step: 1 | -1, visit: (element: string, index: number) => boolean): void {
    if (from < 0 || from >= this.elementCount) return;
    let { nodeIndex, offset } = this.locate(from);
    let index = from;
    for (;;) {
      const elements = this.nodes.at(nodeIndex).elements;
      while (offset >= 0 && offset < elements.length) {
        if (!visit(elements.at(offset), index)) return;
        offset += step;
        index += step;
      }
      nodeIndex += step;
      if (nodeIndex < 0 || nodeIndex >= this.nodes.length) return;
      offset = step === 1 ? 0 : this.nodes.at(nodeIndex).elements.length - 1;
    }
  }

  /** Chooses the encoding by the size alone, as Redis does after loading and copying. */
  settleEncoding(): void {
    this.isQuicklist = !this.fits(1);
  }

  copy(): ListValue {
    const copy = new ListValue(this.limits);
    for (let i = 0; i < this.nodes.length; i++) {
      copy.nodes.pushBack(new ListNode(this.nodes.at(i).elements.copy(), 0));
    }
    copy.elementCount = this.elementCount;
    copy.packedBytes = this.packedBytes;
    copy.elementMemory = this.elementMemory;
    copy.isQuicklist = this.isQuicklist;
    return copy;
  }

  /** The elements of this moment, whatever is done to the list later. */
  freeze(): ListView {
    this.generation++;
    const nodes = this.nodes.toArray();
    return {
      type: 'list',
      length: this.elementCount,
      pieceCount: nodes.length,
      piece: (index) => nodes[index]?.elements.toArray() ?? [],
    };
  }

  private newNode(): ListNode {
    return new ListNode(new Deque<string>(), this.generation);
  }

  private writableNode(nodeIndex: number): ListNode {
    const node = this.nodes.at(nodeIndex);
    if (node.generation === this.generation) return node;
    const copy = new ListNode(node.elements.copy(), this.generation);
    this.nodes.set(nodeIndex, copy);
    return copy;
  }

  private account(element: string): void {
    this.elementCount++;
    this.packedBytes += packedSize(element);
    this.elementMemory += stringMemory(element) + REFERENCE_BYTES;
  }

  private unaccount(element: string): void {
    this.elementCount--;
    this.packedBytes -= packedSize(element);
    this.elementMemory -= stringMemory(element) + REFERENCE_BYTES;
  }

  /** Finds an element from the nearer end. */
  private locate(index: number): { nodeIndex: number; offset: number } {
    if (index < this.elementCount / 2) {
      let offset = index;
      let nodeIndex = 0;
      for (;;) {
        const length = this.nodes.at(nodeIndex).elements.length;
        if (offset < length) return { nodeIndex, offset };
        offset -= length;
        nodeIndex++;
      }
    }
    let fromEnd = this.elementCount - index;
    let nodeIndex = this.nodes.length - 1;
    for (;;) {
      const length = this.nodes.at(nodeIndex).elements.length;
      if (fromEnd <= length) return { nodeIndex, offset: length - fromEnd };
      fromEnd -= length;
      nodeIndex--;
    }
  }

  private removeFrom(nodeIndex: number, offset: number): string {
    const element = this.takeOut(nodeIndex, offset);
    this.settleAfterShrinking();
    return element;
  }

  private takeOut(nodeIndex: number, offset: number): string {
    const node = this.writableNode(nodeIndex);
    const element = node.elements.remove(offset);
    if (node.elements.length === 0) this.nodes.remove(nodeIndex);
    this.unaccount(element);
    return element;
  }

  private removeEqualFrom(nodeIndex: number, element: string, limit: number, backwards: boolean): number {
    let elements = this.nodes.at(nodeIndex).elements;
    let removed = 0;
    let offset = backwards ? elements.length - 1 : 0;
    while (removed < limit && offset >= 0 && offset < elements.length) {
      const equal = elements.at(offset) === element;
      if (equal) {
        const isLast = elements.length === 1;
        this.takeOut(nodeIndex, offset);
        removed++;
        if (isLast) break;
        elements = this.nodes.at(nodeIndex).elements;
      }
      if (backwards) offset--;
      else if (!equal) offset++;
    }
    return removed;
  }

  private dropHead(count: number): void {
    let left = count;
    while (left > 0) {
      const elements = this.nodes.at(0).elements;
      const dropped = Math.min(left, elements.length);
      for (let i = 0; i < dropped; i++) this.unaccount(elements.at(i));
      if (dropped === elements.length) this.nodes.popFront();
      else this.writableNode(0).elements.keep(dropped, elements.length - dropped);
      left -= dropped;
    }
  }

  private dropTail(count: number): void {
    let left = count;
    while (left > 0) {
      const last = this.nodes.length - 1;
      const elements = this.nodes.at(last).elements;
      const dropped = Math.min(left, elements.length);
      const kept = elements.length - dropped;
      for (let i = kept; i < elements.length; i++) this.unaccount(elements.at(i));
      if (kept === 0) this.nodes.popBack();
      else this.writableNode(last).elements.keep(0, kept);
      left -= dropped;
    }
  }

  private splitNode(nodeIndex: number): void {
    const elements = this.nodes.at(nodeIndex).elements;
    const half = elements.length >>> 1;
    const second = elements.copy();
    second.keep(half, elements.length - half);
    elements.keep(0, half);
    this.nodes.insert(nodeIndex + 1, new ListNode(second, this.generation));
  }

  /** Redis converts before it adds, counting the new element by its length as text. */
  private prepareGrowth(element: string): void {
    if (this.isQuicklist) return;
    const limit = this.limits.listMaxListpackSize;
    const sizeBytes = this.packedBytes + element.length;
    if (limit < 0) this.isQuicklist = sizeBytes > nodeLimitBytes(limit);
    else this.isQuicklist = sizeBytes > SAFETY_LIMIT_BYTES || this.elementCount + 1 > Math.max(1, limit);
  }

  /** A quicklist becomes a listpack again only at half the limit, so that it does not flip at the border. */
  private settleAfterShrinking(): void {
    if (this.isQuicklist && this.fits(2)) this.isQuicklist = false;
  }

  private fits(divisor: number): boolean {
    const limit = this.limits.listMaxListpackSize;
    if (limit < 0) return this.packedBytes <= nodeLimitBytes(limit) / divisor;
    return (
      this.packedBytes <= SAFETY_LIMIT_BYTES && this.elementCount <= Math.floor(Math.max(1, limit) / divisor)
    );
  }
}

/** What a negative `list-max-listpack-size` stands for. */
export function nodeLimitBytes(limit: number): number {
  return 4096 << (Math.min(-limit, 5) - 1);
}
