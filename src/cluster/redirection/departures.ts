/**
 * Who waits here for something that will now happen elsewhere, or not at all, is told so: clients blocked on keys whose
 * slot has left or while the cluster is down, and subscribers of shard channels.
 *
 * Nothing polls: a change of the view is noticed at the end of the turn in which it happened.
 * Reference: Redis Cluster 7.2.
 */
import { keySlot } from '../../keyspace/key-slot.js';
import type { BlockedState } from '../../server/blocking.js';
import type { Client } from '../../server/client.js';
import type { Server } from '../../server/server.js';
import type { ClusterView } from '../view/cluster-view.js';
import type { Slot } from '../view/slots.js';
import { CLUSTER_DOWN, SLOT_NOT_SERVED, type Redirections } from './redirections.js';

export class Departures {
  private isDue = false;

  constructor(
    private readonly server: Server,
    private readonly view: ClusterView,
    private readonly redirections: Redirections,
  ) {
    view.onChange = () => {
      if (this.isDue) return;
      this.isDue = true;
      server.scheduleTurnEnd();
    };
  }

  /** To be called at the end of each turn. */
  readonly check = (): void => {
    if (!this.isDue) return;
    this.isDue = false;
    if (this.server.blocking.blockedClients > 0) this.sendBlockedAway();
    if (this.server.pubsub.shardChannels.size > 0) this.endSubscriptions();
  };

  private sendBlockedAway(): void {
    const { clients, blocking } = this.server;
    for (const client of [...clients.all()]) {
      if (client.blocked === null || client.blocked.kind !== 'keys') continue;
      const text = this.refusalFor(client, client.blocked);
      if (text !== null) blocking.unblock(client, text);
    }
  }

  /** Only writes end a wait: while the cluster is down there are none, whatever reads are allowed. */
  private refusalFor(client: Client, { command, keys }: BlockedState): string | null {
    const { view } = this;
    const [key] = keys;
    if (!view.isServing) return CLUSTER_DOWN;
    if (key === undefined) return null;
    const slot = keySlot(key) as Slot;
    const owner = view.ownerOf(slot);
    if (owner === view.myself || view.importingFrom.has(slot)) return null;
    if (owner === null) return SLOT_NOT_SERVED;
    const mayRead = client.isReadOnlyMode && command?.isWrite === false && owner === view.myMaster;
    return mayRead ? null : this.redirections.movedText(slot, owner);
  }

  /** Shard channels are served by every node of the shard that has their slot. */
  private endSubscriptions(): void {
    const { view, server } = this;
    const { pubsub } = server;
    for (const [channel, subscribers] of [...pubsub.shardChannels]) {
      const owner = view.ownerOf(keySlot(channel) as Slot);
      if (owner !== null && owner === view.myMaster) continue;
      for (const client of [...subscribers]) pubsub.unsubscribe(client, 'shard', channel);
    }
  }
}
