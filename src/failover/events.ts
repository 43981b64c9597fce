/**
 * The record of a failover: one union of everything that can happen in one.
 *
 * Log lines, pub/sub messages, counters, the comparator's phases and the simulator's checks are renderings of
 * these events; nothing parses its own logs. An event that tells of a vote, an epoch of our own or a
 * configuration is emitted after that is on disk.
 */
import type { Epoch } from './epoch.js';
import type { NodeId, PeerReference } from './identity.js';
import type { ReplicaRefusal } from './replica-ranking.js';

/** Where and when an event was seen. */
export interface EventOrigin {
  /** Wall-clock time in milliseconds. */
  readonly timeMs: number;
  /** Who tells it. */
  readonly node: NodeId;
  /** The teller's current epoch. */
  readonly epoch: Epoch;
}

/** Steps of the one who leads a failover, in their order. */
export type LeaderStage = 'selecting' | 'sending-promotion' | 'awaiting-promotion' | 'reconfiguring';

/** How far a replica is on its way to the new master. */
export type ReconfigurationStage = 'sent' | 'in-progress' | 'done' | 'timed-out' | 'sent-best-effort';

/** Why an attempt to fail over ended without a new master. */
export type AbortReason =
  | {
      readonly cause: 'not-elected';
      readonly votes: number;
      readonly needed: number;
      /** `split`: nobody can win this epoch any more; `rival`: another one has or may have it. */
      readonly why: 'split' | 'rival' | 'timeout' | 'superseded' | 'not-recorded';
    }
  | { readonly cause: 'no-good-replica'; readonly refusals: readonly NamedRefusal[] }
  | {
      readonly cause: 'promotion-failed';
      readonly why: 'timeout' | 'down' | 'refused';
      readonly text: string;
    };

/** Why no attempt is made at all although the master is suspected. */
export type HoldReason =
  | {
      readonly cause: 'no-quorum';
      readonly agreeing: number;
      readonly quorum: number;
      readonly unreachable: number;
    }
  | {
      readonly cause: 'no-majority';
      readonly reachable: number;
      readonly needed: number;
      readonly known: number;
    }
  | { readonly cause: 'no-good-replica'; readonly refusals: readonly NamedRefusal[] }
  | { readonly cause: 'epochs-exhausted' }
  /** A replica that stands for itself (Cluster): `delay` until it may ask for votes, `votes` while it waits for them. */
  | {
      readonly cause: 'own-candidacy';
      readonly why: 'disabled' | 'master-without-slots' | 'delay' | 'expired';
    }
  | {
      readonly cause: 'own-candidacy';
      readonly why: 'votes';
      readonly votes: number;
      readonly needed: number;
    };

export interface NamedRefusal {
  readonly replica: string;
  readonly refusal: ReplicaRefusal;
}

/** What happened, without where and when. `master` is the group's master as the teller holds it. */
export type FailoverOccurrence =
  | { readonly kind: 'suspected'; readonly master: PeerReference; readonly peer: PeerReference }
  | { readonly kind: 'cleared'; readonly master: PeerReference; readonly peer: PeerReference }
  | {
      readonly kind: 'confirmed';
      readonly master: PeerReference;
      readonly agreeing: number;
      readonly quorum: number;
    }
  | { readonly kind: 'lapsed'; readonly master: PeerReference }
  | { readonly kind: 'epoch-advanced' }
  | { readonly kind: 'held-back'; readonly master: PeerReference; readonly reason: HoldReason }
  | { readonly kind: 'delayed'; readonly master: PeerReference; readonly forMs: number }
  | { readonly kind: 'attempt-started'; readonly master: PeerReference }
  | {
      readonly kind: 'vote-cast';
      readonly master: PeerReference;
      readonly candidate: NodeId;
      readonly votedEpoch: Epoch;
    }
  | {
      readonly kind: 'vote-received';
      readonly master: PeerReference;
      readonly voter: NodeId;
      readonly candidate: NodeId;
      readonly votedEpoch: Epoch;
    }
  | {
      readonly kind: 'elected';
      readonly master: PeerReference;
      readonly electedEpoch: Epoch;
      readonly forced: boolean;
    }
  | {
      readonly kind: 'stage-entered';
      readonly master: PeerReference;
      readonly stage: LeaderStage;
      /** The replica that is being promoted, once there is one. */
      readonly peer: PeerReference | null;
    }
  | { readonly kind: 'replica-chosen'; readonly master: PeerReference; readonly peer: PeerReference }
  | { readonly kind: 'promoted'; readonly master: PeerReference; readonly peer: PeerReference }
  | {
      readonly kind: 'reconfiguration';
      readonly master: PeerReference;
      readonly peer: PeerReference;
      readonly stage: ReconfigurationStage;
    }
  | { readonly kind: 'ended'; readonly master: PeerReference; readonly timedOut: boolean }
  | { readonly kind: 'aborted'; readonly master: PeerReference; readonly reason: AbortReason }
  | {
      readonly kind: 'switched';
      readonly master: PeerReference;
      readonly to: { readonly host: string; readonly port: number };
      readonly configEpoch: Epoch;
    }
  | { readonly kind: 'configuration-adopted'; readonly master: PeerReference; readonly peer: PeerReference };

/** One entry of the record. */
export type FailoverEvent = EventOrigin & FailoverOccurrence;
