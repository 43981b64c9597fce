/**
 * The INFO command and the sections that a server has by itself. Replication, Sentinel and Cluster add theirs to
 * `server.info`.
 */
import { toLowerAscii } from '../../resp/ascii.js';
import type { CommandSpec } from '../../server/command.js';
import { INFO_ORDER } from '../../server/info.js';
import type { Server } from '../../server/server.js';
import { keyspaceSection, memorySection, persistenceSection } from './dataset-sections.js';
import {
  clientsSection,
  clusterSection,
  cpuSection,
  modulesSection,
  serverSection,
} from './server-sections.js';
import {
  commandStatsSection,
  debugSection,
  errorStatsSection,
  latencyStatsSection,
  statsSection,
} from './statistics-sections.js';

export const infoCommand: CommandSpec = {
  name: 'info',
  summary: 'Returns facts and figures about the server, in sections.',
  since: '1.0.0',
  group: 'server',
  complexity: 'O(1)',
  arity: -1,
  flags: ['loading', 'stale'],
  categories: ['dangerous'],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  handler: (client, args) => {
    client.reply.verbatim('txt', client.server.info.render(args.slice(1).map(toLowerAscii)));
  },
};

/** Adds the sections that data servers and sentinels share. */
export function addProcessSections(server: Server): void {
  server.info.add(INFO_ORDER.server, serverSection(server));
  server.info.add(INFO_ORDER.clients, clientsSection(server));
  server.info.add(INFO_ORDER.stats, statsSection(server));
  server.info.add(INFO_ORDER.cpu, cpuSection(server));
}

/** Adds all sections of a data server but `replication`. */
export function addServerSections(server: Server): void {
  addProcessSections(server);
  server.info.add(INFO_ORDER.memory, memorySection(server));
  server.info.add(INFO_ORDER.persistence, persistenceSection(server));
  server.info.add(INFO_ORDER.modules, modulesSection);
  server.info.add(INFO_ORDER.commandstats, commandStatsSection(server));
  server.info.add(INFO_ORDER.errorstats, errorStatsSection(server));
  server.info.add(INFO_ORDER.latencystats, latencyStatsSection(server));
  server.info.add(INFO_ORDER.cluster, clusterSection(server));
  server.info.add(INFO_ORDER.keyspace, keyspaceSection(server));
  server.info.add(INFO_ORDER.debug, debugSection(server));
}
