/**
 * What this node knows of one node of the cluster, itself included.
 *
 * Plain facts: nothing here decides, talks or keeps time. Times are wall-clock milliseconds, 0: never.
 * Reference: the bus of Redis Cluster 7.2.
 */
import { NO_EPOCH, type Epoch } from '../../failover/epoch.js';
import type { NodeId } from '../../failover/identity.js';
import { SlotSet } from './slots.js';

/** What is held of a node's health: suspected by us (PFAIL), or agreed on by a majority of the masters (FAIL). */
export type Health = 'alive' | 'suspected' | 'failed';

/** Where a node stands in becoming known: asked to meet, known by address only, or a member. */
export type Membership = 'handshake' | 'member';

export class ClusterNode {
  /** Random while the node is in handshake, then its own. */
  id: NodeId;
  /** Groups a master with its replicas. */
  shardId: string;
  membership: Membership = 'member';
  /** The next connection opens with MEET instead of PING. */
  sendsMeet = false;
  /**
   * When it last had a chance to take this node in, by a handshake; Infinity while the word to it waits for this node's
   * disk, 0 once it has shown that it did.
   */
  metAtMs = 0;
  role: 'master' | 'replica' = 'master';
  /** The master of a replica; null for masters and while it is unknown. */
  master: ClusterNode | null = null;
  readonly replicas = new Set<ClusterNode>();
  health: Health = 'alive';
  /** No address is known, or another node answered there. */
  hasNoAddress = false;
  /** A master that may be given a replica of another one (flag MIGRATE_TO). */
  acceptsMigration = false;
  /** `cluster-replica-no-failover` of that node. */
  neverFailsOver = false;
  /** It understands ping extensions. */
  knowsExtensions = false;

  /** Address for clients and for the bus. `host` is an address literal; empty: not known yet. */
  host: string;
  port: number;
  /** The other one of the TLS and the plain port; 0: none. */
  secondaryPort = 0;
  busPort: number;
  /** `cluster-announce-hostname` of that node; empty: none. */
  hostname = '';
  /** `cluster-announce-human-nodename` of that node; empty: none. */
  humanName = '';

  /** Slots of a master. Kept in step with the owners by ClusterView only. */
  readonly slots = new SlotSet();
  /** Of a master; that of a replica is its master's. */
  configEpoch: Epoch = NO_EPOCH;
  /** Offset in the replication stream as it was told last. */
  replicationOffset = 0;

  /** The connection that this node has opened to it is there, or being made. Kept by the bus. */
  isLinked = false;

  createdAtMs: number;
  /** When the ping was sent that has not been answered; 0: none is pending. */
  pingSentMs = 0;
  pongReceivedMs = 0;
  dataReceivedMs = 0;
  failedAtMs = 0;
  /** When we voted for a replica of this master. */
  votedAtMs = 0;
  /** Since when this master has had no working replica. */
  orphanedAtMs = 0;

  constructor(
    identity: { id: NodeId; shardId: string; host: string; port: number; busPort: number },
    nowMs: number,
  ) {
    this.id = identity.id;
    this.shardId = identity.shardId;
    this.host = identity.host;
    this.port = identity.port;
    this.busPort = identity.busPort;
    this.createdAtMs = nowMs;
  }

  get isMaster(): boolean {
    return this.role === 'master';
  }

  /** A member, not failed. */
  get isUsable(): boolean {
    return this.membership === 'member' && this.health !== 'failed' && !this.hasNoAddress;
  }

  /** The epoch under which this node's slots are held: a replica has its master's. */
  get effectiveConfigEpoch(): Epoch {
    return this.master?.configEpoch ?? this.configEpoch;
  }
}
