/** Who takes part in a failover: identifiers that must not be mixed up with names and addresses. */

declare const nodeIdBrand: unique symbol;

/** What a voter is known by: the run id of a sentinel, the id of a cluster node. 40 hex digits when it is ours. */
export type NodeId = string & { readonly [nodeIdBrand]: true };

/** Takes an identifier as a peer gives it. Peers are not made to keep to the form: a name is only compared. */
export function toNodeId(text: string): NodeId {
  return text as NodeId;
}

/** What a peer is to the one who tells of it. */
export type PeerRole = 'master' | 'replica' | 'sentinel';

/** A peer as events name it. */
export interface PeerReference {
  readonly role: PeerRole;
  /** The group's name for a master, `host:port` for a replica, the run id for a sentinel. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}
