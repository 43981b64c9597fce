/**
 * Whether a replica that does not follow the monitored master is to be put right: a returning old master, or one
 * that was pointed elsewhere.
 *
 * Patience is part of the protocol: a new configuration may be on its way to us from another sentinel, and whoever
 * acts on the old one would undo a failover. Pure.
 */

export interface CorrectionFacts {
  readonly nowMs: number;
  /** The master is where and what we think, and has told us so recently. */
  readonly masterIsSane: boolean;
  readonly reportedRole: 'master' | 'replica';
  readonly reportedRoleSinceMs: number;
  /** It says that it follows the monitored master. */
  readonly followsMaster: boolean;
  readonly masterSinceMs: number;
  /** When it last became suspected; null for never. */
  readonly lastSuspectedMs: number | null;
  /** When it was last put right; null for never. */
  readonly lastCorrectedMs: number | null;
  readonly isBeingPromoted: boolean;
  readonly publishPeriodMs: number;
  readonly failoverTimeoutMs: number;
}

export type Correction = 'convert-to-slave' | 'fix-slave-config';

/** Time for a hello with a newer configuration to arrive. */
const PROPAGATION_PUBLISH_PERIODS = 4;

/** What is to be done, and from when on; null when nothing is wrong. */
export function correctionFor(
  facts: CorrectionFacts,
): { readonly kind: Correction; readonly fromMs: number } | null {
  if (facts.isBeingPromoted) return null;
  if (facts.reportedRole === 'master') {
    const patienceMs = PROPAGATION_PUBLISH_PERIODS * facts.publishPeriodMs;
    return { kind: 'convert-to-slave', fromMs: afterPatience(facts, facts.reportedRoleSinceMs, patienceMs) };
  }
  if (facts.followsMaster) return null;
  return {
    kind: 'fix-slave-config',
    fromMs: afterPatience(facts, facts.masterSinceMs, facts.failoverTimeoutMs),
  };
}

/** Whether it may be done now. */
export function mayCorrectNow(facts: CorrectionFacts, fromMs: number): boolean {
  return facts.masterIsSane && facts.nowMs > fromMs;
}

/** An instance that was down lately, or has just been put right, gets the full time anew. */
function afterPatience(facts: CorrectionFacts, sinceMs: number, patienceMs: number): number {
  return Math.max(sinceMs, facts.lastSuspectedMs ?? sinceMs, facts.lastCorrectedMs ?? sinceMs) + patienceMs;
}
