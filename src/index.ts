/** The public interface of the package. */
export { ClusterDiscovery } from './client/cluster-discovery.js';
export type { ClusterDiscoveryOptions, ClusterMaster, SlotRange } from './client/cluster-discovery.js';
export type { ClientConnection } from './client/connection.js';
export { DiscoveryError } from './client/discovery.js';
export type { DiscoveryEvents, Refusal, ResolvedMaster, DiscoveryOptions } from './client/discovery.js';
export type { LivenessPing } from './client/master-link.js';
export { MasterDiscovery, type MasterDiscoveryOptions } from './client/master-discovery.js';
export type { AddressMap, HostAndPort } from './client/address.js';
export { ReplyError, type Reply } from './client/reply.js';
export { startCluster, startSentinelTopology, startServer } from './embedding/start.js';
export type {
  ClusterOptions,
  CommonOptions,
  SentinelTopologyOptions,
  ServerOptions,
} from './embedding/options.js';
export type { Side, StartedTopology } from './embedding/started-topology.js';
export type { StartedCluster } from './embedding/started-cluster.js';
export type { StartedSentinelTopology } from './embedding/started-sentinel-topology.js';
export type { StartedServer } from './embedding/started-server.js';
export type { TopologyMember } from './embedding/topology-member.js';
export type { Fault, TimelineEntry } from './embedding/timeline.js';
export type * from './embedding/connection-details.js';
export type { FailoverEvent } from './failover/events.js';
export { LabError, type LabErrorCode } from './lab/errors.js';
export type { MemberState } from './lab/member.js';
export { createNodePlatform } from './platform/node/index.js';
export type { Platform } from './platform/platform.js';
