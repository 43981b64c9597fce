/**
 * What CLUSTER NODES says, taken apart. Pure.
 *
 * A line: `<id> <host>:<port>@<bus port>[,<hostname>...] <flags> <master id|-> <ping sent> <pong received> <epoch>
 * <link state> [<slots> ...]`. Open slots (`[<slot>->-<id>]`, `[<slot>-<-<id>]`) are on the line of the node asked only.
 */
import { SlotSet } from './slot-set.js';

export interface NodeEntry {
  readonly id: string;
  /** Empty while a node does not know its own address, or nobody knows it. */
  readonly host: string;
  readonly port: number;
  /** Zero when it was not told. */
  readonly busPort: number;
  readonly flags: readonly string[];
  /** Null for a master. */
  readonly masterId: string | null;
  readonly configEpoch: string;
  readonly isConnected: boolean;
  readonly slots: SlotSet;
  /** Slots on their way out, and to whom. */
  readonly migrating: ReadonlyMap<number, string>;
  /** Slots on their way in, and from whom. */
  readonly importing: ReadonlyMap<number, string>;
}

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
  /** Zero when it was not told. */
  readonly busPort: number;
}

/** Reads `host:port[@busport][,...]`; the host may be an IPv6 address without brackets. Null when it is no address. */
export function parseNodeAddress(text: string): NodeAddress | null {
  const match = /^([^,]*):([0-9]{1,5})(?:@([0-9]{1,5}))?(?:,.*)?$/.exec(text);
  if (match === null) return null;
  const [, host = '', port, busPort = '0'] = match;
  return { host, port: Number(port), busPort: Number(busPort) };
}

/** @returns null when it is no such text */
export function parseClusterNodes(text: string): NodeEntry[] | null {
  const entries: NodeEntry[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const entry = parseLine(line);
    if (entry === null) return null;
    entries.push(entry);
  }
  return entries;
}

function parseLine(line: string): NodeEntry | null {
  const [id, addressText, flagText, masterId, , , configEpoch, linkState, ...slotWords] = line.split(' ');
  if (id === undefined || addressText === undefined || linkState === undefined) return null;
  const address = parseNodeAddress(addressText);
  if (address === null) return null;
  const flags = (flagText ?? '').split(',');
  const slots = new SlotSet();
  const migrating = new Map<number, string>();
  const importing = new Map<number, string>();
  for (const word of slotWords) {
    const open = /^\[([0-9]+)-([<>])-([^\]]*)\]$/.exec(word);
    if (open !== null) {
      const [, slot, direction, peer = ''] = open;
      (direction === '>' ? migrating : importing).set(Number(slot), peer);
      continue;
    }
    const range = /^([0-9]+)(?:-([0-9]+))?$/.exec(word);
    if (range !== null) slots.addRange({ first: Number(range[1]), last: Number(range[2] ?? range[1]) });
  }
  return {
    id,
    ...address,
    flags,
    masterId: flags.includes('slave') ? (masterId ?? '-') : null,
    configEpoch: configEpoch ?? '0',
    isConnected: linkState === 'connected',
    slots,
    migrating,
    importing,
  };
}

/** Who has which slots, in a form that is the same for nodes that agree. Open slots do not count. */
export function configurationSignature(entries: readonly NodeEntry[]): string {
  return entries
    .filter(({ slots }) => slots.count > 0)
    .map(({ id, slots }) => `${id}:${slots.ranges().map(({ first, last }) => `${first}-${last}`)}`)
    .sort()
    .join('|');
}
