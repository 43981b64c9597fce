/** FCALL, FCALL_RO and FUNCTION. */
import { writeHelp } from '../../commands/help.js';
import { isWord } from '../../resp/ascii.js';
import { matchesGlob } from '../../resp/glob.js';
import type { Client } from '../../server/client.js';
import type { RestorePolicy } from '../../server/function-libraries.js';
import { keysCountedAt, type CommandHandler, type CommandSpec } from '../../server/command.js';
import { readInvocationArguments } from '../invocation-arguments.js';
import type { Scripting } from '../scripting.js';
import type { Library } from './library.js';

const RESTORE_POLICIES: readonly RestorePolicy[] = ['flush', 'append', 'replace'];

export function functionCommands(scripting: Scripting): CommandSpec[] {
  const common = { group: 'scripting', since: '7.0.0', complexity: 'Depends on the function', arity: -3 };
  const judge: CommandSpec['judge'] = (args, called) =>
    scripting.declaredFlags.judge(called, scripting.functions.find(args[1])?.flags ?? null);
  return [
    {
      ...common,
      name: 'fcall',
      summary: 'Runs a function.',
      flags: ['noscript', 'stale', 'skip_monitor', 'may_replicate', 'no_mandatory_keys', 'movablekeys'],
      keys: [keysCountedAt(2, 'RW', 'access', 'update')],
      judge,
      handler: (client, args) => callFunction(scripting, client, args, false),
    },
    {
      ...common,
      name: 'fcall_ro',
      summary: 'Runs a function that does not write.',
      flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys'],
      keys: [keysCountedAt(2, 'RO', 'access')],
      judge,
      handler: (client, args) => callFunction(scripting, client, args, true),
    },
    functionCommand(scripting),
  ];
}

function functionCommand(scripting: Scripting): CommandSpec {
  const subcommand = (
    name: string,
    arity: number,
    flags: CommandSpec['flags'],
    summary: string,
    handler: CommandHandler,
    tips: readonly string[] = [],
  ): CommandSpec => ({
    name,
    summary,
    since: '7.0.0',
    group: 'scripting',
    complexity: 'O(N) in the functions concerned',
    arity,
    flags,
    tips,
    handler,
  });
  const everywhere = ['request_policy:all_shards', 'response_policy:all_succeeded'];
  const once = ['request_policy:all_shards', 'response_policy:one_succeeded'];
  const bind =
    (run: (owner: Scripting, client: Client, args: string[]) => void): CommandHandler =>
    (client, args) =>
      run(scripting, client, args);
  return {
    name: 'function',
    summary: 'A container for commands about functions.',
    since: '7.0.0',
    group: 'scripting',
    complexity: 'Depends on the subcommand',
    arity: -2,
    flags: [],
    subcommands: [
      subcommand('load', -3, ['noscript', 'write', 'denyoom'], 'Loads a library.', bind(load), everywhere),
      subcommand('delete', 3, ['noscript', 'write'], 'Removes a library.', bind(remove), everywhere),
      subcommand('flush', -2, ['noscript', 'write'], 'Removes all libraries.', bind(flush), everywhere),
      subcommand('list', -2, ['noscript'], 'Lists the libraries.', bind(list), [
        'nondeterministic_output_order',
      ]),
      subcommand('dump', 2, ['noscript'], 'Serialises all libraries.', bind(dump)),
      subcommand(
        'restore',
        -3,
        ['noscript', 'write', 'denyoom'],
        'Takes in what DUMP made.',
        bind(restore),
        everywhere,
      ),
      subcommand(
        'stats',
        2,
        ['noscript', 'allow_busy'],
        'Tells about the running function.',
        bind(statistics),
        ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
      ),
      subcommand(
        'kill',
        2,
        ['noscript', 'allow_busy'],
        'Ends the running function if it has not written.',
        (client) => scripting.kill(client, 'function'),
        once,
      ),
      subcommand('help', 2, ['loading', 'stale'], 'Shows the subcommands.', help),
    ],
  };
}

function callFunction(scripting: Scripting, client: Client, args: string[], isReadOnly: boolean): void {
  const { server, reply } = client;
  if (server.monitors.size > 0) server.monitorFeed(client, args);
  const found = scripting.functions.find(args[1]);
  if (found === undefined) {
    reply.error('ERR Function not found');
    return;
  }
  const given = readInvocationArguments(args, 'ERR Bad number of keys provided');
  if (given.kind === 'wrong') {
    reply.error(given.text);
    return;
  }
  const { engine, scriptClient } = scripting.functions.workshop;
  scripting.run({
    client,
    engine,
    scriptClient,
    name: found.name,
    kind: 'function',
    flags: found.flags,
    isReadOnly,
    target: found.callback,
    args: [engine.list(given.keys), engine.list(given.values)],
  });
}

function load({ functions }: Scripting, { reply, server }: Client, args: string[]): void {
  const replaces = args.length === 4 && isWord(args[2], 'replace');
  if (args.length > 3 && !replaces) {
    reply.error(`ERR Unknown option given: ${args[2]}`);
    return;
  }
  const outcome = functions.add(args[args.length - 1], replaces);
  if (outcome.kind === 'refused') {
    reply.error(outcome.text);
    return;
  }
  server.keyspace.dirty++;
  reply.bulk(outcome.name);
}

function remove({ functions }: Scripting, { reply, server }: Client, args: string[]): void {
  if (!functions.delete(args[2])) {
    reply.error('ERR Library not found');
    return;
  }
  server.keyspace.dirty++;
  reply.ok();
}

function flush({ functions }: Scripting, { reply, server }: Client, args: string[]): void {
  if (args.length > 3) {
    reply.error(wrongArguments('flush'));
    return;
  }
  if (args.length === 3 && !isWord(args[2], 'sync') && !isWord(args[2], 'async')) {
    reply.error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
    return;
  }
  functions.clear();
  server.keyspace.dirty++;
  reply.ok();
}

function list({ functions }: Scripting, { reply }: Client, args: string[]): void {
  let pattern: string | null = null;
  let withCode = false;
  for (let i = 2; i < args.length; i++) {
    if (!withCode && isWord(args[i], 'withcode')) withCode = true;
    else if (pattern === null && isWord(args[i], 'libraryname')) {
      if (i + 1 >= args.length) {
        reply.error('ERR library name argument was not given');
        return;
      }
      pattern = args[++i];
    } else {
      reply.error(`ERR Unknown argument ${args[i]}`);
      return;
    }
  }
  const chosen: Library[] = [];
  for (const library of functions.all()) {
    if (pattern === null || matchesGlob(pattern, library.name, true)) chosen.push(library);
  }
  reply.arrayHeader(chosen.length);
  for (const library of chosen) writeLibrary({ reply }, library, withCode);
}

function writeLibrary({ reply }: Pick<Client, 'reply'>, library: Library, withCode: boolean): void {
  reply.mapHeader(withCode ? 4 : 3);
  reply.bulk('library_name');
  reply.bulk(library.name);
  reply.bulk('engine');
  reply.bulk('LUA');
  reply.bulk('functions');
  reply.arrayHeader(library.functions.size);
  for (const { name, description, flags } of library.functions.values()) {
    reply.mapHeader(3);
    reply.bulk('name');
    reply.bulk(name);
    reply.bulk('description');
    if (description === null) reply.nullBulk();
    else reply.bulk(description);
    reply.bulk('flags');
    reply.setHeader(flags.flags.length);
    for (const flag of flags.flags) reply.simple(flag);
  }
  if (!withCode) return;
  reply.bulk('library_code');
  reply.bulk(library.source);
}

function dump({ functions }: Scripting, { reply, server }: Client): void {
  const payload = server.functionPayloads?.encode(functions.sources());
  if (payload === undefined) reply.error('ERR This server has no persistence');
  else reply.bulkBuffer(payload);
}

function restore({ functions }: Scripting, { reply, server }: Client, args: string[]): void {
  if (args.length > 4) {
    reply.error(wrongArguments('restore'));
    return;
  }
  const policy = args.length === 3 ? 'append' : RESTORE_POLICIES.find((word) => isWord(args[3], word));
  if (policy === undefined) {
    reply.error('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.');
    return;
  }
  const sources = server.functionPayloads?.decode(args[2]) ?? null;
  if (sources === null) reply.error('ERR DUMP payload version or checksum are wrong');
  else if (sources === 'broken') reply.error('ERR failed loading functions from the payload');
  else {
    const problem = functions.restore(sources, policy);
    if (problem !== null) {
      reply.error(problem);
      return;
    }
    server.keyspace.dirty++;
    reply.ok();
  }
}

function statistics(scripting: Scripting, { reply, server }: Client): void {
  const { running, functions } = scripting;
  if (running?.parts.kind === 'eval') {
    reply.error(server.suspension.busyText);
    return;
  }
  reply.mapHeader(2);
  reply.bulk('running_script');
  if (running === null) reply.nullBulk();
  else {
    reply.mapHeader(3);
    reply.bulk('name');
    reply.bulk(running.parts.name);
    reply.bulk('command');
    const { args } = running;
    reply.arrayHeader(args.length);
    for (const arg of args) reply.bulk(arg);
    reply.bulk('duration_ms');
    reply.integer(Math.round(running.elapsedMs));
  }
  reply.bulk('engines');
  reply.mapHeader(1);
  reply.bulk('LUA');
  reply.mapHeader(2);
  reply.bulk('libraries_count');
  reply.integer(functions.libraryCount);
  reply.bulk('functions_count');
  reply.integer(functions.functionCount);
}

function wrongArguments(subcommand: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try FUNCTION HELP.`;
}

const help: CommandHandler = (client) =>
  writeHelp(client, 'function', [
    ['LOAD [REPLACE] <FUNCTION CODE>', 'Load a library.'],
    ['DELETE <LIBRARY NAME>', 'Remove a library.'],
    ['LIST [LIBRARYNAME PATTERN] [WITHCODE]', 'Tell about the libraries and their functions.'],
    ['STATS', 'Tell about the running function, and how many there are.'],
    ['KILL', 'End the function that is running.'],
    ['FLUSH [ASYNC|SYNC]', 'Remove all libraries.'],
    ['DUMP', 'Serialise all libraries.'],
    [
      'RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]',
      'Take in what DUMP made: instead of what is there, besides it, or over it.',
    ],
  ]);
