/** What is wrong with the links of a topology: partitions, slow members, members whose replies get lost. */
import { OPEN_LINKS, type LinkRule, type Party } from '../platform/embedded/index.js';

interface Partition {
  readonly left: ReadonlySet<Party>;
  readonly right: ReadonlySet<Party>;
}

/** The network that the faults are for. */
export interface FaultyNetwork {
  apply(rule: LinkRule): void;
}

export class LinkFaults implements LinkRule {
  private partitions: Partition[] = [];
  private readonly delays = new Map<Party, number>();
  private readonly mute = new Set<Party>();

  constructor(private readonly network: FaultyNetwork) {}

  /** Cuts every link from one side to the other. Partitions add up. */
  partition(left: readonly Party[], right: readonly Party[]): void {
    this.partitions.push({ left: new Set(left), right: new Set(right) });
    this.network.apply(this);
  }

  /** Delays what goes to and what comes from a party; 0 for no longer. */
  slow(party: Party, delayMs: number): void {
    if (delayMs === 0) this.delays.delete(party);
    else this.delays.set(party, delayMs);
    this.network.apply(this);
  }

  dropReplies(of: Party): void {
    this.mute.add(of);
    this.network.apply(this);
  }

  heal(): void {
    this.partitions = [];
    this.delays.clear();
    this.mute.clear();
    this.network.apply(OPEN_LINKS);
  }

  isCut(from: Party, to: Party): boolean {
    return this.partitions.some(
      ({ left, right }) => (left.has(from) && right.has(to)) || (left.has(to) && right.has(from)),
    );
  }

  delayMs(from: Party, to: Party): number {
    return (this.delays.get(from) ?? 0) + (this.delays.get(to) ?? 0);
  }

  losesReplies(of: Party): boolean {
    return this.mute.has(of);
  }
}
