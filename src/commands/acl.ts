/** The ACL command: users, their rules, and what was denied. The rules themselves are server/acl's business. */
import { isWord, toLowerAscii } from '../resp/ascii.js';
import { writeBulks } from '../resp/reply-sink.js';
import { describeDenial } from '../server/acl/acl.js';
import { hasBlanks, type Selector } from '../server/acl/selector.js';
import type { Client } from '../server/client.js';
import { ACL_CATEGORIES, type Command, type CommandFlag, type CommandSpec } from '../server/command.js';
import { parseInteger } from './arguments.js';
import { wrongArgumentCount } from './error-texts.js';
import { writeHelp } from './help.js';
import { wrongSubcommandUse } from './subcommand-use.js';

const NO_ACL_FILE =
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.';
const SAVE_FAILED =
  'ERR There was an error trying to save the ACLs. Please check the server logs for more information';
const GENPASS_BITS =
  'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096';
const DEFAULT_PASSWORD_BITS = 256;
const MOST_PASSWORD_BITS = 4096;
const DEFAULT_LOG_COUNT = 10;

function listUsers(client: Client): void {
  const users = client.server.acl.all();
  writeBulks(
    client.reply,
    users.map((user) => `user ${user.name} ${user.describe()}`),
  );
}

function listUserNames(client: Client): void {
  writeBulks(
    client.reply,
    client.server.acl.all().map((user) => user.name),
  );
}

function setUser(client: Client, args: string[]): void {
  for (let i = 2; i < args.length; i++) client.hideArgument(i);
  const [, , name, ...rules] = args;
  if (hasBlanks(name)) {
    client.reply.error("ERR Usernames can't contain spaces or null characters");
    return;
  }
  const problem = client.server.acl.setUser(name, rules);
  if (problem === null) client.reply.ok();
  else client.reply.error(problem);
}

function deleteUsers(client: Client, args: string[]): void {
  const { acl } = client.server;
  for (let i = 2; i < args.length; i++) client.hideArgument(i);
  const names = args.slice(2);
  if (names.includes(acl.defaultUser.name)) {
    client.reply.error("ERR The 'default' user cannot be removed");
    return;
  }
  client.reply.integer(names.filter((name) => acl.deleteUser(name, client)).length);
}

function getUser(client: Client, args: string[]): void {
  const { reply } = client;
  client.hideArgument(2);
  const user = client.server.acl.find(args[2]);
  if (user === undefined) {
    reply.nullArray();
    return;
  }
  const [root, ...others] = user.selectors;
  reply.mapHeader(6);
  reply.bulk('flags');
  const flags = user.describeFlags();
  reply.setHeader(flags.length);
  for (const flag of flags) reply.bulk(flag);
  reply.bulk('passwords');
  writeBulks(reply, user.passwords);
  writeSelector(client, root);
  reply.bulk('selectors');
  reply.arrayHeader(others.length);
  for (const selector of others) {
    reply.mapHeader(3);
    writeSelector(client, selector);
  }
}

function writeSelector({ reply }: Client, selector: Selector): void {
  reply.bulk('commands');
  reply.bulk(selector.commands.describe());
  reply.bulk('keys');
  reply.bulk(selector.describeKeys());
  reply.bulk('channels');
  reply.bulk(selector.describeChannels());
}

function listCategory(client: Client, args: string[]): void {
  const { reply, server } = client;
  if (args.length === 2) {
    writeBulks(reply, ACL_CATEGORIES);
    return;
  }
  if (args.length > 3) {
    reply.error(wrongSubcommandUse('acl', args[1]));
    return;
  }
  const name = toLowerAscii(args[2]);
  const category = ACL_CATEGORIES.find((known) => known === name);
  if (category === undefined) {
    reply.error(`ERR Unknown category '${args[2]}'`);
    return;
  }
  const names: string[] = [];
  const collect = (command: Command): void => {
    if (command.categories.has(category)) names.push(command.fullName);
    for (const sub of command.subcommands?.values() ?? []) collect(sub);
  };
  for (const command of server.commands.all()) collect(command);
  writeBulks(reply, names);
}

function showLog(client: Client, args: string[]): void {
  const { reply, server } = client;
  if (args.length > 3) {
    reply.error(wrongSubcommandUse('acl', args[1]));
    return;
  }
  if (args.length === 3 && isWord(args[2], 'reset')) {
    server.acl.log.reset();
    reply.ok();
    return;
  }
  const count = args.length === 3 ? parseInteger(args[2]) : DEFAULT_LOG_COUNT;
  if (Number.isNaN(count)) {
    reply.error('ERR value is not an integer or out of range');
    return;
  }
  const entries = server.acl.log.latest(Math.max(0, count));
  reply.arrayHeader(entries.length);
  for (const entry of entries) {
    reply.mapHeader(10);
    reply.bulk('count');
    reply.integer(entry.count);
    reply.bulk('reason');
    reply.bulk(entry.reason);
    reply.bulk('context');
    reply.bulk(entry.context);
    reply.bulk('object');
    reply.bulk(entry.object);
    reply.bulk('username');
    reply.bulk(entry.username);
    reply.bulk('age-seconds');
    reply.double((server.nowMs - entry.updatedAtMs) / 1000);
    reply.bulk('client-info');
    reply.bulk(entry.clientInfo);
    reply.bulk('entry-id');
    reply.integer(entry.id);
    reply.bulk('timestamp-created');
    reply.integer(entry.createdAtMs);
    reply.bulk('timestamp-last-updated');
    reply.integer(entry.updatedAtMs);
  }
}

function generatePassword(client: Client, args: string[]): void {
  if (args.length > 3) {
    client.reply.error(wrongSubcommandUse('acl', args[1]));
    return;
  }
  const bits = args.length === 3 ? parseInteger(args[2]) : DEFAULT_PASSWORD_BITS;
  if (!(bits > 0 && bits <= MOST_PASSWORD_BITS)) {
    client.reply.error(GENPASS_BITS);
    return;
  }
  client.reply.bulk(client.server.platform.random.hex(Math.ceil(bits / 4)));
}

/** ACL DRYRUN: whether a user could run a command, without running it. */
function dryRun(client: Client, args: string[]): void {
  const { reply, server } = client;
  const [, , username, ...given] = args;
  const user = server.acl.find(username);
  if (user === undefined) {
    reply.error(`ERR User '${username}' not found`);
    return;
  }
  const command = server.commands.findCalled(given);
  if (command === undefined) {
    reply.error(`ERR Command '${given[0]}' not found`);
    return;
  }
  if (!command.acceptsArgumentCount(given.length)) {
    reply.error(wrongArgumentCount(command.fullName));
    return;
  }
  const denial = server.acl.check(user, command, given);
  if (denial === null) reply.ok();
  else reply.bulk(describeDenial(user, command, denial, given));
}

function saveFile(client: Client): void {
  const { reply, server } = client;
  if (server.config.values.aclfile === '') reply.error(NO_ACL_FILE);
  else if (server.acl.saveFile()) reply.ok();
  else reply.error(SAVE_FAILED);
}

function loadFile(client: Client): void {
  const { reply, server } = client;
  if (server.config.values.aclfile === '') {
    reply.error(NO_ACL_FILE);
    return;
  }
  const problem = server.acl.loadFile(client);
  if (problem === null) reply.ok();
  else reply.error(`ERR ${problem}`);
}

function help(client: Client): void {
  writeHelp(client, 'acl', [
    ['CAT [<category>]', 'List the categories, or the commands of one.'],
    ['DELUSER <username> [<username> ...]', 'Delete users and disconnect their clients.'],
    ['DRYRUN <username> <command> [<arg> ...]', 'Tell whether a user could run a command.'],
    ['GENPASS [<bits>]', 'Make up a password, of 256 bits unless said otherwise.'],
    ['GETUSER <username>', 'Show a user.'],
    ['LIST', 'Show all users as the rules that make them.'],
    ['LOAD', 'Replace the users by those of the ACL file.'],
    ['LOG [<count> | RESET]', 'Show what was denied lately, or forget it.'],
    ['SAVE', 'Write the users to the ACL file.'],
    ['SETUSER <username> <rule> [<rule> ...]', 'Create or change a user.'],
    ['USERS', 'List the names of the users.'],
    ['WHOAMI', 'Show the user of this connection.'],
  ]);
}

const FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const ADMIN_FLAGS: readonly CommandFlag[] = ['admin', ...FLAGS];
const EVERYWHERE: readonly string[] = ['request_policy:all_nodes', 'response_policy:all_succeeded'];

function subcommand(
  name: string,
  arity: number,
  summary: string,
  handler: (client: Client, args: string[]) => void,
  details: Partial<CommandSpec> = {},
): CommandSpec {
  const flags = ADMIN_FLAGS;
  return {
    name,
    summary,
    since: '6.0.0',
    group: 'server',
    complexity: 'O(1)',
    arity,
    flags,
    ...details,
    handler,
  };
}

const perUser = { complexity: 'O(N) in the users' } as const;

export const aclCommand: CommandSpec = {
  name: 'acl',
  summary: 'Says who may do what.',
  since: '6.0.0',
  group: 'server',
  complexity: 'Depends on the subcommand',
  arity: -2,
  flags: [],
  subcommands: [
    subcommand('cat', -2, 'Lists the categories, or the commands of one.', listCategory, { flags: FLAGS }),
    subcommand('deluser', -3, 'Deletes users and disconnects their clients.', deleteUsers, {
      tips: EVERYWHERE,
    }),
    subcommand('dryrun', -4, 'Tells whether a user could run a command.', dryRun, { since: '7.0.0' }),
    subcommand('genpass', -2, 'Makes up a password.', generatePassword, { flags: FLAGS }),
    subcommand('getuser', 3, 'Returns the rules of a user.', getUser, { complexity: 'O(N) in the rules' }),
    subcommand('help', 2, 'Describes the subcommands.', help, { flags: ['loading', 'stale'] }),
    subcommand('list', 2, 'Returns all users as the rules that make them.', listUsers, perUser),
    subcommand('load', 2, 'Replaces the users by those of the ACL file.', loadFile, perUser),
    subcommand('log', -2, 'Returns what was denied lately.', showLog, { complexity: 'O(N) in the entries' }),
    subcommand('save', 2, 'Writes the users to the ACL file.', saveFile, { ...perUser, tips: EVERYWHERE }),
    subcommand('setuser', -3, 'Creates or changes a user.', setUser, {
      complexity: 'O(N) in the rules',
      tips: EVERYWHERE,
    }),
    subcommand('users', 2, 'Returns the names of the users.', listUserNames, perUser),
    subcommand(
      'whoami',
      2,
      'Returns the user of the connection.',
      (client) => client.reply.bulk(client.user.name),
      {
        flags: FLAGS,
      },
    ),
  ],
};
