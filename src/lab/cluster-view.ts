/** A cluster as one of its nodes sees it: the reply of CLUSTER NODES, read. */
import type { HostAndPort } from '../client/address.js';
import { parseAddress } from '../client/address.js';

export interface NodeView {
  readonly id: string;
  /** Null when the node does not know it. */
  readonly address: HostAndPort | null;
  /** myself, master, slave, fail?, fail, handshake, noaddr, nofailover, noflags */
  readonly flags: ReadonlySet<string>;
  /** Null for a master. */
  readonly masterId: string | null;
  readonly configEpoch: number;
  /** Whether the asked node has a link to it. */
  readonly isConnected: boolean;
  /** First and last slot of each range, as text: `0-5460`, `7000`. Open slots are left out. */
  readonly slots: readonly string[];
}

/** The nodes in the order of the reply. Lines that are none are left out. */
export function parseClusterNodes(text: string): NodeView[] {
  return text.split('\n').flatMap((line) => {
    const [id, address, flags, masterId, , , configEpoch, link, ...slots] = line.trim().split(' ');
    if (id === undefined || address === undefined || flags === undefined || link === undefined) return [];
    const isMaster = masterId === undefined || masterId === '-';
    return [
      {
        id,
        address: parseAddress(address.split('@')[0]!),
        flags: new Set(flags.split(',')),
        masterId: isMaster ? null : masterId,
        configEpoch: Number(configEpoch),
        isConnected: link === 'connected',
        slots: slots.filter((slot) => !slot.startsWith('[')),
      },
    ];
  });
}

export function coversSlot(view: NodeView, slot: number): boolean {
  return view.slots.some((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return slot >= first! && slot <= last!;
  });
}

/** What all nodes must agree about, as text: who is what, who follows whom, who has which slots. */
export function agreedConfiguration(views: readonly NodeView[]): string {
  return views
    .map((view) => `${view.id} ${view.masterId ?? `${view.configEpoch} ${view.slots.join(' ')}`}`)
    .sort()
    .join('\n');
}
