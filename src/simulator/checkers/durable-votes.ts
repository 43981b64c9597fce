/**
 * A vote is on the voter's disk before anybody hears of it: at the moment when a vote is told or received, what a power
 * failure would leave of the voter's file names the epoch.
 */
import { MASTER_NAME } from '../world/simulated-sentinels.js';
import type { Member } from '../world/member.js';
import type { Scene } from '../run/scene.js';

export function checkDurableVotes(scene: Scene): void {
  // Where several have one id, nobody can say whose vote it was.
  if (scene.plan.kind === 'sentinel' && scene.plan.topology.copies !== undefined) return;
  /** By the id that members go by in votes. */
  const members = new Map<string, Member>();
  scene.on('told', (member, event) => {
    members.set(event.node, member);
    if (event.kind !== 'vote-cast' && event.kind !== 'vote-received') return;
    const voter = event.kind === 'vote-cast' ? member : members.get(event.voter);
    if (voter === undefined) return;
    const durable = durableVoteEpoch(voter, scene.plan.kind === 'cluster');
    if (durable >= event.votedEpoch) return;
    const text = `${voter.name} has told of its vote in epoch ${event.votedEpoch}; its disk knows of ${durable}`;
    scene.violate('durable-votes', text);
  });
}

/** The epoch of the last vote that would survive a power failure. */
function durableVoteEpoch(voter: Member, isClusterNode: boolean): bigint {
  const text = isClusterNode
    ? voter.durableText(`/${voter.name}/nodes.conf`)
    : voter.durableText(voter.configPath);
  const pattern = isClusterNode ? /lastVoteEpoch (\d+)/ : new RegExp(`leader-epoch ${MASTER_NAME} (\\d+)`);
  return BigInt(pattern.exec(text ?? '')?.[1] ?? 0);
}
