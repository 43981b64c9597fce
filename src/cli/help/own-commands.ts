/**
 * The commands of a data server of ours, for help where no server can be asked. They are taken from one that is composed as
 * any other, on a virtual machine, and never runs. It is a lot to load, so this module is imported only when it is needed.
 */
import { parseSyntax } from '../../commands/syntax/argument-syntax.js';
import { COMMAND_SYNTAX } from '../../commands/syntax/index.js';
import { ServerConfig } from '../../config/server-config.js';
import { composeDataServer } from '../../launch/data-server.js';
import { createLogger } from '../../log/logger.js';
import { VirtualWorld } from '../../platform/virtual/index.js';
import { toUpperAscii } from '../../resp/ascii.js';
import type { Command } from '../../server/command.js';
import type { CommandDocs } from './command-docs.js';

export function ownCommands(): CommandDocs[] {
  const platform = new VirtualWorld().createProcess('help');
  const { server } = composeDataServer({
    platform,
    config: new ServerConfig(platform.processes),
    log: createLogger({ platform, level: 'warning', file: '', role: 'M', format: 'redis' }),
    lines: { users: [], renamedCommands: [], sentinel: [], warnings: [] },
    onRoleChange: () => undefined,
  });
  return [...server.commands.all()].flatMap((command) => [
    docsOf(command),
    ...[...(command.subcommands?.values() ?? [])].map(docsOf),
  ]);
}

function docsOf({ fullName, spec }: Command): CommandDocs {
  const words = toUpperAscii(fullName).split('|');
  const syntax = COMMAND_SYNTAX[fullName];
  return {
    name: words.join(' '),
    words,
    summary: spec.summary,
    since: spec.since,
    group: spec.group,
    args: syntax === undefined ? null : parseSyntax(syntax),
  };
}
