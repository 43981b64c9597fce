/**
 * Nobody leads without votes: a sentinel needs a majority of all sentinels and the quorum, a replica in a cluster a
 * majority of the masters that have slots.
 *
 * Voters are counted by what voters themselves have told or candidates have received, never by the winner's own account.
 */
import type { Scene } from '../run/scene.js';

export function checkElectionMajority(scene: Scene): void {
  const voters = new Map<string, Set<string>>();
  const { plan } = scene;
  const electionOf = (candidate: string, epoch: bigint): Set<string> => {
    const election = `${candidate}/${epoch}`;
    const known = voters.get(election) ?? new Set<string>();
    voters.set(election, known);
    return known;
  };
  scene.on('told', (member, event) => {
    if (event.kind === 'vote-cast') electionOf(event.candidate, event.votedEpoch).add(event.node);
    if (event.kind === 'vote-received') electionOf(event.candidate, event.votedEpoch).add(event.voter);
    if (event.kind !== 'elected' || plan.kind === 'replication' || !scene.isBuilt) return;
    if (event.forced && plan.kind === 'sentinel') return;
    const votes = electionOf(event.node, event.electedEpoch).size;
    const electorate = plan.kind === 'sentinel' ? plan.topology.sentinels : plan.topology.masters;
    const majority = Math.floor(electorate / 2) + 1;
    const needed = plan.kind === 'sentinel' ? Math.max(majority, plan.topology.quorum) : majority;
    if (votes >= needed) return;
    const text = `${member.name} leads in epoch ${event.electedEpoch} with ${votes} of ${needed} needed votes`;
    scene.violate('election-majority', text);
  });
}
