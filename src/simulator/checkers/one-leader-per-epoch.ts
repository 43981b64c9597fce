/**
 * At most one leader per epoch: of a master among sentinels, of all in a cluster.
 *
 * A failover that an operator forced on a sentinel takes its epoch without asking, as Redis Sentinel's does; only there
 * the rule does not hold.
 */
import type { Scene } from '../run/scene.js';

export function checkOneLeaderPerEpoch(scene: Scene): void {
  const leaders = new Map<string, string>();
  const isCluster = scene.plan.kind === 'cluster';
  scene.on('told', (member, event) => {
    if (event.kind !== 'elected' || !scene.isBuilt || (event.forced && !isCluster)) return;
    const subject = isCluster ? 'cluster' : event.master.name;
    const election = `${subject}/${event.electedEpoch}`;
    const former = leaders.get(election);
    leaders.set(election, event.node);
    if (former === undefined || former === event.node) return;
    const text = `${member.name} leads in epoch ${event.electedEpoch}, which ${former} had won`;
    scene.violate('one-leader-per-epoch', text);
  });
}
