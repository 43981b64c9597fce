/**
 * Tells everybody what happens: the log, subscribers of the event's channel, listeners in this process, and the
 * master's notification script.
 */
import { EventEmitter } from 'eventemitter3';
import type { FailoverEvent, FailoverOccurrence } from '../failover/events.js';
import type { NodeId } from '../failover/identity.js';
import type { VoteLedger } from '../failover/vote-ledger.js';
import type { Logger } from '../log/logger.js';
import type { Clock } from '../platform/platform.js';
import type { PubSub } from '../server/pubsub.js';
import { masterOf, renderEvent, type Occurrence, type Rendering, type SentinelOccurrence } from './events.js';

/** For programs in the same process. */
export interface SentinelEvents {
  /** A step of a failover. */
  failover: (event: FailoverEvent) => void;
  /** Anything that is published, as subscribers see it. */
  published: (channel: string, payload: string) => void;
}

export interface PublisherParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly pubsub: PubSub;
  readonly ledger: VoteLedger;
  readonly myId: () => NodeId;
  /** Told of every event of warning level that is published. */
  readonly notifyScript: (masterName: string, channel: string, payload: string) => void;
}

export class EventPublisher extends EventEmitter<SentinelEvents> {
  constructor(private readonly parts: PublisherParts) {
    super();
  }

  /** A step of a failover. */
  tell(occurrence: FailoverOccurrence): void {
    const { clock, ledger, myId } = this.parts;
    this.#render(occurrence);
    this.emit('failover', {
      ...occurrence,
      timeMs: clock.nowMs(),
      node: myId(),
      epoch: ledger.currentEpoch,
    });
  }

  /** Anything else. */
  say(occurrence: SentinelOccurrence): void {
    this.#render(occurrence);
  }

  #render(occurrence: Occurrence): void {
    const { clock, ledger } = this.parts;
    const nowMs = clock.nowMs();
    const rendering = renderEvent(occurrence, ledger.currentEpoch, nowMs + clock.utcOffsetMs(nowMs));
    this.#log(rendering);
    const { level, channel, payload } = rendering;
    // Events of the lowest level are for the log only.
    if (channel === null || level === 'debug') return;
    this.parts.pubsub.publish(channel, payload);
    this.emit('published', channel, payload);
    const masterName = masterOf(occurrence);
    if (level === 'warning' && masterName !== null) this.parts.notifyScript(masterName, channel, payload);
  }

  #log({ level, channel, payload }: Rendering): void {
    const text = channel === null ? payload : `${channel} ${payload}`;
    this.parts.log[level](text);
  }
}
