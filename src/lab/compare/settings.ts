/** What is compared with what, under which fault. */
import type { Engine } from '../programs.js';

export const MODES = ['sentinel', 'cluster'] as const;
export type Mode = (typeof MODES)[number];

export const FAULTS = [
  'kill',
  'pause',
  'restart',
  'partition-master',
  'partition-client',
  'jitter',
  'flap',
  'replica-kill',
  'sentinel-kill',
  'manual',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface CompareSettings {
  readonly fault: Fault;
  /** For each column. */
  readonly trials: number;
  /** down-after-milliseconds, and cluster-node-timeout. */
  readonly downAfterMs: number;
  /** Operations per second, of all clients together. */
  readonly rate: number;
  readonly clients: number;
  readonly engines: readonly NamedEngine[];
}

export interface NamedEngine {
  readonly name: 'vedette' | 'stock';
  readonly engine: Engine;
}

/** One kind of topology of one engine: a column of the table. */
export interface Column {
  readonly mode: Mode;
  readonly engine: NamedEngine;
}

export function columnsOf({ engines }: CompareSettings): Column[] {
  return engines.flatMap((engine) => MODES.map((mode) => ({ mode, engine })));
}

/** Null, or why the fault means nothing to that kind of topology. */
export function whySkipped(fault: Fault, mode: Mode): string | null {
  return fault === 'sentinel-kill' && mode === 'cluster'
    ? 'a cluster has no sentinels: its masters watch each other'
    : null;
}
