/**
 * Asking the other sentinels: whether they, too, hold the master for down, and for their votes. Both are the same
 * question on the wire, with or without our id in it; and answering it when others ask.
 */
import { ReplyError, type Reply } from '../client/reply.js';
import { NO_EPOCH, parseEpoch, type Epoch } from '../failover/epoch.js';
import { toNodeId, type NodeId } from '../failover/identity.js';
import type { Vote } from '../failover/vote-ledger.js';
import { sameAddress, type InstanceAddress } from './address.js';
import type { MonitoredMaster } from './master.js';
import type { Peer } from './peer.js';
import { EAGER_ASK_MS, PROMPTED_ASK_MS } from './periods.js';
import type { Sentinel } from './sentinel.js';

/** In place of an id: no vote is wanted, or nobody is told. */
export const NOBODY = '*';

/** What {@link Asker.answer} says. */
export interface DownAnswer {
  readonly down: boolean;
  readonly leader: NodeId | null;
  readonly epoch: Epoch;
}

export class Asker {
  constructor(private readonly sentinel: Sentinel) {}

  /** Asks a peer about the master if that is due. */
  attend(peer: Peer, nowMs: number): void {
    const dueMs = this.dueMs(peer);
    if (dueMs !== null && nowMs >= dueMs && peer.link.isUp && !peer.asking) this.#ask(peer, null, nowMs);
  }

  /** When the peer is to be asked next; null when it is not. */
  dueMs(peer: Peer): number | null {
    const { master } = peer;
    if (!master.suspected || peer.asking || !peer.link.isUp) return null;
    if (peer.askedMs === null) return -Infinity;
    return peer.askedMs + this.#gapMs(peer);
  }

  #gapMs(peer: Peer): number {
    const { askMs } = this.sentinel.periods;
    if (peer.master.agreement.holds) return askMs;
    return Math.min(peer.prompted ? PROMPTED_ASK_MS : EAGER_ASK_MS, askMs);
  }

  /** A peer has just asked about this master: whoever has not agreed yet may have changed its mind. */
  prompt(master: MonitoredMaster, nowMs: number): void {
    if (!master.suspected || master.agreement.holds) return;
    for (const peer of master.peers.values()) {
      if (!master.reports.has(peer.runId, nowMs)) {
        peer.prompted = true;
        this.sentinel.attendSoon(peer);
      }
    }
  }

  /** Asks every peer in reach for its vote, whenever it was last asked. */
  requestVotes(master: MonitoredMaster, epoch: Epoch): void {
    const nowMs = this.sentinel.nowMs();
    for (const peer of master.peers.values()) if (peer.link.isUp) this.#ask(peer, epoch, nowMs);
  }

  /** Asks one peer for its vote that could not be asked when the others were. */
  requestVote(peer: Peer, epoch: Epoch): void {
    this.#ask(peer, epoch, this.sentinel.nowMs());
  }

  #ask(peer: Peer, votingEpoch: Epoch | null, nowMs: number): void {
    const { master } = peer;
    const epoch = votingEpoch ?? this.sentinel.ledger.currentEpoch;
    const candidate = votingEpoch === null ? NOBODY : this.sentinel.myId;
    const question = [
      'IS-MASTER-DOWN-BY-ADDR',
      master.host,
      String(master.address.port),
      String(epoch),
      candidate,
    ];
    const { address } = master;
    const sent = peer.send('SENTINEL', question, (reply) => this.#take(peer, address, votingEpoch, reply));
    if (!sent) return;
    peer.askedMs = nowMs;
    peer.asking = true;
    peer.prompted = false;
  }

  /** @param about the server that was asked about; if another one is the master now, only the vote is of use */
  #take(peer: Peer, about: InstanceAddress, votingEpoch: Epoch | null, reply: Reply): void {
    const { master } = peer;
    const isAboutMaster = sameAddress(about, master.address);
    if (isAboutMaster) peer.asking = false;
    if (master.peers.get(peer.runId) !== peer) return;
    const nowMs = this.sentinel.nowMs();
    const answer = parseAnswer(reply);
    if (answer === null) {
      this.#sayRefusal(peer, reply);
      this.sentinel.attend(peer);
      return;
    }
    peer.answeredMs = nowMs;
    if (isAboutMaster) {
      if (answer.down) master.reports.report(peer.runId, nowMs);
      else master.reports.withdraw(peer.runId);
    }
    if (answer.vote.candidate !== null)
      this.#noteVote(peer, { ...answer.vote, candidate: answer.vote.candidate });
    if (votingEpoch !== null) {
      this.sentinel.learnEpoch(answer.vote.epoch);
      this.sentinel.failovers.step(master, {
        kind: 'answer',
        voter: peer.runId,
        askedEpoch: votingEpoch,
        vote: answer.vote,
      });
    }
    this.sentinel.weigh(master);
    this.sentinel.attend(peer);
  }

  #noteVote(peer: Peer, vote: Vote & { readonly candidate: NodeId }): void {
    if (vote.epoch !== peer.vote.epoch) {
      this.sentinel.events.tell({
        kind: 'vote-received',
        master: peer.master.reference,
        voter: peer.runId,
        candidate: vote.candidate,
        votedEpoch: vote.epoch,
      });
    }
    peer.vote = vote;
  }

  #sayRefusal(peer: Peer, reply: Reply): void {
    const text = reply instanceof ReplyError ? reply.message : 'not understood';
    this.sentinel.log.warning(
      `The answer of sentinel ${peer.runId} about ${peer.master.name} is of no use: ${text}`,
    );
  }

  /**
   * Answers another sentinel's question. A vote is told when it is on disk; until then the answer waits.
   * @param candidate who asks for our vote; null when nobody does
   */
  answer(
    master: MonitoredMaster,
    epoch: Epoch,
    candidate: NodeId | null,
    reply: (answer: DownAnswer) => void,
  ): void {
    const { ledger, events, store, tilt } = this.sentinel;
    const down = master.suspected && !tilt.isActive;
    if (candidate === null) {
      reply({ down, leader: null, epoch: NO_EPOCH });
      return;
    }
    const { raised, granted, vote } = ledger.request(master.name, epoch, candidate);
    const tell = (saved: boolean): void => {
      if (!saved) ledger.withhold(master.name, vote.epoch);
      if (saved && raised) events.tell({ kind: 'epoch-advanced' });
      if (saved && granted) {
        events.tell({
          kind: 'vote-cast',
          master: master.reference,
          candidate,
          votedEpoch: vote.epoch,
        });
      }
      reply({ down, leader: saved ? vote.candidate : null, epoch: vote.epoch });
    };
    if (raised || granted) store.save(tell);
    else store.whenSaved(tell);
    if (granted && candidate !== this.sentinel.myId) {
      this.sentinel.failovers.step(master, { kind: 'voted', candidate, epoch });
    }
  }
}

interface ParsedAnswer {
  readonly down: boolean;
  readonly vote: Vote;
}

/** `[down, leader or *, epoch of the vote]`; null for anything else. */
function parseAnswer(reply: Reply): ParsedAnswer | null {
  if (!Array.isArray(reply) || reply.length !== 3) return null;
  const [down, leader, epochReply] = reply;
  if ((down !== 0 && down !== 1) || typeof leader !== 'string') return null;
  if (typeof epochReply !== 'number' && typeof epochReply !== 'string') return null;
  const epoch = parseEpoch(String(epochReply));
  if (epoch === null) return null;
  return { down: down === 1, vote: { epoch, candidate: leader === NOBODY ? null : toNodeId(leader) } };
}
