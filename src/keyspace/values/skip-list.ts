/**
 * A skip list ordered by (score, member) that knows ranks: the order half of a large sorted set. Every link
 * carries its span, the number of places it jumps, so finding by rank and finding the rank are logarithmic.
 *
 * Three nodes of four live on the lowest level only and have no tower, which keeps them small. The height of a
 * node comes from a keyed hash of its member: as good as chance, and the same in every run of the simulator.
 */

import { hashKey } from '../key-hash.js';

const MAX_LEVELS = 24;

/** The links of a node above the lowest level, and their spans. */
interface Tower {
  readonly next: (SkipListNode | null)[];
  readonly spans: number[];
}

export class SkipListNode {
  /** The member; named so that a dictionary can hold the node. */
  readonly key: string;
  readonly score: number;
  previous: SkipListNode | null = null;
  next: SkipListNode | null = null;
  /** Null when the node lives on the lowest level only. */
  readonly tower: Tower | null;

  constructor(key: string, score: number, levels: number) {
    this.key = key;
    this.score = score;
    this.tower =
      levels > 1
        ? {
            next: new Array<SkipListNode | null>(levels - 1).fill(null),
            spans: new Array<number>(levels - 1).fill(0),
          }
        : null;
  }
}

/** Tells whether a node lies before what is looked for. */
type IsBefore = (node: SkipListNode) => boolean;

export class SkipList {
  private readonly head = new SkipListNode('', -Infinity, MAX_LEVELS);
  private readonly levelSeed: number;
  private tail: SkipListNode | null = null;
  private nodeCount = 0;
  /** Levels in use above the lowest. */
  private height = 0;

  constructor(hashSeed: number) {
    // Not the dictionary's hash: members of one bucket must not get one height.
    this.levelSeed = ~hashSeed;
  }

  get length(): number {
    return this.nodeCount;
  }

  get first(): SkipListNode | null {
    return this.head.next;
  }

  get last(): SkipListNode | null {
    return this.tail;
  }

  /** Inserts a member that is not there yet. */
  insert(member: string, score: number): SkipListNode {
    const node = new SkipListNode(member, score, levelsFor(hashKey(member, this.levelSeed)));
    const nodeHeight = node.tower === null ? 0 : node.tower.next.length;
    while (this.height < nodeHeight) {
      towerOf(this.head).spans[this.height] = this.nodeCount;
      this.height++;
    }
    let current = this.head;
    let rank = 0;
    const path: SkipListNode[] = [];
    const ranks: number[] = [];
    for (let level = this.height - 1; level >= 0; level--) {
      let tower = towerOf(current);
      let next = tower.next[level];
      while (next !== null && comesBefore(next, score, member)) {
        rank += tower.spans[level];
        current = next;
        tower = towerOf(current);
        next = tower.next[level];
      }
      path[level] = current;
      ranks[level] = rank;
    }
    while (current.next !== null && comesBefore(current.next, score, member)) {
      current = current.next;
      rank++;
    }
    this.linkLowest(current, node);
    for (let level = 0; level < this.height; level++) {
      const before = towerOf(path[level]);
      if (level >= nodeHeight) {
        before.spans[level]++;
        continue;
      }
      const distance = rank - ranks[level] + 1;
      const own = towerOf(node);
      own.next[level] = before.next[level];
      own.spans[level] = before.spans[level] + 1 - distance;
      before.next[level] = node;
      before.spans[level] = distance;
    }
    this.nodeCount++;
    return node;
  }

  /** Removes a node that is in the list. */
  remove(node: SkipListNode): void {
    let current = this.head;
    for (let level = this.height - 1; level >= 0; level--) {
      let tower = towerOf(current);
      let next = tower.next[level];
      while (next !== null && comesBefore(next, node.score, node.key)) {
        current = next;
        tower = towerOf(current);
        next = tower.next[level];
      }
      if (next === node) {
        const own = towerOf(node);
        tower.spans[level] += own.spans[level] - 1;
        tower.next[level] = own.next[level];
      } else {
        tower.spans[level]--;
      }
    }
    const previous = node.previous ?? this.head;
    previous.next = node.next;
    if (node.next !== null) node.next.previous = node.previous;
    else this.tail = node.previous;
    this.nodeCount--;
    while (this.height > 0 && towerOf(this.head).next[this.height - 1] === null) this.height--;
  }

  /** The node at a rank from 0; null outside. */
  at(rank: number): SkipListNode | null {
    if (rank < 0 || rank >= this.nodeCount) return null;
    if (rank === this.nodeCount - 1) return this.tail;
    let current = this.head;
    let left = rank + 1;
    for (let level = this.height - 1; level >= 0; level--) {
      let tower = towerOf(current);
      let next = tower.next[level];
      while (next !== null && tower.spans[level] <= left) {
        left -= tower.spans[level];
        current = next;
        tower = towerOf(current);
        next = tower.next[level];
      }
    }
    while (left > 0 && current.next !== null) {
      current = current.next;
      left--;
    }
    return current;
  }

  /** How many nodes lie before a place: the rank of the first node for which `isBefore` is false. */
  countBefore(isBefore: IsBefore): number {
    let current = this.head;
    let rank = 0;
    for (let level = this.height - 1; level >= 0; level--) {
      let tower = towerOf(current);
      let next = tower.next[level];
      while (next !== null && isBefore(next)) {
        rank += tower.spans[level];
        current = next;
        tower = towerOf(current);
        next = tower.next[level];
      }
    }
    while (current.next !== null && isBefore(current.next)) {
      current = current.next;
      rank++;
    }
    return rank;
  }

  /** The rank of a node that is in the list. */
  rankOf(node: SkipListNode): number {
    return this.countBefore((other) => comesBefore(other, node.score, node.key));
  }

  private linkLowest(previous: SkipListNode, node: SkipListNode): void {
    node.next = previous.next;
    node.previous = previous === this.head ? null : previous;
    previous.next = node;
    if (node.next !== null) node.next.previous = node;
    else this.tail = node;
  }
}

/** The tower of a node that is known to have one: it was reached on a level above the lowest. */
function towerOf(node: SkipListNode): Tower {
  return node.tower as Tower;
}

function comesBefore(node: SkipListNode, score: number, member: string): boolean {
  return node.score < score || (node.score === score && node.key < member);
}

/** One node of four reaches the next level. */
function levelsFor(hash: number): number {
  const zeroBits = Math.clz32(hash);
  return Math.min(1 + (zeroBits >>> 1), MAX_LEVELS);
}
