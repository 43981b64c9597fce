/**
 * Everything that can befall a run, as data: what, when, whom, and for how long. Drawn in plan/, made to happen in
 * injection.ts.
 */
import type { DiskOperation } from '../../platform/virtual/index.js';

/** Stands for whoever is the master when the fault begins. */
export const MASTER = '@master';

export type FaultKind = FaultDetail['kind'];

export type FaultDetail =
  /** The process dies as by SIGKILL, and comes back at the end. */
  | { readonly kind: 'kill'; readonly target: string }
  /** The machine loses power, and with it what was not synced; `torn`: a part of that survives. */
  | { readonly kind: 'power-loss'; readonly target: string; readonly torn: boolean }
  /** All machines of a kind lose power together. */
  | { readonly kind: 'blackout'; readonly targets: readonly string[]; readonly torn: boolean }
  /** SIGSTOP, then SIGCONT. */
  | { readonly kind: 'pause'; readonly target: string }
  /** The process is busy and does nothing else. */
  | { readonly kind: 'stall'; readonly target: string }
  /** Nothing gets from one side to the other; `right` null: to anybody else. */
  | { readonly kind: 'partition'; readonly left: readonly string[]; readonly right: readonly string[] | null }
  | { readonly kind: 'one-way'; readonly from: readonly string[]; readonly to: readonly string[] }
  /** All connections between two sides break at once. */
  | { readonly kind: 'cut'; readonly left: readonly string[]; readonly right: readonly string[] | null }
  | {
      readonly kind: 'slow-link';
      readonly left: readonly string[];
      readonly right: readonly string[];
      readonly minMs: number;
      readonly maxMs: number;
    }
  /** Operations on a disk fail. */
  | {
      readonly kind: 'disk';
      readonly target: string;
      readonly operation: DiskOperation;
      readonly code: 'EIO' | 'ENOSPC';
    }
  /** The wall clock is set. */
  | { readonly kind: 'clock-jump'; readonly target: string; readonly byMs: number }
  /** An operator orders a failover: of a sentinel, or of a replica in a cluster. */
  | { readonly kind: 'manual-failover'; readonly target: string; readonly how: string }
  /** An operator makes another server the master, without sentinels. */
  | { readonly kind: 'promotion'; readonly target: string }
  /** An operator's command to a server. */
  | { readonly kind: 'command'; readonly target: string; readonly args: readonly string[] }
  /** An operator begins to move a slot with its keys, and stops after that many steps of four. */
  | {
      readonly kind: 'slot-move';
      readonly slot: number;
      readonly target: string;
      readonly steps: number;
    };

export type Fault = FaultDetail & {
  /** Milliseconds since the topology was ready. */
  readonly atMs: number;
  /** Until it ends; 0 for what happens at once. */
  readonly forMs: number;
};

/** One line for people. */
export function describeFault(fault: Fault): string {
  const { atMs: _atMs, forMs, kind, ...rest } = fault;
  const details = Object.entries(rest)
    .map(
      ([name, value]) =>
        `${name}=${Array.isArray(value) ? value.join(',') : String(value ?? 'everybody else')}`,
    )
    .join(' ');
  return `${kind} ${details}${forMs > 0 ? ` for ${forMs} ms` : ''}`;
}
