/** One query for each address that is asked, with its connection, as long as the address is of interest. */
import { formatAddress, type HostAndPort } from './address.js';

export class QueryPool<Query extends { close(): void }> {
  private readonly queries = new Map<string, Query>();

  constructor(private readonly make: (address: HostAndPort) => Query) {}

  of(address: HostAndPort): Query {
    const key = formatAddress(address);
    let query = this.queries.get(key);
    if (query === undefined) {
      query = this.make(address);
      this.queries.set(key, query);
    }
    return query;
  }

  /** Closes the connections to all others. */
  keepOnly(addresses: readonly HostAndPort[]): void {
    const kept = new Set(addresses.map(formatAddress));
    for (const [key, query] of this.queries) {
      if (kept.has(key)) continue;
      query.close();
      this.queries.delete(key);
    }
  }

  close(): void {
    for (const query of this.queries.values()) query.close();
  }
}
