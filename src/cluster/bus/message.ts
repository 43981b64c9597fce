/**
 * The messages of the cluster bus, as they are once they have been read or before they are written.
 *
 * Only what the wire can say: no node objects, no rules. Reference: the bus of Redis Cluster 7.2.
 */
import type { Epoch } from '../../failover/epoch.js';
import type { NodeId } from '../../failover/identity.js';

/** Names of the message types by their number on the wire. */
export const MESSAGE_TYPES = [
  'ping',
  'pong',
  'meet',
  'fail',
  'publish',
  'auth-req',
  'auth-ack',
  'update',
  'mfstart',
  'module',
  'publishshard',
] as const;

export type MessageType = (typeof MESSAGE_TYPES)[number];

export function typeNumberOf(type: MessageType): number {
  return MESSAGE_TYPES.indexOf(type);
}

/** Bits of a node's flags in headers and gossip. Receivers mask, they never compare. */
export const NodeFlag = {
  master: 1,
  replica: 2,
  suspected: 4,
  failed: 8,
  myself: 16,
  handshake: 32,
  noAddress: 64,
  meet: 128,
  acceptsMigration: 256,
  neverFailsOver: 512,
} as const;

/** What every message says of its sender. */
export interface MessageHeader {
  readonly port: number;
  readonly secondaryPort: number;
  readonly busPort: number;
  readonly currentEpoch: Epoch;
  /** A replica tells its master's. */
  readonly configEpoch: Epoch;
  /** Of the replication stream, as far as the sender has it. */
  readonly offset: number;
  readonly sender: NodeId;
  /** 2048 bytes. A replica tells its master's. */
  readonly slots: Uint8Array;
  /** Null for masters, and for replicas that do not know theirs. */
  readonly masterId: NodeId | null;
  /** `cluster-announce-ip`; empty: the address that the connection comes from. */
  readonly host: string;
  readonly flags: number;
  /** The cluster works, in the sender's eyes. */
  readonly isServing: boolean;
  /** A master in a manual failover: its offset stands still. */
  readonly isPaused: boolean;
  /** A request for votes of a manual failover: the master need not have failed. */
  readonly isForced: boolean;
  /** The sender understands ping extensions. */
  readonly knowsExtensions: boolean;
}

/** What the sender of a PING, PONG or MEET knows of another node. */
export interface GossipEntry {
  readonly id: NodeId;
  /** Unix times in whole seconds; 0: no ping pending, never a pong. */
  readonly pingSentSeconds: number;
  readonly pongReceivedSeconds: number;
  readonly host: string;
  readonly port: number;
  readonly busPort: number;
  readonly secondaryPort: number;
  readonly flags: number;
}

export interface ForgottenNode {
  readonly id: NodeId;
  readonly forSeconds: number;
}

/** What follows the gossip. An absent name is an empty one: every such message is authoritative. */
export interface Extensions {
  readonly hostname: string;
  readonly humanName: string;
  readonly shardId: string | null;
  readonly forgotten: readonly ForgottenNode[];
}

export type GossipMessage = {
  readonly type: 'ping' | 'pong' | 'meet';
  readonly gossip: readonly GossipEntry[];
  readonly extensions: Extensions;
};

export type MessageBody =
  | GossipMessage
  | { readonly type: 'fail'; readonly failed: NodeId }
  | { readonly type: 'publish' | 'publishshard'; readonly channel: string; readonly message: string }
  | { readonly type: 'auth-req' | 'auth-ack' | 'mfstart' | 'module' }
  | {
      readonly type: 'update';
      readonly configEpoch: Epoch;
      readonly owner: NodeId;
      /** 2048 bytes. */
      readonly slots: Uint8Array;
    };

export interface Message {
  readonly header: MessageHeader;
  readonly body: MessageBody;
}
