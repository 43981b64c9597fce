/** The public interface of the package. */
export { ClusterDiscovery, ClusterDiscoveryError } from './client/cluster-discovery.js';
export type {
  ClusterDiscoveryOptions,
  ClusterMaster,
  NodeRefusal,
  SlotRange,
} from './client/cluster-discovery.js';
export { MasterDiscovery, DiscoveryError } from './client/discovery.js';
export type { DiscoveryOptions, Refusal, ResolvedMaster } from './client/discovery.js';
export type { AddressMap, HostAndPort } from './client/address.js';
export { startClusterTopology } from './lab/cluster-topology.js';
export type { ClusterTopology, ClusterTopologyOptions } from './lab/cluster-topology.js';
export { startSentinelTopology } from './lab/sentinel-topology.js';
export type { SentinelTopology, SentinelTopologyOptions } from './lab/sentinel-topology.js';
export type { Member, MemberState } from './lab/member.js';
export type { Engine } from './lab/programs.js';
export { createNodePlatform } from './platform/node/index.js';
export type { Platform } from './platform/platform.js';
