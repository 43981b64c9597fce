/** What `vedette up` needs to know of a topology in order to show it. */
import type { Member } from './member.js';
import type { Screen } from './screen.js';
import type { Watch } from './sighting.js';
import type { Topology } from './topology.js';

export interface Demonstration {
  readonly topology: Topology;
  readonly watch: Watch;
  /** Resolves when the watch, started before, sees everything in place. */
  inPlace(): Promise<unknown>;
  /** What a command run with --exec is told in its environment: addresses, comma-separated where there are several. */
  environment(): Record<string, string>;
  /** What is said first to programs. */
  readyFields(): object;
  /** What is said first to people: what there is, in a few words, and how to connect. */
  summary(): string;
  introduce(screen: Screen): void;
  /** The running master that a fault is for, as a client finds it now; null when there is none. */
  masterToFault(): Promise<Member | null>;
  /** What a running member is at the moment. Rejects when it does not answer. */
  roleOf(member: Member): Promise<string>;
}

/** The addresses of members, as text. */
export function addressesOf(members: readonly Member[]): string[] {
  return members.map(({ address }) => `${address.host}:${address.port}`);
}
