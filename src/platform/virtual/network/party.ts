/** Who takes part in a connection, as faults name it: by process or by host. */
import type { VirtualHost } from '../host.js';

export interface Party {
  readonly host: VirtualHost;
  /** Name of the process; null for what a host's kernel does without one (refusing a connection). */
  readonly processName: string | null;
}

export function isNamed(party: Party, names: ReadonlySet<string>): boolean {
  return names.has(party.host.name) || (party.processName !== null && names.has(party.processName));
}
