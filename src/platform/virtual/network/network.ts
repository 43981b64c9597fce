/**
 * The network between virtual hosts, and its faults: what tests and the simulator hold in their hands.
 *
 * Sides are named by processes or hosts (a process has a host of its own name unless told otherwise).
 */
import type { Address } from '../../platform.js';
import type { Duration } from '../duration.js';
import type { VirtualHost } from '../host.js';
import type { SeededRandom } from '../seeded-random.js';
import type { VirtualWorld, WorldOptions } from '../world.js';
import type { ConnectionEnd } from './connection-end.js';
import type { Handshake } from './handshake.js';
import { LinkFaults, toSet, type Names } from './link-faults.js';
import type { VirtualListener } from './listener.js';
import { isNamed } from './party.js';
import type { Pipe } from './pipe.js';

const DEFAULT_LATENCY_MS = 0.5;
const DEFAULT_LOOPBACK_LATENCY_MS = 0.05;
const DEFAULT_SOCKET_BUFFER_BYTES = 256 * 1024;
/** What a Node socket reads at most in one go. */
const LARGEST_CHUNK_BYTES = 64 * 1024;
/** Linux's limits with its default settings (tcp_syn_retries 6, tcp_retries2 15). */
const CONNECT_TIMEOUT_MS = 127_000;
const RETRANSMISSION_LIMIT_MS = 924_600;

const ANY_ADDRESSES: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
const LOOPBACK_ADDRESSES: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);

export class VirtualNetwork {
  /** Bytes that a kernel takes in one direction of a connection before the receiver has read them. */
  socketBufferBytes: number;
  /** Delivers input in pieces cut at random, instead of all that has arrived. */
  splitChunks = false;
  /** After that long, an attempt to connect fails, and unacknowledged data breaks its connection. */
  connectTimeoutMs = CONNECT_TIMEOUT_MS;
  retransmissionLimitMs = RETRANSMISSION_LIMIT_MS;
  /** How long resolving a name takes. */
  resolveLatencyMs = 1;

  /** For the parts of the network. */
  readonly links: LinkFaults;
  readonly heldPipes = new Set<Pipe>();
  readonly heldHandshakes = new Set<Handshake>();
  private readonly random: SeededRandom;
  private readonly connections = new Set<ConnectionEnd>();
  private readonly listeners = new Set<VirtualListener>();
  private readonly hostsByAddress = new Map<string, VirtualHost>();
  private readonly names = new Map<string, string>([['localhost', '127.0.0.1']]);

  constructor(
    readonly world: VirtualWorld,
    options: WorldOptions,
  ) {
    this.random = world.randomFor('network');
    this.socketBufferBytes = options.socketBufferBytes ?? DEFAULT_SOCKET_BUFFER_BYTES;
    this.links = new LinkFaults(
      world.randomFor('latency'),
      options.latency ?? DEFAULT_LATENCY_MS,
      options.loopbackLatency ?? DEFAULT_LOOPBACK_LATENCY_MS,
    );
  }

  /**
   * Separates two sides (or one from all others): what one sends to the other is held, connection attempts
   * too, and delivered in order once this is healed.
   * @returns heals this partition
   */
  partition(left: Names, right: Names | null = null): () => void {
    return this.separate(left, right, false);
  }

  /** As {@link partition}, for what `from` sends to `to` only. */
  partitionOneWay(from: Names, to: Names): () => void {
    return this.separate(from, to, true);
  }

  /** Heals all partitions. */
  heal(): void {
    this.links.removeAllPartitions();
    this.releaseHeld();
  }

  /** Resets every connection between two sides, or all of one side, at both ends at once. */
  cut(left: Names, right: Names | null = null): void {
    const onLeft = toSet(left);
    const onRight = right === null ? null : toSet(right);
    for (const connection of [...this.connections]) {
      const { party, peerParty } = connection;
      if (peerParty === null || !isNamed(party, onLeft)) continue;
      if (onRight === null || isNamed(peerParty, onRight)) connection.cut();
    }
  }

  /** Sets the one-way delay between two sides, in both directions; null for the default. */
  setLatency(left: Names, right: Names, latency: Duration | null): void {
    this.links.setLatency(left, right, latency);
  }

  /** Lets a name resolve to an address; null makes it unknown. Hosts are known by their names. */
  setName(name: string, address: string | null): void {
    if (address === null) this.names.delete(name);
    else this.names.set(name, address);
  }

  /** Open connections between two sides, counted once each. */
  connectionCount(left: Names, right: Names): number {
    const onLeft = toSet(left);
    const onRight = toSet(right);
    let count = 0;
    for (const { party, peerParty, isInitiator } of this.connections) {
      if (!isInitiator || peerParty === null) continue;
      const forward = isNamed(party, onLeft) && isNamed(peerParty, onRight);
      if (forward || (isNamed(party, onRight) && isNamed(peerParty, onLeft))) count++;
    }
    return count;
  }

  // What follows is for the parts of the network.

  addHost(host: VirtualHost): void {
    this.hostsByAddress.set(host.address, host);
    this.names.set(host.name, host.address);
  }

  addConnection(connection: ConnectionEnd): void {
    this.connections.add(connection);
  }

  removeConnection(connection: ConnectionEnd): void {
    this.connections.delete(connection);
  }

  addListener(listener: VirtualListener): void {
    this.listeners.add(listener);
  }

  removeListener(listener: VirtualListener): void {
    this.listeners.delete(listener);
  }

  lookUp(name: string): string | null {
    return this.names.get(name) ?? null;
  }

  /** The host that an address leads to, seen from another. */
  hostAt(address: string, from: VirtualHost): VirtualHost | null {
    return LOOPBACK_ADDRESSES.has(address) ? from : (this.hostsByAddress.get(address) ?? null);
  }

  listenerAt(host: VirtualHost, target: Address): VirtualListener | null {
    for (const listener of this.listeners) {
      if (listener.owner.host === host && accepts(listener.address, target)) return listener;
    }
    return null;
  }

  /** Whether binding the address would clash with a listener on the host. */
  isTaken(host: VirtualHost, address: Address): boolean {
    for (const listener of this.listeners) {
      if (listener.owner.host !== host) continue;
      if (accepts(listener.address, address) || accepts(address, listener.address)) return true;
    }
    return false;
  }

  releaseHeld(): void {
    for (const pipe of [...this.heldPipes]) pipe.release();
    for (const handshake of [...this.heldHandshakes]) handshake.release();
  }

  /** How many of the bytes that have arrived the next read gets. */
  drawChunkBytes(arrivedBytes: number): number {
    const largest = Math.min(arrivedBytes, LARGEST_CHUNK_BYTES);
    return this.splitChunks ? 1 + this.random.integer(largest) : largest;
  }

  private separate(left: Names, right: Names | null, oneWay: boolean): () => void {
    const partition = this.links.addPartition(left, right, oneWay);
    return () => {
      this.links.removePartition(partition);
      this.releaseHeld();
    };
  }
}

/** Whether a socket bound to one address gets what is sent to another (on the same host). */
function accepts(bound: Address, target: Address): boolean {
  if ('path' in bound || 'path' in target) {
    return 'path' in bound && 'path' in target && bound.path === target.path;
  }
  if (bound.port !== target.port) return false;
  if (bound.host === target.host) return true;
  return ANY_ADDRESSES.has(bound.host) && isIpv6(bound.host) === isIpv6(target.host);
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}
