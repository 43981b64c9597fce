/**
 * Tells what happens in a failover: the log in the words of Redis Cluster, programs in this process, and clients that
 * subscribe to `__vedette__:failover`. The events are those that Sentinel emits.
 */
import { EventEmitter } from 'eventemitter3';
import type { FailoverEvent, FailoverOccurrence, HoldReason } from '../failover/events.js';
import type { PeerReference } from '../failover/identity.js';
import { describeRefusal } from '../failover/replica-ranking.js';
import type { LineLevel } from '../log/levels.js';
import type { Cluster } from './cluster.js';
import type { ClusterNode } from './view/node.js';

/** Where subscribers hear of failovers (beyond Redis). */
export const FAILOVER_CHANNEL = '__vedette__:failover';

export interface ClusterEvents {
  failover: (event: FailoverEvent) => void;
}

/** An event as it is logged and published; null where there is nothing to say. */
interface Rendering {
  readonly level: LineLevel;
  readonly line: string | null;
  readonly notice: string | null;
}

/** A node as log lines name it. */
export function describeNode(node: ClusterNode): string {
  return `${node.id} (${node.humanName})`;
}

export class EventPublisher extends EventEmitter<ClusterEvents> {
  constructor(private readonly cluster: Cluster) {
    super();
  }

  tell(occurrence: FailoverOccurrence): void {
    const { view, log, server, wallClock } = this.cluster;
    const { level, line, notice } = render(occurrence);
    if (line !== null) log[level](line);
    if (notice !== null) server.pubsub.publish(FAILOVER_CHANNEL, notice);
    this.emit('failover', {
      ...occurrence,
      timeMs: wallClock.nowMs(),
      node: view.myself.id,
      epoch: view.currentEpoch,
    });
  }

  /** A node as an event's peer, with the master of its group. */
  about(node: ClusterNode): { readonly master: PeerReference; readonly peer: PeerReference } {
    return { master: referenceTo(node.master ?? node), peer: referenceTo(node) };
  }
}

export function referenceTo(node: ClusterNode): PeerReference {
  return { role: node.isMaster ? 'master' : 'replica', name: node.id, host: node.host, port: node.port };
}

function render(event: FailoverOccurrence): Rendering {
  switch (event.kind) {
    case 'suspected':
      return both('debug', `*** NODE ${event.peer.name} possibly failing`, `+pfail ${placeOf(event.peer)}`);
    case 'cleared':
      return both('debug', `*** NODE ${event.peer.name} answers again`, `-fail ${placeOf(event.peer)}`);
    case 'confirmed':
      return both(
        'notice',
        `Marking node ${event.master.name} as failing (quorum reached).`,
        `+fail ${placeOf(event.master)} #quorum ${event.agreeing}/${event.quorum}`,
      );
    case 'held-back':
      return both(
        'notice',
        `Currently unable to failover: ${describeHold(event.reason)}`,
        `-failover-refused ${placeOf(event.master)} #${describeHold(event.reason)}`,
      );
    case 'delayed':
      return quiet(`+election-delayed ${placeOf(event.master)} #${event.forMs} ms`);
    case 'attempt-started':
      return quiet(`+try-failover ${placeOf(event.master)}`);
    case 'vote-cast':
      return quiet(`+vote-for-leader ${event.candidate} ${event.votedEpoch}`);
    case 'vote-received':
      return quiet(null);
    case 'elected':
      return both(
        'notice',
        "Failover election won: I'm the new master.",
        `+elected ${placeOf(event.master)}`,
      );
    case 'promoted':
      return quiet(`+promoted-slave ${placeOf(event.peer)}`);
    case 'switched':
      return quiet(`+switch-master ${placeOf(event.master)} ${event.to.host} ${event.to.port}`);
    case 'aborted':
      return quiet(`-failover-abort ${placeOf(event.master)}`);
    case 'lapsed':
    case 'epoch-advanced':
    case 'stage-entered':
    case 'replica-chosen':
    case 'reconfiguration':
    case 'ended':
    case 'configuration-adopted':
      return quiet(null);
  }
}

/** Why this replica does not stand, in Redis's words where it has some. */
export function describeHold(reason: HoldReason): string {
  switch (reason.cause) {
    case 'no-good-replica': {
      const why = reason.refusals.map(({ refusal }) => describeRefusal(refusal)).join(', ');
      return (
        'Disconnected from master for longer than allowed. Please check the ' +
        `'cluster-replica-validity-factor' configuration option. (${why})`
      );
    }
    case 'no-majority':
      return `${reason.reachable} of ${reason.needed} needed masters are reachable`;
    case 'no-quorum':
      return `${reason.agreeing} of ${reason.quorum} masters agree that the master has failed`;
    case 'epochs-exhausted':
      return 'No epoch is left.';
    case 'own-candidacy':
      return describeWait(reason);
  }
}

function describeWait(reason: HoldReason & { cause: 'own-candidacy' }): string {
  switch (reason.why) {
    case 'disabled':
      return "'cluster-replica-no-failover' is set.";
    case 'master-without-slots':
      return 'My master has no slots.';
    case 'delay':
      return 'Waiting the delay before I can start a new failover.';
    case 'expired':
      return 'Failover attempt expired.';
    case 'votes':
      return (
        'Waiting for votes, but majority still not reached. ' +
        `(needed quorum: ${reason.needed}, current: ${reason.votes})`
      );
  }
}

function both(level: LineLevel, line: string, notice: string): Rendering {
  return { level, line, notice };
}

function quiet(notice: string | null): Rendering {
  return { level: 'debug', line: null, notice };
}

function placeOf({ name, host, port }: PeerReference): string {
  return `${name} ${host} ${port}`;
}
