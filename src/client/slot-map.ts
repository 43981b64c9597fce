/**
 * Who has which slots, from what several nodes say: of two claims to a slot the one with the greater configuration epoch
 * holds, as among the nodes themselves, so that a node that was cut off sends nobody back. Pure.
 *
 * A slot whose owner itself no longer claims it is free for any claim: an operator may have given it away by hand.
 */
import { SLOT_COUNT } from '../resp/key-slot.js';
import type { HostAndPort } from './address.js';
import { rangesOf, type NodeView, type SlotRange } from './cluster-nodes.js';

/** A master and its slots, as the nodes announce them. */
export interface SlotOwner {
  readonly id: string;
  readonly address: HostAndPort;
  readonly configEpoch: number;
  /** Ascending. */
  readonly slots: readonly SlotRange[];
  /** The node that said so last. */
  readonly source: HostAndPort;
}

interface KnownMaster {
  readonly address: HostAndPort;
  readonly configEpoch: number;
  readonly source: HostAndPort;
}

const NO_EPOCH = -1;

export class SlotMap {
  private readonly ownerIds = new Array<string | null>(SLOT_COUNT).fill(null);
  private readonly epochs = new Float64Array(SLOT_COUNT).fill(NO_EPOCH);
  private readonly known = new Map<string, KnownMaster>();

  /** Takes in one node's view. @param source where it was asked */
  take(views: readonly NodeView[], source: HostAndPort): void {
    for (const view of views) {
      if (view.flags.has('myself')) this.release(view);
    }
    for (const view of views) {
      if (view.masterId === null && view.slots.length > 0) this.claim(view, source);
    }
  }

  /** The id of the owner; null where no node has claimed the slot. */
  ownerOf(slot: number): string | null {
    return this.ownerIds[slot] ?? null;
  }

  /** By id, in the order of their first slots. */
  owners(): Map<string, SlotOwner> {
    const ranges = new Map<string, { first: number; last: number }[]>();
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const id = this.ownerIds[slot]!;
      if (id === null) continue;
      const own = ranges.get(id) ?? [];
      const last = own.at(-1);
      if (last?.last === slot - 1) last.last = slot;
      else own.push({ first: slot, last: slot });
      ranges.set(id, own);
    }
    return new Map([...ranges].map(([id, slots]) => [id, { id, ...this.known.get(id)!, slots }]));
  }

  private claim(view: NodeView, source: HostAndPort): void {
    const { id, configEpoch, address, flags } = view;
    const before = this.known.get(id);
    const isOutdated = before !== undefined && before.configEpoch > configEpoch;
    const announced = address ?? (flags.has('myself') ? source : before?.address);
    if (isOutdated || announced === undefined) return;
    this.known.set(id, { address: announced, configEpoch, source });
    for (const { first, last } of rangesOf(view)) {
      for (let slot = first; slot <= Math.min(last, SLOT_COUNT - 1); slot++) {
        if (this.ownerIds[slot] !== id && configEpoch <= this.epochs[slot]!) continue;
        this.ownerIds[slot] = id;
        this.epochs[slot] = configEpoch;
      }
    }
  }

  /** What a node, by its own word, has no longer. */
  private release(view: NodeView): void {
    const own = new Uint8Array(SLOT_COUNT);
    if (view.masterId === null) for (const { first, last } of rangesOf(view)) own.fill(1, first, last + 1);
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (this.ownerIds[slot] !== view.id || own[slot] === 1) continue;
      this.ownerIds[slot] = null;
      this.epochs[slot] = NO_EPOCH;
    }
  }
}

/** `0-5460 7000`, as CLUSTER NODES writes them. */
export function slotsText(slots: readonly SlotRange[]): string {
  return slots.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(' ');
}
