/**
 * The periods and limits a sentinel works with, as `SENTINEL DEBUG` shows and changes them, and those of Redis
 * Sentinel that follow from them. All in milliseconds.
 *
 * Most of them were poll periods in Redis Sentinel. Here they are the slowest pace at which something is
 * repeated; what decides a failover reacts to events.
 */

/** Changeable at run time; one object per sentinel. */
export interface Periods {
  infoMs: number;
  pingMs: number;
  askMs: number;
  publishMs: number;
  defaultDownAfterMs: number;
  defaultFailoverTimeoutMs: number;
  tiltTriggerMs: number;
  tiltMs: number;
  replicaReconfigurationMs: number;
  minLinkReconnectMs: number;
  electionTimeoutMs: number;
  scriptMaxRuntimeMs: number;
  scriptRetryDelayMs: number;
}

/** Names as SENTINEL DEBUG knows them, in the order in which it lists them. */
export const PERIOD_NAMES: readonly (readonly [name: string, key: keyof Periods])[] = [
  ['info-period', 'infoMs'],
  ['ping-period', 'pingMs'],
  ['ask-period', 'askMs'],
  ['publish-period', 'publishMs'],
  ['default-down-after', 'defaultDownAfterMs'],
  ['default-failover-timeout', 'defaultFailoverTimeoutMs'],
  ['tilt-trigger', 'tiltTriggerMs'],
  ['tilt-period', 'tiltMs'],
  ['slave-reconf-timeout', 'replicaReconfigurationMs'],
  ['min-link-reconnect-period', 'minLinkReconnectMs'],
  ['election-timeout', 'electionTimeoutMs'],
  ['script-max-runtime', 'scriptMaxRuntimeMs'],
  ['script-retry-delay', 'scriptRetryDelayMs'],
];

export function defaultPeriods(): Periods {
  return {
    infoMs: 10_000,
    pingMs: 1000,
    askMs: 1000,
    publishMs: 2000,
    defaultDownAfterMs: 30_000,
    defaultFailoverTimeoutMs: 180_000,
    tiltTriggerMs: 2000,
    tiltMs: 30_000,
    replicaReconfigurationMs: 10_000,
    minLinkReconnectMs: 15_000,
    electionTimeoutMs: 10_000,
    scriptMaxRuntimeMs: 60_000,
    scriptRetryDelayMs: 30_000,
  };
}

/** INFO of replicas while their master is down, or their link to it is (fixed in Redis Sentinel, too). */
export const URGENT_INFO_MS = 1000;
/** INFO of replicas whose next report the failover waits for. */
export const WATCHED_INFO_MS = 100;
/** While a master is suspected but not agreed to be down, peers are asked this often. */
export const EAGER_ASK_MS = 100;
/** A peer that has just shown interest is asked again no sooner than this. */
export const PROMPTED_ASK_MS = 10;

/** A frozen instance is noticed at most this long after its last answer. */
const LONGEST_PING_GAP_MS = 100;
const SHORTEST_PING_GAP_MS = 5;

/** How often an instance is pinged, so that a freeze is noticed well within `down-after-milliseconds`. */
export function pingGapMs(periods: Periods, downAfterMs: number): number {
  return Math.max(SHORTEST_PING_GAP_MS, Math.min(periods.pingMs, downAfterMs / 10, LONGEST_PING_GAP_MS));
}
