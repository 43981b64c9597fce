/** The COMMAND command: what commands there are, told from the one table. */
import { isWord, toLowerAscii } from '../resp/ascii.js';
import { matchesGlob } from '../resp/glob.js';
import { writeBulks } from '../resp/reply-sink.js';
import type { Client } from '../server/client.js';
import { ACL_CATEGORIES, type Command, type CommandFlag, type CommandSpec } from '../server/command.js';
import type { CommandTable } from '../server/command-table.js';
import { writeCommandDocs, writeCommandInfo, writeWords } from './command-description.js';
import { SYNTAX_ERROR } from './error-texts.js';
import { writeHelp } from './help.js';

function showAll(client: Client): void {
  const { commands } = client.server;
  client.reply.arrayHeader(commands.size);
  for (const command of commands.all()) writeCommandInfo(client.reply, command);
}

function showInfo(client: Client, args: string[]): void {
  if (args.length === 2) {
    showAll(client);
    return;
  }
  const { reply, server } = client;
  reply.arrayHeader(args.length - 2);
  for (const name of args.slice(2)) {
    const command = server.commands.findFull(name);
    if (command === undefined) reply.nullArray();
    else writeCommandInfo(reply, command);
  }
}

function showDocs(client: Client, args: string[]): void {
  const { reply, server } = client;
  const wanted =
    args.length === 2
      ? [...server.commands.all()]
      : args
          .slice(2)
          .map((name) => server.commands.findFull(name))
          .filter((command) => command !== undefined);
  reply.mapHeader(wanted.length);
  for (const command of wanted) {
    reply.bulk(command.fullName);
    writeCommandDocs(reply, command);
  }
}

/** Commands and subcommands, each container before what it holds. */
function everyCommand(table: CommandTable): Command[] {
  return [...table.all()].flatMap((command) => [command, ...(command.subcommands?.values() ?? [])]);
}

function listNames(client: Client, args: string[]): void {
  const { reply, server } = client;
  const filter = args.length === 2 ? (): boolean => true : nameFilter(args);
  if (filter === null) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  writeBulks(
    reply,
    everyCommand(server.commands)
      .filter(filter)
      .map((command) => command.fullName),
  );
}

function nameFilter(args: readonly string[]): ((command: Command) => boolean) | null {
  const [, , filterBy = '', kind = '', value = ''] = args;
  if (args.length !== 5 || !isWord(filterBy, 'filterby')) return null;
  // There are no modules, so none of them has commands.
  if (isWord(kind, 'module')) return () => false;
  if (isWord(kind, 'pattern')) return (command) => matchesGlob(value, command.fullName, true);
  if (!isWord(kind, 'aclcat')) return null;
  const name = toLowerAscii(value);
  const category = ACL_CATEGORIES.find((known) => known === name);
  return (command) => category !== undefined && command.categories.has(category);
}

/** The command that `given` calls, if it can be called so; otherwise the error is answered. */
function calledCommand(client: Client, given: string[]): Command | null {
  const { reply, server } = client;
  const command = server.commands.findCalled(given);
  if (command === undefined) reply.error('ERR Invalid command specified');
  else if (!command.hasKeys) reply.error('ERR The command has no key arguments');
  else if (!command.acceptsArgumentCount(given.length)) {
    reply.error('ERR Invalid number of arguments specified for command');
  } else return command;
  return null;
}

function showKeys(client: Client, args: string[], withFlags: boolean): void {
  const { reply } = client;
  const given = args.slice(2);
  const command = calledCommand(client, given);
  if (command === null) return;
  const keys = command.keyReferences(given) ?? [];
  if (keys.length === 0 && !command.spec.flags.includes('no_mandatory_keys')) {
    reply.error('ERR Invalid arguments specified for command');
    return;
  }
  reply.arrayHeader(keys.length);
  for (const { position, flags } of keys) {
    if (withFlags) reply.arrayHeader(2);
    reply.bulk(given[position]);
    if (withFlags) writeWords(reply, flags);
  }
}

function help(client: Client): void {
  writeHelp(client, 'command', [
    ['(no subcommand)', 'Describe all commands.'],
    ['COUNT', 'Count the commands.'],
    ['DOCS [<name> ...]', 'Document commands, or all of them.'],
    ['GETKEYS <command> [<arg> ...]', 'Tell which arguments are keys.'],
    ['GETKEYSANDFLAGS <command> [<arg> ...]', 'Tell which arguments are keys, and what is done to them.'],
    ['INFO [<name> ...]', 'Describe commands, or all of them.'],
    ['LIST [FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <pattern>)]', 'List names.'],
  ]);
}

const FLAGS: readonly CommandFlag[] = ['loading', 'stale'];
const ANY_ORDER: readonly string[] = ['nondeterministic_output_order'];

function subcommand(
  name: string,
  since: string,
  arity: number,
  summary: string,
  handler: (client: Client, args: string[]) => void,
  tips: readonly string[] = [],
): CommandSpec {
  return {
    name,
    summary,
    since,
    group: 'server',
    complexity: 'O(N) in what is asked for',
    arity,
    flags: FLAGS,
    categories: ['connection'],
    tips,
    handler,
  };
}

export const commandCommand: CommandSpec = {
  name: 'command',
  summary: 'Describes the commands.',
  since: '2.8.13',
  group: 'server',
  complexity: 'O(N) in the commands',
  arity: -1,
  flags: FLAGS,
  categories: ['connection'],
  tips: ANY_ORDER,
  handler: showAll,
  subcommands: [
    subcommand('count', '2.8.13', 2, 'Counts the commands.', (client) =>
      client.reply.integer(client.server.commands.size),
    ),
    subcommand('docs', '7.0.0', -2, 'Documents commands.', showDocs, ANY_ORDER),
    subcommand('getkeys', '2.8.13', -3, 'Tells which arguments are keys.', (client, args) =>
      showKeys(client, args, false),
    ),
    subcommand(
      'getkeysandflags',
      '7.0.0',
      -3,
      'Tells which arguments are keys, with flags.',
      (client, args) => showKeys(client, args, true),
    ),
    subcommand('help', '5.0.0', 2, 'Describes the subcommands.', help),
    subcommand('info', '2.8.13', -2, 'Describes commands.', showInfo, ANY_ORDER),
    subcommand('list', '7.0.0', -2, 'Lists the names of commands.', listNames, ANY_ORDER),
  ],
};
