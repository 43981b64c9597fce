/**
 * A leader promotes none that is plainly behind: when a replica is chosen, no other one that the leader sees alive, with
 * a report as fresh, the same priority and a link to the master that is not down for too long, has more of the stream.
 */
import { MASTER_NAME } from '../world/simulated-sentinels.js';
import type { Scene } from '../run/scene.js';

/** Reports come within this time of each other when all are asked at once; the choice waits no longer for the rest. */
const FRESH_MS = 1000;

export function checkBestReplica(scene: Scene): void {
  scene.on('told', (member, event) => {
    if (event.kind !== 'replica-chosen') return;
    const sentinel = member.sentinelService?.sentinel;
    const master = sentinel?.masters.get(MASTER_NAME);
    if (sentinel === undefined || master === undefined) return;
    const nowMs = sentinel.nowMs();
    const facts = [...master.replicas.values()].map((replica) =>
      replica.facts(nowMs, master.settings.failoverTimeoutMs),
    );
    const { maxMasterLinkDownMs } = master.eligibilityLimits(nowMs);
    const chosen = facts.find(({ name }) => name === event.peer.name);
    if (chosen === undefined) return;
    const better = facts.find(
      (other) =>
        other.offset > chosen.offset &&
        other.priority === chosen.priority &&
        !other.suspected &&
        other.connected &&
        other.silentMs <= FRESH_MS &&
        other.infoAgeMs !== null &&
        other.infoAgeMs <= Math.min(FRESH_MS, chosen.infoAgeMs ?? 0) &&
        other.promotionRefused === null &&
        other.masterLinkDownMs >= 0 &&
        other.masterLinkDownMs <= maxMasterLinkDownMs,
    );
    if (better === undefined) return;
    const text = `${member.name} promotes ${chosen.name} at ${chosen.offset}; ${better.name} is at ${better.offset}`;
    scene.violate('best-replica', text);
  });
}
