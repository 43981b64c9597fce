/**
 * No failover without a quorum: when a sentinel holds a master to be down objectively, as many sentinels as the quorum
 * asks for have suspected that master themselves, and none of these suspicions ended long ago.
 */
import type { Scene } from '../run/scene.js';

/** What another sentinel has said counts for 5 s, and may be some time on its way. */
const MEMORY_MS = 10_000;

export function checkAgreementQuorum(scene: Scene): void {
  const { plan } = scene;
  if (plan.kind !== 'sentinel') return;
  /** By the master's address: sentinels with the time until which their suspicion counts. */
  const suspicions = new Map<string, Map<string, number>>();
  scene.on('told', (member, event) => {
    if (event.kind === 'suspected' || event.kind === 'cleared') {
      const { host, role } = event.peer;
      if (role !== 'master') return;
      const known = suspicions.get(host) ?? new Map<string, number>();
      suspicions.set(host, known);
      known.set(member.name, event.kind === 'suspected' ? Infinity : scene.nowMs + MEMORY_MS);
    }
    if (event.kind !== 'confirmed') return;
    const untils = [...(suspicions.get(event.master.host)?.values() ?? [])];
    const agreeing = untils.filter((untilMs) => untilMs >= scene.nowMs).length;
    if (agreeing >= plan.topology.quorum) return;
    const text = `${member.name} holds ${scene.world.nameOf(event.master.host)} to be down; ${agreeing} of ${plan.topology.quorum} sentinels suspect it`;
    scene.violate('agreement-quorum', text);
  });
}
