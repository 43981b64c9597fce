/**
 * The MODULE command of a server that takes no modules: they are machine code for Redis itself. It is there because
 * clients list modules to learn what a server can do, and because whoever loads one should hear why that fails.
 */
import type { Client } from '../server/client.js';
import { isLocal } from '../server/clients.js';
import type { CommandFlag, CommandHandler, CommandSpec } from '../server/command.js';
import { writeHelp } from './help.js';

const NOT_ALLOWED =
  'ERR MODULE command not allowed. If the enable-module-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.';

function list({ reply }: Client): void {
  reply.arrayHeader(0);
}

function load({ reply, server }: Client, args: string[]): void {
  server.log.warning(`Module ${args[2]} was not loaded: this server takes no modules.`);
  reply.error('ERR Error loading the extension. Please check the server logs.');
}

function unload({ reply }: Client): void {
  reply.error('ERR Error unloading module: no such module with that name');
}

/** `enable-module-command` says who may ask. */
function guarded(handler: CommandHandler): CommandHandler {
  return (client, args) => {
    const { connection, reply, server } = client;
    const who = server.config.values['enable-module-command'];
    const isAllowed = who === 'yes' || (who === 'local' && connection !== null && isLocal(connection));
    if (isAllowed) handler(client, args);
    else reply.error(NOT_ALLOWED);
  };
}

function help(client: Client): void {
  writeHelp(client, 'module', [
    ['LIST', 'List the loaded modules: none.'],
    ['LOAD <path> [<arg> ...]', 'Fail: this server takes no modules.'],
    ['LOADEX <path> [CONFIG <name> <value>]... [ARGS ...]', 'Fail, likewise.'],
    ['UNLOAD <name>', 'Fail: there is none of that name.'],
  ]);
}

const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'no_async_loading'];

function subcommand(name: string, since: string, arity: number, rest: Partial<CommandSpec>): CommandSpec {
  return { name, since, arity, summary: '', group: 'server', complexity: 'O(1)', flags: FLAGS, ...rest };
}

export const moduleCommand: CommandSpec = {
  name: 'module',
  summary: 'Tells of modules, which this server does not take.',
  since: '4.0.0',
  group: 'server',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: [],
  subcommands: [
    subcommand('list', '4.0.0', 2, {
      summary: 'Lists the loaded modules: none.',
      flags: ['admin', 'noscript'],
      tips: ['nondeterministic_output_order'],
      handler: list,
    }),
    subcommand('load', '4.0.0', -3, { summary: 'Fails: no modules are taken.', handler: guarded(load) }),
    subcommand('loadex', '7.0.0', -3, { summary: 'Fails: no modules are taken.', handler: guarded(load) }),
    subcommand('unload', '4.0.0', 3, { summary: 'Fails: there are no modules.', handler: guarded(unload) }),
    subcommand('help', '5.0.0', 2, {
      summary: 'Describes the subcommands.',
      flags: ['loading', 'stale'],
      handler: help,
    }),
  ],
};
