/** Composes a data server: the server core with its commands, persistence, replication and, if wanted, the cluster. */

import { ConfigWriter } from '../config/config-writer.js';
import { ConfigFileError } from '../config/errors.js';
import type { ConfigLine } from '../config/errors.js';
import { registerConfigDebugging } from '../commands/config.js';
import { dataCommands } from '../commands/index.js';
import { addServerSections } from '../commands/info/index.js';
import { serverCommands } from '../commands/server-commands.js';
import { Cluster } from '../cluster/cluster.js';
import { openNodes } from '../cluster/nodes-file/opening.js';
import { registerClusterCommands, registerCommandsWithoutCluster } from '../cluster/register-commands.js';
import type { ClusterView } from '../cluster/view/cluster-view.js';
import { Migration } from '../migration/migration.js';
import { Persistence } from '../persistence/persistence.js';
import { Replication } from '../replication/replication.js';
import { Scripting } from '../scripting/scripting.js';
import { Server } from '../server/server.js';
import type { Ingredients, Service } from './service.js';

export interface DataService extends Service {
  /** Null outside cluster mode. */
  readonly cluster: Cluster | null;
  readonly replication: Replication;
  readonly persistence: Persistence;
}

/**
 * @throws {ClusterStartError} when it is to be a cluster node and cannot
 */
export function composeDataServer(ingredients: Ingredients): DataService {
  const { platform, config, log, lines, onRoleChange } = ingredients;
  const runningMode = config.values['cluster-enabled'] ? 'cluster' : 'standalone';
  const nodes = runningMode === 'cluster' ? openNodes(platform, config, log) : null;
  // The role in the cluster decides how the dataset is loaded.
  if (nodes !== null) config.assign('replicaof', masterAddress(nodes.view));
  const server = new Server({ platform, config, log, mode: runningMode });
  server.commands.register([...dataCommands, ...serverCommands]);
  registerConfigDebugging(server);
  addServerSections(server);
  new Scripting(server);
  const persistence = new Persistence(server);
  const migration = new Migration(server);
  const replication = new Replication({
    server,
    persistence,
    onRoleChange: (role) => {
      migration.roleChanged();
      onRoleChange(role);
    },
  });
  const cluster = nodes === null ? null : new Cluster({ server, replication, nodes });
  if (cluster === null) registerCommandsWithoutCluster(server);
  else registerClusterCommands(server, cluster);
  server.acl.loadAtStart(lines.users);
  renameCommands(server, lines.renamedCommands);
  return {
    server,
    cluster,
    replication,
    persistence,
    runningMode,
    release: () => cluster?.close(),
    start(done) {
      server.start();
      persistence.loadAtStart((problem, facts) => {
        if (problem === null) replication.start(facts);
        if (problem === null && cluster !== null) cluster.start(done);
        else done(problem);
      });
      rehearseRewrite(server);
    },
  };
}

/** Where the master of a replica is, as the file of nodes has it; null for a master. */
function masterAddress({ myself }: ClusterView): { host: string; port: number } | null {
  const { master } = myself;
  return master === null || master.host === '' ? null : { host: master.host, port: master.port };
}

/** Once, a few ticks after the start, when there is nothing more urgent. See {@link ConfigWriter.rehearse}. */
function rehearseRewrite(server: Server): void {
  const { config, platform, cronTasks } = server;
  let ticksLeft = 5;
  // It stays in the list: taking it out while the tick goes through the list would skip the task behind it.
  cronTasks.push(() => {
    if (ticksLeft > 0 && --ticksLeft === 0) new ConfigWriter(config, platform.disk).rehearse();
  });
}

/** `rename-command` lines. They come after every part has registered its commands. */
export function renameCommands(server: Server, lines: readonly ConfigLine[]): void {
  for (const line of lines) {
    const [, name = '', newName = ''] = line.words;
    if (server.commands.find(name) === undefined) {
      throw new ConfigFileError('No such command in rename-command', line);
    }
    if (newName !== '' && server.commands.find(newName) !== undefined) {
      throw new ConfigFileError('Target command name already exists', line);
    }
    server.commands.rename(name, newName);
  }
}
