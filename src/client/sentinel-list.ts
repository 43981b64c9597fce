/**
 * The sentinels to ask, in the order to ask them.
 *
 * Configured ones are never dropped, whatever sentinels say about each other; discovered ones are those of the
 * newest answer. One that answered goes to the front, so that dead ones cost their timeout once.
 */
import { formatAddress, sameAddress, type HostAndPort } from './address.js';

export interface ListedSentinel {
  readonly address: HostAndPort;
  readonly isConfigured: boolean;
  /** Known once it has answered, or from what another said of it. */
  runId: string | null;
}

/** What one sentinel says of another. */
export interface ReportedSentinel {
  readonly address: HostAndPort;
  readonly runId: string;
}

export class SentinelList {
  private entries: ListedSentinel[];

  constructor(configured: readonly HostAndPort[]) {
    const unique = new Map(configured.map((address) => [formatAddress(address), address]));
    this.entries = [...unique.values()].map((address) => ({ address, isConfigured: true, runId: null }));
  }

  /** A snapshot in asking order. */
  inOrder(): readonly ListedSentinel[] {
    return [...this.entries];
  }

  moveToFront(sentinel: ListedSentinel): void {
    const rest = this.entries.filter((entry) => entry !== sentinel);
    if (rest.length < this.entries.length) this.entries = [sentinel, ...rest];
  }

  /**
   * Takes in an answer: who answered, and which others it reported. The same sentinel under two addresses (a name
   * and a number, inside and outside of a NAT) is listed once, under the configured one.
   */
  learn(answering: ListedSentinel, runId: string | null, reported: readonly ReportedSentinel[]): void {
    answering.runId = runId;
    const kept = this.entries.filter(
      (entry) => entry.isConfigured || entry === answering || isReported(entry),
    );
    const known = (other: ReportedSentinel): boolean =>
      kept.some((entry) => sameAddress(entry.address, other.address) || entry.runId === other.runId);
    const added = reported
      .filter((other) => !known(other))
      .map((other) => ({ address: other.address, isConfigured: false, runId: other.runId }));
    this.entries = [...kept, ...added].filter((entry) => !this.isDouble(entry, kept));

    function isReported(entry: ListedSentinel): boolean {
      return reported.some((other) => sameAddress(entry.address, other.address));
    }
  }

  private isDouble(entry: ListedSentinel, among: readonly ListedSentinel[]): boolean {
    if (entry.isConfigured || entry.runId === null) return false;
    return among.some((other) => other.isConfigured && other.runId === entry.runId);
  }
}
