/** SCRIPT: the cache of scripts, and the end of one that runs too long. */
import { writeHelp } from '../commands/help.js';
import { isWord, toLowerAscii } from '../resp/ascii.js';
import type { Client } from '../server/client.js';
import type { CommandSpec } from '../server/command.js';
import type { Scripting } from './scripting.js';

export function scriptCommand(scripting: Scripting): CommandSpec {
  return {
    name: 'script',
    summary: 'A container for commands about scripts.',
    since: '2.6.0',
    group: 'scripting',
    complexity: 'Depends on the subcommand',
    arity: -2,
    flags: [],
    subcommands: [
      {
        name: 'load',
        summary: 'Keeps a script for EVALSHA.',
        since: '2.6.0',
        group: 'scripting',
        complexity: 'O(N) in the bytes of the script',
        arity: 3,
        flags: ['noscript', 'stale'],
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        handler: ({ reply }, args) => {
          const script = scripting.cache.load(args[2]);
          if (typeof script === 'string') reply.error(script);
          else reply.bulk(script.sha);
        },
      },
      {
        name: 'exists',
        summary: 'Tells which scripts are kept.',
        since: '2.6.0',
        group: 'scripting',
        complexity: 'O(N) in the scripts asked for',
        arity: -3,
        flags: ['noscript'],
        tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
        handler: ({ reply }, args) => {
          reply.arrayHeader(args.length - 2);
          for (let i = 2; i < args.length; i++) {
            reply.integer(scripting.cache.find(toLowerAscii(args[i])) === undefined ? 0 : 1);
          }
        },
      },
      {
        name: 'flush',
        summary: 'Forgets all scripts.',
        since: '2.6.0',
        group: 'scripting',
        complexity: 'O(N) in the scripts kept',
        arity: -2,
        flags: ['noscript'],
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        handler: (client, args) => flush(scripting, client, args),
      },
      {
        name: 'kill',
        summary: 'Ends the running script if it has not written.',
        since: '2.6.0',
        group: 'scripting',
        complexity: 'O(1)',
        arity: 2,
        flags: ['noscript', 'allow_busy'],
        tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
        handler: (client) => scripting.kill(client, 'eval'),
      },
      {
        name: 'debug',
        summary: 'Sets the debug mode of scripts. There is no debugger.',
        since: '3.2.0',
        group: 'scripting',
        complexity: 'O(1)',
        arity: 3,
        flags: ['noscript'],
        handler: setDebugMode,
      },
      {
        name: 'help',
        summary: 'Shows the subcommands.',
        since: '5.0.0',
        group: 'scripting',
        complexity: 'O(1)',
        arity: 2,
        flags: ['loading', 'stale'],
        handler: (client) =>
          writeHelp(client, 'script', [
            ['DEBUG (YES|SYNC|NO)', 'Set the debug mode of later scripts; there is no debugger.'],
            ['EXISTS <sha1> [<sha1> ...]', 'Tell which of these scripts are kept.'],
            ['FLUSH [ASYNC|SYNC]', 'Forget all scripts.'],
            ['KILL', 'End the script that is running.'],
            ['LOAD <script>', 'Keep a script without running it.'],
          ]),
      },
    ],
  };
}

function flush({ cache }: Scripting, { reply }: Client, args: readonly string[]): void {
  const isRight =
    args.length === 2 || (args.length === 3 && (isWord(args[2], 'sync') || isWord(args[2], 'async')));
  if (!isRight) {
    reply.error('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
    return;
  }
  cache.clear();
  reply.ok();
}

/** The modes are accepted, so that programs that set them go on, but a script never stops for a debugger. */
function setDebugMode({ reply, server }: Client, args: readonly string[]): void {
  if (isWord(args[2], 'yes') || isWord(args[2], 'sync')) {
    server.log.warning('SCRIPT DEBUG: there is no Lua debugger, scripts run without stopping');
    reply.ok();
  } else if (isWord(args[2], 'no')) reply.ok();
  else reply.error('ERR Use SCRIPT DEBUG YES/SYNC/NO');
}
