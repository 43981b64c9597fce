/**
 * The nodes of a cluster to ask, in the order to ask them. Configured ones are never dropped; discovered ones are those of
 * the newest answer. Whoever was asked goes to the end, so that all are asked in turn.
 */
import { formatAddress, type HostAndPort } from './address.js';

export class NodeList {
  private readonly configured: ReadonlySet<string>;
  private readonly nodes: Map<string, HostAndPort>;

  constructor(configured: readonly HostAndPort[]) {
    this.nodes = new Map(configured.map((address) => [formatAddress(address), address]));
    this.configured = new Set(this.nodes.keys());
  }

  /** A snapshot in asking order. */
  inOrder(): readonly HostAndPort[] {
    return [...this.nodes.values()];
  }

  moveToEnd(address: HostAndPort): void {
    const key = formatAddress(address);
    if (this.nodes.delete(key)) this.nodes.set(key, address);
  }

  /** Takes in the addresses of all nodes of an answer. */
  learn(reported: readonly HostAndPort[]): void {
    const keys = new Set(reported.map(formatAddress));
    for (const key of this.nodes.keys()) {
      if (!keys.has(key) && !this.configured.has(key)) this.nodes.delete(key);
    }
    for (const address of reported) {
      const key = formatAddress(address);
      if (!this.nodes.has(key)) this.nodes.set(key, address);
    }
  }
}
