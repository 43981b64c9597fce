/** EVAL, EVALSHA and their read-only forms. */
import { NOT_AN_INTEGER } from '../commands/error-texts.js';
import { toLowerAscii } from '../resp/ascii.js';
import type { Client } from '../server/client.js';
import { keysCountedAt, type CommandFlag, type CommandSpec } from '../server/command.js';
import { readInvocationArguments } from './invocation-arguments.js';
import type { CachedScript } from './script-cache.js';
import { readDeclaration } from './script-flags.js';
import type { Scripting } from './scripting.js';

const FLAGS: readonly CommandFlag[] = [
  'noscript',
  'stale',
  'skip_monitor',
  'may_replicate',
  'no_mandatory_keys',
  'movablekeys',
];
const READ_ONLY_FLAGS: readonly CommandFlag[] = [
  'readonly',
  'noscript',
  'stale',
  'skip_monitor',
  'no_mandatory_keys',
  'movablekeys',
];
const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.';

export function evalCommands(scripting: Scripting): CommandSpec[] {
  const common = { group: 'scripting', complexity: 'Depends on the script', arity: -3 };
  const keys = [keysCountedAt(2, 'RW', 'access', 'update')];
  const bySource: CommandSpec['judge'] = (args, called) => {
    const declaration = readDeclaration(args[1]);
    return scripting.declaredFlags.judge(called, declaration.kind === 'declared' ? declaration.flags : null);
  };
  const bySha: CommandSpec['judge'] = (args, called) => {
    const found = cached(scripting, args[1]);
    return scripting.declaredFlags.judge(called, typeof found === 'string' ? null : found.flags);
  };
  const readKeys = [keysCountedAt(2, 'RO', 'access')];
  return [
    {
      ...common,
      name: 'eval',
      summary: 'Runs a Lua script.',
      since: '2.6.0',
      flags: FLAGS,
      keys,
      judge: bySource,
      handler: (client, args) => evaluate(scripting, client, args, scripting.cache.load(args[1]), false),
    },
    {
      ...common,
      name: 'eval_ro',
      summary: 'Runs a Lua script that does not write.',
      since: '7.0.0',
      flags: READ_ONLY_FLAGS,
      keys: readKeys,
      judge: bySource,
      handler: (client, args) => evaluate(scripting, client, args, scripting.cache.load(args[1]), true),
    },
    {
      ...common,
      name: 'evalsha',
      summary: 'Runs a Lua script by the SHA-1 of its source.',
      since: '2.6.0',
      flags: FLAGS,
      keys,
      judge: bySha,
      handler: (client, args) => evaluate(scripting, client, args, cached(scripting, args[1]), false),
    },
    {
      ...common,
      name: 'evalsha_ro',
      summary: 'Runs a Lua script that does not write by the SHA-1 of its source.',
      since: '7.0.0',
      flags: READ_ONLY_FLAGS,
      keys: readKeys,
      judge: bySha,
      handler: (client, args) => evaluate(scripting, client, args, cached(scripting, args[1]), true),
    },
  ];
}

function cached({ cache }: Scripting, sha: string): CachedScript | string {
  return cache.find(sha) ?? cache.find(toLowerAscii(sha)) ?? NO_SCRIPT;
}

function evaluate(
  scripting: Scripting,
  client: Client,
  args: string[],
  found: CachedScript | string,
  isReadOnly: boolean,
): void {
  const { server, reply } = client;
  // Before the commands that the script calls.
  if (server.monitors.size > 0) server.monitorFeed(client, args);
  const given = readInvocationArguments(args, NOT_AN_INTEGER);
  if (given.kind === 'wrong') {
    reply.error(given.text);
    return;
  }
  if (typeof found === 'string') {
    reply.error(found);
    return;
  }
  const { engine, scriptClient } = scripting.cache.workshop;
  engine.setGlobal('KEYS', engine.list(given.keys));
  engine.setGlobal('ARGV', engine.list(given.values));
  scripting.run({
    client,
    engine,
    scriptClient,
    name: found.sha,
    kind: 'eval',
    flags: found.flags,
    isReadOnly,
    target: found.closure,
    args: [],
  });
}
