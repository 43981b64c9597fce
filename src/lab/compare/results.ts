/**
 * The results of a comparison, as `--json` writes them; docs/compare.md documents them field by field. What changes in
 * a way that breaks readers changes the number in `schema`.
 *
 * All times are milliseconds; those that say `atMs` are counted from the fault.
 */
import { LabError } from '../errors.js';
import type { Fault, Mode } from './settings.js';

export const SCHEMA = 'vedette-compare/1';

export interface CompareResults {
  readonly schema: typeof SCHEMA;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly settings: {
    readonly fault: Fault;
    readonly trials: number;
    readonly downAfterMs: number;
    readonly rate: number;
    readonly clients: number;
  };
  readonly environment: {
    readonly vedette: string;
    readonly operatingSystem: string;
  };
  readonly columns: readonly ColumnResults[];
}

export interface ColumnResults {
  readonly mode: Mode;
  readonly engine: 'vedette' | 'stock';
  /** As the servers tell it: `7.2.0`. Null when the column was skipped. */
  readonly version: string | null;
  /** Null, or why there are no trials. */
  readonly skipped: string | null;
  /** What the configuration leads one to expect. */
  readonly budget: readonly BudgetStep[];
  readonly trials: readonly TrialResult[];
}

export interface BudgetStep {
  readonly step: 'detection' | 'agreement' | 'election' | 'promotion' | 'discovery';
  readonly fromMs: number;
  readonly toMs: number;
  readonly why: string;
}

export interface TrialResult {
  /**
   * Keys of the faulted master: the longest time between two acknowledged writes, the fault in it or before it.
   * Null when writing was not possible again before the trial ended.
   */
  readonly windowMs: number | null;
  /** The same for keys of other masters; null when there are none (sentinel). */
  readonly otherKeysWindowMs: number | null;
  readonly writes: {
    readonly acknowledged: number;
    readonly failed: number;
    /** Acknowledged, and not there when all was well again. */
    readonly lost: number;
    /** Acknowledged by the old master after the new one was promoted. */
    readonly onOldMaster: number;
  };
  readonly reads: {
    readonly answered: number;
    readonly failed: number;
    /** Did not see a write that was acknowledged before. */
    readonly stale: number;
  };
  /** How often each kind of error was met. */
  readonly errors: Readonly<Record<string, number>>;
  /** Of what was answered, from the moment it was due. */
  readonly latency: readonly LatencyPoint[];
  readonly phases: readonly PhaseMark[];
  /** How many replicas became masters, and how often somebody tried. */
  readonly promotions: number;
  readonly attempts: number;
  /** When the fault was taken back. */
  readonly repairAtMs: number;
  /** The longest time for which the measuring process itself stood still: no figure is finer than this. */
  readonly stallMs: number;
  readonly throughput: Throughput;
}

export interface LatencyPoint {
  readonly percentile: number;
  readonly ms: number;
}

export const PHASES = [
  'suspected',
  'confirmed',
  'scheduled',
  'election',
  'vote',
  'elected',
  'promoted',
  'announced',
  'first-write',
  'clients-moved',
  'rejoined',
] as const;
export type Phase = (typeof PHASES)[number];

export interface PhaseMark {
  readonly phase: Phase;
  readonly atMs: number;
  /** Who reached it: a sentinel, a node, `clients`, `all`. */
  readonly observer: string;
}

export interface Throughput {
  readonly bucketMs: number;
  /** Where the first bucket begins. */
  readonly fromMs: number;
  /** Per bucket, by the moment of the outcome. */
  readonly acknowledged: readonly number[];
  readonly failed: readonly number[];
}

/** @throws LabError BAD_RESULTS */
export function parseResults(text: string): CompareResults {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LabError('BAD_RESULTS', `These are no results: ${(error as Error).message}`);
  }
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  if (schema === SCHEMA) return value as CompareResults;
  throw new LabError('BAD_RESULTS', `These are no results of schema ${SCHEMA}: schema ${String(schema)}`);
}
