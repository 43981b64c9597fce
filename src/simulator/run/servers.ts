/** Data servers of runs without a cluster: their configuration, and what must be true of them in the end. */
import { persistenceLines, type ReplicationPlan, type SentinelPlan } from '../plan/plan.js';
import type { SimulatedSentinels } from '../world/simulated-sentinels.js';
import type { LogLevel } from '../../log/logger.js';

export function startServers(
  world: SimulatedSentinels,
  plan: SentinelPlan | ReplicationPlan,
  logLevel: LogLevel,
): void {
  const { topology, clocks } = plan;
  const lines = [
    `repl-backlog-size ${topology.backlogBytes}`,
    `repl-diskless-sync ${topology.isDiskless ? 'yes' : 'no'}`,
    'repl-timeout 10',
    ...persistenceLines(plan),
  ];
  const names = ['server-1', ...topology.upstreams.map((_, index) => `server-${index + 2}`)];
  names.forEach((name, index) => {
    const upstream = index === 0 ? null : topology.upstreams[index - 1];
    world.startServer(name, upstream, lines, { logLevel, clock: clocks.get(name) });
  });
}

/** Whether all other servers follow a master, directly or not, and have all that it has; null: they do. */
export function laggards(world: SimulatedSentinels, masterName: string): string | null {
  const master = world.member(masterName).dataService;
  if (master === null) return `${masterName} does not run`;
  if (master.replication.role !== null) return `${masterName} is a replica`;
  const { identity, offset } = master.replication.history;
  for (const member of world.members) {
    if (member.kind !== 'server' || member.name === masterName) continue;
    const service = member.dataService;
    if (service === null) return `${member.name} does not run`;
    const { role, history } = service.replication;
    if (role === null) return `${member.name} is a master, too`;
    if (!role.link.isUp) return `${member.name} has no link to its master`;
    if (history.identity.replid !== identity.replid) return `${member.name} has another history`;
    if (history.offset !== offset) return `${member.name} is at ${history.offset} of ${offset}`;
  }
  return null;
}
