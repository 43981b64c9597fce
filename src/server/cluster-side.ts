/** What a server in cluster mode asks of the cluster, which stands above it. */
export interface ClusterSide {
  /** Hands a message to the other nodes; `sharded`: to those of this shard. */
  publish(channel: string, message: string, sharded: boolean): void;
}
