/** This master as a voter: one vote per epoch, on disk before it is told. The rule is in rules/voting.ts. */
import type { Cluster } from './cluster.js';
import type { MessageHeader } from './bus/message.js';
import { describeNode } from './events.js';
import { considerVote, describeDenial, type VoteRequest } from './rules/voting.js';
import type { ClusterNode } from './view/node.js';

export class Voter {
  constructor(private readonly cluster: Cluster) {}

  /** A replica asks for the vote in its current epoch. */
  takeRequest(candidate: ClusterNode, header: MessageHeader): void {
    const { view, nowMs, nodeTimeoutMs, log, store, messenger, events } = this.cluster;
    const request: VoteRequest = {
      candidate,
      epoch: header.currentEpoch,
      configEpoch: header.configEpoch,
      slots: header.slots,
      isForced: header.isForced,
    };
    const denial = considerVote(view, request, nowMs, nodeTimeoutMs);
    if (denial !== null) {
      const why = describeDenial(denial, request);
      if (why !== null) log.warning(`Failover auth denied to ${describeNode(candidate)}: ${why}`);
      return;
    }
    store.saveBinding();
    messenger.vote(candidate);
    const { master } = events.about(candidate);
    store.whenBindingSaved(() => {
      log.notice(`Failover auth granted to ${describeNode(candidate)} for epoch ${request.epoch}`);
      events.tell({ kind: 'vote-cast', master, candidate: candidate.id, votedEpoch: request.epoch });
    });
  }
}
