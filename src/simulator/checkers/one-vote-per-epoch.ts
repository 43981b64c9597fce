/**
 * Nobody votes twice in an epoch, whatever befalls the voter: votes are counted by the voter's id across all its
 * processes, as the voter tells of them and as candidates receive them.
 */
import type { Scene } from '../run/scene.js';

export function checkOneVotePerEpoch(scene: Scene): void {
  // Where several have one id, votes of that id are those of several.
  if (scene.plan.kind === 'sentinel' && scene.plan.topology.copies !== undefined) return;
  const votes = new Map<string, string>();
  const isCluster = scene.plan.kind === 'cluster';
  const count = (voter: string, masterName: string, epoch: bigint, candidate: string): void => {
    const vote = `${voter}/${isCluster ? 'cluster' : masterName}/${epoch}`;
    const former = votes.get(vote);
    votes.set(vote, candidate);
    if (former === undefined || former === candidate) return;
    const text = `${voter} voted for ${former} and for ${candidate} in epoch ${epoch}`;
    scene.violate('one-vote-per-epoch', text);
  };
  scene.on('told', (_member, event) => {
    if (event.kind === 'vote-cast') count(event.node, event.master.name, event.votedEpoch, event.candidate);
    if (event.kind === 'vote-received') {
      count(event.voter, event.master.name, event.votedEpoch, event.candidate);
    }
  });
}
