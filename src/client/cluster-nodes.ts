/** A cluster as one of its nodes sees it: the reply of CLUSTER NODES, read. Pure. */
import type { HostAndPort } from './address.js';

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

/** Both ends included. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/** The nodes in the order of the reply. Lines that are none are left out. */
export function parseClusterNodes(text: string): NodeView[] {
  return text.split('\n').flatMap((line) => {
    const [id, address, flags, masterId, , , configEpoch, link, ...slots] = line.split(' ');
    if (id === undefined || address === undefined || flags === undefined || link === undefined) return [];
    const isMaster = masterId === undefined || masterId === '-';
    return [
      {
        id,
        address: readAddress(address.split('@')[0]!),
        flags: new Set(flags.split(',')),
        masterId: isMaster ? null : masterId,
        configEpoch: Number(configEpoch),
        isConnected: link === 'connected',
        slots: slots.filter((slot) => slot !== '' && !slot.startsWith('[')),
      },
    ];
  });
}

export function rangesOf({ slots }: NodeView): SlotRange[] {
  return slots.map((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return { first: first!, last: last! };
  });
}

/** `host:port`, where an IPv6 address has no brackets; without a host where the node does not know it. */
function readAddress(text: string): HostAndPort | null {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  return colon > 0 && port > 0 && port <= 65535 ? { host: text.slice(0, colon), port } : null;
}
