/**
 * A counted B-tree of scored members, ordered by (score, member): the order half of a large sorted set. Every branch
 * knows how many members lie below each child, so finding by rank and finding the rank are logarithmic.
 *
 * Redis has a skip list here. With millions of members the time of both goes into waiting for memory, and a skip list
 * touches several places in each of its many steps, where a tree of four levels searches a few contiguous arrays.
 * It also leaves the garbage collector fewer objects to follow.
 *
 * What must stay true: `entries` ascends in every node, and `scores` are their scores. In a branch `entries[i]` is a
 * lower bound of child i and above all of the child before; it may be a member that has left since. The
 * bound of a branch's first child is never looked at. No node but the root is empty.
 */

/** A member with its score. Never changed in place: a frozen view may show it. */
export interface ScoredMember {
  readonly key: string;
  readonly score: number;
}

/** The most entries of a leaf, or children of a branch. */
const CAPACITY = 64;
/** Neighbours are joined when one has become this small and both together leave room to grow. */
const SPARSE = CAPACITY / 4;
const ROOMY = (CAPACITY * 3) / 4;

class Leaf {
  readonly scores: number[] = [];
  readonly entries: ScoredMember[] = [];
  previous: Leaf | null = null;
  next: Leaf | null = null;
}

class Branch {
  /** Bounds of the children. */
  readonly scores: number[] = [];
  readonly entries: ScoredMember[] = [];
  readonly children: Node[] = [];
  /** How many members each child holds in all. */
  readonly sizes: number[] = [];
}

type Node = Leaf | Branch;

/** Tells whether an entry lies before what is looked for. */
type IsBefore = (entry: ScoredMember) => boolean;

export class RankedTree {
  private root: Node = new Leaf();
  private memberCount = 0;

  get length(): number {
    return this.memberCount;
  }

  /** Inserts an entry whose member is not there yet. */
  insert(entry: ScoredMember): void {
    this.memberCount++;
    const split = insertInto(this.root, entry);
    if (split === null) return;
    const root = new Branch();
    addChild(root, 0, entry, this.root, this.memberCount - sizeOf(split));
    addChild(root, 1, split.entries[0], split, sizeOf(split));
    this.root = root;
  }

  /** Removes an entry that is in the tree. */
  remove(entry: ScoredMember): void {
    this.memberCount--;
    removeFrom(this.root, entry);
    while (this.root instanceof Branch && this.root.children.length === 1) this.root = this.root.children[0];
  }

  /** The entry at a rank from 0; undefined outside. */
  at(rank: number): ScoredMember | undefined {
    if (rank < 0 || rank >= this.memberCount) return undefined;
    const place = this.find(rank);
    return place.leaf.entries[place.position];
  }

  /** Visits entries from a rank on, upwards (1) or downwards (-1), while `visit` returns true. It must change nothing. */
  walk(fromRank: number, step: 1 | -1, visit: (member: string, score: number) => boolean): void {
    if (fromRank < 0 || fromRank >= this.memberCount) return;
    const place = this.find(fromRank);
    let leaf: Leaf | null = place.leaf;
    let position = place.position;
    while (leaf !== null) {
      for (; position >= 0 && position < leaf.entries.length; position += step) {
        const entry = leaf.entries[position];
        if (!visit(entry.key, entry.score)) return;
      }
      leaf = step === 1 ? leaf.next : leaf.previous;
      position = step === 1 || leaf === null ? 0 : leaf.entries.length - 1;
    }
  }

  /** How many entries lie before a place: the rank of the first one for which `isBefore` is false. */
  countBefore(isBefore: IsBefore): number {
    let node = this.root;
    let rank = 0;
    while (node instanceof Branch) {
      const index = firstNotBefore(node.entries, 1, isBefore) - 1;
      rank += sizeBefore(node, index);
      node = node.children[index];
    }
    return rank + firstNotBefore(node.entries, 0, isBefore);
  }

  /** The rank of an entry that is in the tree. */
  rankOf(entry: ScoredMember): number {
    let node = this.root;
    let rank = 0;
    while (node instanceof Branch) {
      const index = firstAbove(node, 1, entry) - 1;
      rank += sizeBefore(node, index);
      node = node.children[index];
    }
    return rank + firstAbove(node, 0, entry) - 1;
  }

  private find(rank: number): { readonly leaf: Leaf; readonly position: number } {
    let node = this.root;
    let left = rank;
    while (node instanceof Branch) {
      let index = 0;
      while (left >= node.sizes[index]) left -= node.sizes[index++];
      node = node.children[index];
    }
    return { leaf: node, position: left };
  }
}

/** Inserts below a node. A node that was full is split: its new right neighbour is returned, for the parent. */
function insertInto(node: Node, entry: ScoredMember): Node | null {
  if (node instanceof Leaf) return insertIntoLeaf(node, entry);
  const index = firstAbove(node, 1, entry) - 1;
  const split = insertInto(node.children[index], entry);
  node.sizes[index]++;
  if (split === null) return null;
  const splitSize = sizeOf(split);
  node.sizes[index] -= splitSize;
  // The first bound of a new branch was that of an inner child until now, so it holds.
  addChild(node, index + 1, split.entries[0], split, splitSize);
  return node.children.length > CAPACITY ? splitBranch(node) : null;
}

function insertIntoLeaf(leaf: Leaf, entry: ScoredMember): Leaf | null {
  const position = firstAbove(leaf, 0, entry);
  insertAt(leaf.scores, position, entry.score);
  insertAt(leaf.entries, position, entry);
  const count = leaf.entries.length;
  if (count <= CAPACITY) return null;
  // At either end of the set what comes next is probably beyond it, too: leaves that are full are left behind.
  if (leaf.next === null && position === count - 1) return splitLeaf(leaf, count - 1);
  if (leaf.previous === null && position === 0) return splitLeaf(leaf, 1);
  return splitLeaf(leaf, count >>> 1);
}

function splitLeaf(leaf: Leaf, from: number): Leaf {
  const right = new Leaf();
  moveTail(leaf.scores, from, right.scores);
  moveTail(leaf.entries, from, right.entries);
  right.previous = leaf;
  right.next = leaf.next;
  if (leaf.next !== null) leaf.next.previous = right;
  leaf.next = right;
  return right;
}

function splitBranch(branch: Branch): Branch {
  const right = new Branch();
  const from = branch.children.length >>> 1;
  moveTail(branch.scores, from, right.scores);
  moveTail(branch.entries, from, right.entries);
  moveTail(branch.children, from, right.children);
  moveTail(branch.sizes, from, right.sizes);
  return right;
}

function removeFrom(node: Node, entry: ScoredMember): void {
  if (node instanceof Leaf) {
    const position = firstAbove(node, 0, entry) - 1;
    removeAt(node.scores, position);
    removeAt(node.entries, position);
    return;
  }
  const index = firstAbove(node, 1, entry) - 1;
  const child = node.children[index];
  removeFrom(child, entry);
  node.sizes[index]--;
  if (child.entries.length > SPARSE) return;
  if (index > 0) joinIfSparse(node, index - 1);
  if (index < node.children.length - 1 && node.children[index] === child) joinIfSparse(node, index);
}

/** Moves all that the child after `index` holds into that child, if there is room. An empty one always goes. */
function joinIfSparse(branch: Branch, index: number): void {
  const left = branch.children[index];
  const right = branch.children[index + 1];
  const isOneEmpty = left.entries.length === 0 || right.entries.length === 0;
  if (left.entries.length + right.entries.length > ROOMY && !isOneEmpty) return;
  if (left instanceof Branch && right instanceof Branch) {
    // Inside the joined branch this bound counts; in `right` it was the first and may be out of date.
    right.scores[0] = branch.scores[index + 1];
    right.entries[0] = branch.entries[index + 1];
    moveTail(right.children, 0, left.children);
    moveTail(right.sizes, 0, left.sizes);
  } else if (left instanceof Leaf && right instanceof Leaf) {
    left.next = right.next;
    if (right.next !== null) right.next.previous = left;
  }
  moveTail(right.scores, 0, left.scores);
  moveTail(right.entries, 0, left.entries);
  branch.sizes[index] += branch.sizes[index + 1];
  removeAt(branch.scores, index + 1);
  removeAt(branch.entries, index + 1);
  removeAt(branch.children, index + 1);
  removeAt(branch.sizes, index + 1);
}

function addChild(branch: Branch, index: number, bound: ScoredMember, child: Node, size: number): void {
  insertAt(branch.scores, index, bound.score);
  insertAt(branch.entries, index, bound);
  insertAt(branch.children, index, child);
  insertAt(branch.sizes, index, size);
}

function sizeOf(node: Node): number {
  return node instanceof Leaf ? node.entries.length : sizeBefore(node, node.sizes.length);
}

function sizeBefore(branch: Branch, index: number): number {
  let size = 0;
  for (let i = 0; i < index; i++) size += branch.sizes[i];
  return size;
}

/** The first position from `low` on whose entry sorts after the given one. */
function firstAbove(node: Node, low: number, { key, score }: ScoredMember): number {
  const { scores, entries } = node;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = scores[middle];
    if (other < score || (other === score && entries[middle].key <= key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstNotBefore(entries: readonly ScoredMember[], low: number, isBefore: IsBefore): number {
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(entries[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

// splice() makes an array of what it takes out, and is several times slower than these for so few elements.

function insertAt<T>(array: T[], position: number, element: T): void {
  array.push(element);
  for (let i = array.length - 1; i > position; i--) array[i] = array[i - 1];
  array[position] = element;
}

function removeAt<T>(array: T[], position: number): void {
  for (let i = position + 1; i < array.length; i++) array[i - 1] = array[i];
  array.pop();
}

/** Appends the elements of `source` from a position on to `target` and cuts them off the source. */
function moveTail<T>(source: T[], from: number, target: T[]): void {
  for (let i = from; i < source.length; i++) target.push(source[i]);
  source.length = from;
}
