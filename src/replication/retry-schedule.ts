/**
 * When to try again to reach a master. Pure.
 *
 * Stock retries once per second. Here the first second is spent on quick attempts, because after REPLICAOF the new
 * master is often just being promoted, or is synchronising itself, and a failover is over when its replicas follow.
 */

const QUICK_RETRY_MS = 100;
const QUICK_ATTEMPTS = 10;
/** Stock's replicationCron period. */
const SLOW_RETRY_MS = 1000;

/** @param failures attempts that failed since the link was last up, or since REPLICAOF */
export function retryDelayMs(failures: number): number {
  if (failures === 0) return 0;
  return failures <= QUICK_ATTEMPTS ? QUICK_RETRY_MS : SLOW_RETRY_MS;
}
