/** Composes a data server: the server core with its commands, persistence and replication. */

import { ConfigFileError } from '../config/errors.js';
import type { ConfigLine } from '../config/errors.js';
import { registerConfigDebugging } from '../commands/config.js';
import { dataCommands } from '../commands/index.js';
import { addServerSections } from '../commands/info/index.js';
import { serverCommands } from '../commands/server-commands.js';
import type { ConfigValues } from '../config/directives/index.js';
import type { SnapshotFacts } from '../persistence/loading/keyspace-loader.js';
import { Persistence } from '../persistence/persistence.js';
import { parseReplicationId, toOffset } from '../replication/identity.js';
import { Replication } from '../replication/replication.js';
import { Server } from '../server/server.js';
import type { Ingredients, Service } from './service.js';

export function composeDataServer({ platform, config, log, lines }: Ingredients): Service {
  const server = new Server({ platform, config, log, mode: 'standalone' });
  server.commands.register([...dataCommands, ...serverCommands]);
  registerConfigDebugging(server);
  addServerSections(server);
  server.acl.loadAtStart(lines.users);
  const persistence = new Persistence(server);
  const replication = new Replication({
    server,
    snapshots: persistence.replicaSnapshots,
    onRoleChange: (role) => {
      server.role = role;
      log.role = role === 'master' ? 'M' : 'S';
    },
  });
  persistence.snapshots.streamPosition = () => replication.streamPosition;
  renameCommands(server, lines.renamedCommands);
  return {
    server,
    runningMode: 'standalone',
    start(done) {
      server.start();
      const master = config.values.replicaof;
      // Known before loading: a replica keeps what has expired, its master says when it goes.
      if (master !== null) server.role = 'replica';
      persistence.loadAtStart((problem, facts) => {
        if (problem === null) beginRole(replication, master, facts);
        done(problem);
      });
    },
  };
}

/** Continues the history that the loaded snapshot was taken from, as far as the role allows. */
function beginRole(
  replication: Replication,
  master: ConfigValues['replicaof'],
  facts: SnapshotFacts | null,
): void {
  const saved = facts?.replication ?? null;
  const replid = saved === null ? null : parseReplicationId(saved.id);
  const position =
    facts === null || saved === null || replid === null
      ? null
      : { replid, offset: toOffset(saved.offset), streamDatabase: facts.streamDatabase };
  if (master !== null) replication.followFromStart(master, position);
  else if (position !== null) replication.continueFromSnapshot(position);
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
