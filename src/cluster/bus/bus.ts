/**
 * The connections of the bus: one that this node opens to every other node, those that others open to it, and the
 * listener. Opens again what breaks. What messages mean is not known here.
 *
 * What one turn of the event loop has to say on a link leaves in one write, before the loop sleeps.
 */
import type { Connection, Network, Timer, Timers } from '../../platform/platform.js';
import type { ClusterNode } from '../view/node.js';
import { BusLink, type LinkOwner } from './link.js';

/** How long to wait before a connection that failed is tried again. (Redis: the next tick of clusterCron) */
const RETRY_MS = 100;

export interface BusListener {
  /** A connection to a node is made: say the first word. */
  onConnected(link: BusLink): void;
  onMessage(link: BusLink, bytes: Buffer): void;
  onGarbage(link: BusLink): void;
  /** The connection to a node, made or being made, broke. */
  onBroken(node: ClusterNode): void;
}

export interface BusParts {
  readonly network: Network;
  readonly timers: Timers;
  readonly nowMs: () => number;
  readonly sourceAddress: () => string;
  /** `cluster-link-sendbuf-limit`; 0: none. */
  readonly sendLimitBytes: () => number;
  readonly keepAliveSeconds: () => number;
  readonly listener: BusListener;
}

export class Bus implements LinkOwner {
  private readonly outgoing = new Map<ClusterNode, BusLink>();
  private readonly incoming = new Set<BusLink>();
  private readonly retries = new Map<ClusterNode, Timer>();
  /** Links that have collected messages in this turn. */
  private readonly unwritten = new Set<BusLink>();
  private isClosed = false;
  /** How often a link was closed because its send queue passed the limit. */
  linksOverLimit = 0;

  constructor(private readonly parts: BusParts) {}

  /** The link that this node has opened, or is opening. */
  linkTo(node: ClusterNode): BusLink | null {
    return this.outgoing.get(node) ?? null;
  }

  /** The link that a node has opened to this one. */
  linkFrom(node: ClusterNode): BusLink | null {
    for (const link of this.incoming) if (link.node === node) return link;
    return null;
  }

  isConnectedTo(node: ClusterNode): boolean {
    return this.outgoing.get(node)?.isConnected === true;
  }

  *links(): IterableIterator<BusLink> {
    yield* this.outgoing.values();
    yield* this.incoming;
  }

  /** Opens the link to a node, now; nothing when there is one. */
  connect(node: ClusterNode): void {
    if (this.isClosed || this.outgoing.has(node) || node.hasNoAddress || node.host === '') return;
    this.retries.get(node)?.cancel();
    this.retries.delete(node);
    const { network, nowMs, sourceAddress } = this.parts;
    const link = new BusLink('to', node, nowMs(), this);
    this.outgoing.set(node, link);
    node.isLinked = true;
    const source = sourceAddress();
    const options = source === '' ? {} : { sourceAddress: source };
    link.attach(network.connect({ host: node.host, port: node.busPort }, options, link));
  }

  /** Closes the link to a node and opens another: it has a new address, or the link is stuck. */
  reconnect(node: ClusterNode): void {
    this.drop(node);
    this.connect(node);
  }

  /** Closes the link to a node and does not open another. */
  drop(node: ClusterNode): void {
    this.retries.get(node)?.cancel();
    this.retries.delete(node);
    const link = this.outgoing.get(node);
    this.outgoing.delete(node);
    node.isLinked = false;
    link?.close();
  }

  /** Forgets a node: no link to it, none from it. */
  forget(node: ClusterNode): void {
    this.drop(node);
    this.dropFrom(node);
  }

  /** Closes what a node has opened; it will open another. */
  dropFrom(node: ClusterNode): void {
    for (const link of [...this.incoming]) {
      if (link.node !== node) continue;
      this.incoming.delete(link);
      link.close();
    }
  }

  /** The node that has opened this link is known now. A node has one: an older one is closed. */
  bind(link: BusLink, node: ClusterNode): void {
    this.dropFrom(node);
    link.node = node;
  }

  /** Sends on a link, at the end of this turn at the latest. */
  send(link: BusLink, bytes: Buffer): void {
    if (!link.isOpen) return;
    link.send(bytes);
    this.flushLater(link);
  }

  private flushLater(link: BusLink): void {
    if (this.unwritten.size === 0) this.parts.timers.endOfTurn(() => this.flush());
    this.unwritten.add(link);
  }

  /** Writes what has been collected. A link whose peer does not take what it is sent is given up at the limit. */
  flush(): void {
    if (this.unwritten.size === 0) return;
    const links = [...this.unwritten];
    this.unwritten.clear();
    const limitBytes = this.parts.sendLimitBytes();
    for (const link of links) {
      link.flush();
      if (limitBytes === 0 || link.bufferedBytes <= limitBytes) continue;
      this.linksOverLimit++;
      this.closeLink(link);
    }
  }

  /** Closes a link. One of ours is opened again. */
  closeLink(link: BusLink): void {
    if (!link.isOpen) return;
    link.close();
    this.onClosed(link);
  }

  accept(connection: Connection): void {
    if (this.isClosed) {
      connection.destroy();
      return;
    }
    connection.setNoDelay(true);
    connection.setKeepAlive(this.parts.keepAliveSeconds());
    const link = new BusLink('from', null, this.parts.nowMs(), this);
    connection.handler = link;
    link.attach(connection);
    this.incoming.add(link);
    connection.resume();
  }

  close(): void {
    this.isClosed = true;
    for (const timer of this.retries.values()) timer.cancel();
    for (const link of [...this.links()]) link.close();
    this.outgoing.clear();
    this.incoming.clear();
    this.retries.clear();
    this.unwritten.clear();
  }

  onConnected(link: BusLink): void {
    this.parts.listener.onConnected(link);
    // What has waited for the connection goes out, too.
    this.flushLater(link);
  }

  onMessage(link: BusLink, bytes: Buffer): void {
    this.parts.listener.onMessage(link, bytes);
  }

  onGarbage(link: BusLink): void {
    this.parts.listener.onGarbage(link);
  }

  onClosed(link: BusLink): void {
    this.incoming.delete(link);
    const { node } = link;
    if (link.direction === 'from' || node === null || this.outgoing.get(node) !== link) return;
    this.outgoing.delete(node);
    node.isLinked = false;
    // A peer that takes connections and closes them is not asked in a tight loop.
    const { nowMs, timers, listener } = this.parts;
    const lived = link.isConnected && nowMs() - link.createdAtMs >= RETRY_MS;
    const retry = (): void => {
      this.retries.delete(node);
      this.connect(node);
    };
    this.retries.set(node, timers.after(lived ? 0 : RETRY_MS, retry));
    listener.onBroken(node);
  }
}
