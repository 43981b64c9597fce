/** Keyspace notifications: publishes what happens to keys, as far as `notify-keyspace-events` asks for it. */
import { KeyspaceEvents } from '../config/keyspace-events.js';
import type { ServerConfig } from '../config/server-config.js';
import type { PubSub } from './pubsub.js';

/** The classes of events, one bit each. */
export const EventClass = KeyspaceEvents;
export type EventClass = number;

export class Notifications {
  /** Those that are switched on. Kept here, because every write of every key asks. */
  private classes: EventClass;

  constructor(
    private readonly pubsub: PubSub,
    config: ServerConfig,
  ) {
    this.classes = config.values['notify-keyspace-events'];
    config.onChange('notify-keyspace-events', (classes) => (this.classes = classes));
  }

  /** Publishes that `event` happened to `key`, on the channels that are switched on. */
  publish(eventClass: EventClass, event: string, key: string, databaseIndex: number): void {
    const { classes } = this;
    if ((classes & eventClass) === 0) return;
    if ((classes & EventClass.Keyspace) !== 0) {
      this.pubsub.publish(`__keyspace@${databaseIndex}__:${key}`, event);
    }
    if ((classes & EventClass.Keyevent) !== 0) {
      this.pubsub.publish(`__keyevent@${databaseIndex}__:${event}`, key);
    }
  }
}
