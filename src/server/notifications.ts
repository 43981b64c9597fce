/** Keyspace notifications: publishes what happens to keys, as far as `notify-keyspace-events` asks for it. */
import { KeyspaceEvents } from '../config/keyspace-events.js';
import type { ServerConfig } from '../config/server-config.js';
import type { PubSub } from './pubsub.js';

/** The classes of events, one bit each. */
export const EventClass = KeyspaceEvents;
export type EventClass = number;

export class Notifications {
  constructor(
    private readonly pubsub: PubSub,
    private readonly config: ServerConfig,
  ) {}

  /** Publishes that `event` happened to `key`, on the channels that are switched on. */
  publish(eventClass: EventClass, event: string, key: string, databaseIndex: number): void {
    const classes = this.config.values['notify-keyspace-events'];
    if ((classes & eventClass) === 0) return;
    if ((classes & EventClass.Keyspace) !== 0) {
      this.pubsub.publish(`__keyspace@${databaseIndex}__:${key}`, event);
    }
    if ((classes & EventClass.Keyevent) !== 0) {
      this.pubsub.publish(`__keyevent@${databaseIndex}__:${event}`, key);
    }
  }
}
