/** DEBUG subcommands of replication: faults made on purpose, for tests. */
import type { CommandHandler } from '../server/command.js';
import { encodeCommands } from './command-bytes.js';
import type { Replication } from './replication.js';

/** DEBUG subcommands by name. */
export function replicationDebugSubcommands({ history }: Replication): [string, CommandHandler][] {
  return [
    [
      // Puts a command into the stream that was never executed here.
      'replicate',
      (client, args) => {
        history.stream.append(-1, encodeCommands([args.slice(2)]));
        client.reply.ok();
      },
    ],
    [
      // Pretends to be of another history, so that replicas must be sent everything.
      'change-repl-id',
      (client) => {
        client.server.log.notice('Changing replication IDs after receiving change-repl-id');
        history.forget();
        client.reply.ok();
      },
    ],
  ];
}
