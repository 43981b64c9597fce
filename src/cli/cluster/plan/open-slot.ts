/**
 * What to do about a slot that is open (migrating, importing) after something went wrong half-way: the cases of
 * redis-cli's `fix`. Pure: facts in, a decision out.
 */

export interface OpenSlotFacts<Node> {
  /** Everybody who claims the slot or has keys of it is a possible owner; this is the one that was settled on. */
  readonly owner: Node;
  /** Owners of the slot that are giving it away. */
  readonly migrating: readonly Node[];
  /** Who is taking it over, or has keys of it without being the owner. */
  readonly importing: readonly Node[];
  /** To whom the first of the migrating nodes gives it; null when it is not known, or not among the nodes. */
  readonly intendedTarget: Node | null;
  keyCount(node: Node): number;
}

export type OpenSlotDecision<Node> =
  /** Case 1: finish the move that was begun. */
  | { readonly kind: 'finish-move'; readonly source: Node; readonly target: Node }
  /** Case 2: bring all keys to the owner, then close the slot where it is open. */
  | { readonly kind: 'gather-at-owner'; readonly from: readonly Node[] }
  /** Case 3: finish the move, and close the slot at those who were not meant. */
  | {
      readonly kind: 'finish-move-and-close';
      readonly source: Node;
      readonly target: Node;
      readonly close: readonly Node[];
    }
  /** Case 3 as well: nobody is meant, so it stays where it is. */
  | { readonly kind: 'close-everywhere'; readonly nodes: readonly Node[] }
  /** Case 4: nobody is taking it over. */
  | { readonly kind: 'close-at-source'; readonly node: Node }
  /** It was open at its new owner only, and is closed there. */
  | { readonly kind: 'done' }
  | { readonly kind: 'unknown' };

export function decideOpenSlot<Node>(facts: OpenSlotFacts<Node>): OpenSlotDecision<Node> {
  const { owner, migrating, importing, intendedTarget } = facts;
  const [source] = migrating;
  const [target] = importing;
  if (source === undefined) {
    if (importing.length === 0) return { kind: 'done' };
    return { kind: 'gather-at-owner', from: importing.filter((node) => node !== owner) };
  }
  if (migrating.length > 1) return { kind: 'unknown' };
  if (target === undefined) {
    const isSafe = source === owner || facts.keyCount(source) === 0;
    return isSafe ? { kind: 'close-at-source', node: source } : { kind: 'unknown' };
  }
  if (importing.length === 1) return { kind: 'finish-move', source, target };
  // Keys in several places: which of two values of a key is the right one cannot be known.
  if (importing.some((node) => facts.keyCount(node) > 0)) return { kind: 'unknown' };
  if (intendedTarget === null || !importing.includes(intendedTarget))
    return { kind: 'close-everywhere', nodes: [source, ...importing] };
  const close = importing.filter((node) => node !== intendedTarget);
  return { kind: 'finish-move-and-close', source, target: intendedTarget, close };
}

/** Who claims a slot, has keys of it, or has it open. */
export interface SlotClaim<Node> {
  readonly node: Node;
  readonly ownsSlot: boolean;
  readonly keyCount: number;
  readonly isMigrating: boolean;
  readonly isImporting: boolean;
}

export interface OpenSlotParties<Node> {
  /** Claims the slot, or has keys of it. */
  readonly owners: readonly Node[];
  /** The only one of them, if there is only one. */
  readonly owner: Node | null;
  readonly migrating: readonly Node[];
  readonly importing: readonly Node[];
  /** Have keys of it and are nothing else: they count as importing. */
  readonly strays: readonly Node[];
}

export function findParties<Node>(claims: readonly SlotClaim<Node>[]): OpenSlotParties<Node> {
  const owners = claims.filter(({ ownsSlot, keyCount }) => ownsSlot || keyCount > 0).map(({ node }) => node);
  const owner = owners.length === 1 ? owners[0]! : null;
  const migrating = claims.filter(({ isMigrating }) => isMigrating);
  const isStray = (claim: SlotClaim<Node>): boolean =>
    !claim.isMigrating && !claim.isImporting && claim.node !== owner && claim.keyCount > 0;
  const importing = claims.filter((claim) => (!claim.isMigrating && claim.isImporting) || isStray(claim));
  return {
    owners,
    owner,
    migrating: migrating.map(({ node }) => node),
    importing: importing.map(({ node }) => node),
    strays: claims.filter(isStray).map(({ node }) => node),
  };
}

/** The one with the most keys; the first of those with equally many. Null when there is nobody. */
export function withMostKeys<Node>(claims: readonly SlotClaim<Node>[]): Node | null {
  const [first, ...others] = claims;
  if (first === undefined) return null;
  return others.reduce((best, claim) => (claim.keyCount > best.keyCount ? claim : best), first).node;
}
