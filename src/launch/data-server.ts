/** Composes a data server: the server core with its commands, persistence and replication. */

import { ConfigWriter } from '../config/config-writer.js';
import { ConfigFileError } from '../config/errors.js';
import type { ConfigLine } from '../config/errors.js';
import { registerConfigDebugging } from '../commands/config.js';
import { dataCommands } from '../commands/index.js';
import { addServerSections } from '../commands/info/index.js';
import { serverCommands } from '../commands/server-commands.js';
import { registerCommandsWithoutCluster } from '../cluster/register-commands.js';
import { Persistence } from '../persistence/persistence.js';
import { Replication } from '../replication/replication.js';
import { Server } from '../server/server.js';
import type { Ingredients, Service } from './service.js';

export function composeDataServer(ingredients: Ingredients): Service {
  const { platform, config, log, lines, onRoleChange } = ingredients;
  const server = new Server({ platform, config, log, mode: 'standalone' });
  server.commands.register([...dataCommands, ...serverCommands]);
  registerConfigDebugging(server);
  registerCommandsWithoutCluster(server);
  addServerSections(server);
  const persistence = new Persistence(server);
  const replication = new Replication({
    server,
    persistence,
    onRoleChange,
  });
  server.acl.loadAtStart(lines.users);
  renameCommands(server, lines.renamedCommands);
  return {
    server,
    runningMode: 'standalone',
    start(done) {
      server.start();
      persistence.loadAtStart((problem, facts) => {
        if (problem === null) replication.start(facts);
        done(problem);
      });
      rehearseRewrite(server);
    },
  };
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
