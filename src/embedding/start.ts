/**
 * Servers, sentinel topologies and clusters for programs that import this package: tests above all.
 *
 * They live in this process, on free ports of 127.0.0.1 and without files, and leave nothing of it changed: no signal
 * handler, no title, no log output. With `processes: true` they are processes of their own instead.
 */
import { ClusterWatch } from '../lab/cluster-watch.js';
import { startClusterTopology } from '../lab/cluster-topology.js';
import { FailoverWatch } from '../lab/failover-watch.js';
import { repeatEngine, startTopology } from '../lab/topology.js';
import { startSentinelTopology as startLabSentinelTopology } from '../lab/sentinel-topology.js';
import { createNodePlatform } from '../platform/node/index.js';
import { Ground } from './ground.js';
import type { ClusterOptions, CommonOptions, SentinelTopologyOptions, ServerOptions } from './options.js';
import { choosePort, SingleServer } from './single-server.js';
import { StartedCluster } from './started-cluster.js';
import { StartedSentinelTopology } from './started-sentinel-topology.js';
import { StartedServer } from './started-server.js';

const DEFAULT_REPLICAS = 2;
const DEFAULT_SENTINELS = 3;
const DEFAULT_MASTERS = 3;

/**
 * Starts one server.
 * @throws {LabError} PORT_IN_USE, or NOT_STARTED with what the server said
 */
export async function startServer(options: ServerOptions = {}): Promise<StartedServer> {
  return onGround(options, async (ground) => {
    const single = {
      ...ground.topologyOptions,
      ...(options.port === undefined ? {} : { port: options.port }),
    };
    const topology = await startTopology(
      options.port === undefined,
      () => choosePort(ground.platform, single),
      (port) => new SingleServer(ground.platform, single, port),
    );
    return new StartedServer(ground, topology);
  });
}

/**
 * Starts a master, replicas and sentinels; resolves when servers replicate and sentinels know all servers and each other.
 * @throws {LabError} NOT_STARTED with what a member said, or NOT_READY with what is missing
 */
export async function startSentinelTopology(
  options: SentinelTopologyOptions = {},
): Promise<StartedSentinelTopology> {
  const { replicas = DEFAULT_REPLICAS, sentinels = DEFAULT_SENTINELS, ...others } = options;
  const { masterName, quorum, downAfterMs, failoverTimeoutMs, parallelSyncs, sentinelDirectives } = others;
  return onGround(options, async (ground) => {
    const topology = await startLabSentinelTopology(ground.platform, {
      ...ground.topologyOptions,
      servers: repeatEngine('vedette', replicas + 1),
      sentinels: repeatEngine('vedette', sentinels),
      ...(masterName === undefined ? {} : { masterName }),
      ...(quorum === undefined ? {} : { quorum }),
      ...(downAfterMs === undefined ? {} : { downAfterMs }),
      ...(failoverTimeoutMs === undefined ? {} : { failoverTimeoutMs }),
      ...(parallelSyncs === undefined ? {} : { parallelSyncs }),
      ...(sentinelDirectives === undefined ? {} : { sentinelDirectives }),
    });
    if (options.processes === true) ground.listenTo(new FailoverWatch(ground.platform, topology));
    return new StartedSentinelTopology(ground, topology);
  });
}

/**
 * Starts a cluster; resolves when all nodes agree, every slot is served, and all replicas are in sync.
 * @throws {LabError} NOT_STARTED with what a node said, or NOT_READY with what is missing
 */
export async function startCluster(options: ClusterOptions = {}): Promise<StartedCluster> {
  const { masters = DEFAULT_MASTERS, replicas = 1, nodeTimeoutMs } = options;
  return onGround(options, async (ground) => {
    const topology = await startClusterTopology(ground.platform, {
      ...ground.topologyOptions,
      masters: repeatEngine('vedette', masters),
      replicas: repeatEngine('vedette', masters * replicas),
      ...(nodeTimeoutMs === undefined ? {} : { nodeTimeoutMs }),
    });
    if (options.processes === true) ground.listenTo(new ClusterWatch(ground.platform, topology));
    return new StartedCluster(ground, topology);
  });
}

/** Gives the ground back when nothing can be started on it. */
async function onGround<Started>(
  options: CommonOptions,
  start: (ground: Ground) => Promise<Started>,
): Promise<Started> {
  const ground = new Ground(createNodePlatform(), options);
  try {
    return await start(ground);
  } catch (error) {
    await ground.close();
    throw error;
  }
}
