/** What the subcommands of SENTINEL share: how they are declared, how they find a master, how they answer late. */
import type { Client } from '../../server/client.js';
import type { CommandHandler, CommandSpec } from '../../server/command.js';
import type { MonitoredMaster } from '../master.js';
import type { Sentinel } from '../sentinel.js';

export const NO_SUCH_MASTER = 'ERR No such master with that name';
export const SAVE_FAILED = 'ERR Failed to save config file. Check server logs.';

/** A group of subcommands; they close over the sentinel they serve. */
export type SubcommandGroup = (sentinel: Sentinel) => CommandSpec[];

/** Declares a subcommand. Everything of SENTINEL is for administrators, as in Redis. */
export function subcommand(
  name: string,
  arity: number,
  summary: string,
  handler: CommandHandler,
): CommandSpec {
  return { name, summary, since: '2.8.4', group: 'sentinel', arity, flags: ['admin'], handler };
}

/** A handler that works on the master named by its first argument. */
export function withMaster(
  sentinel: Sentinel,
  handler: (client: Client, master: MonitoredMaster, args: string[]) => void,
): CommandHandler {
  return (client, args) => {
    const master = sentinel.masters.get(args[2]);
    if (master === undefined) client.reply.error(NO_SUCH_MASTER);
    else handler(client, master, args);
  };
}

/**
 * Answers a client when the answer is there: at once, or later with the client blocked meanwhile, so that its
 * answers stay in order.
 * @param begin begins the work and calls back once with what it found
 */
export function answerWhenReady<Outcome>(
  client: Client,
  begin: (ready: (outcome: Outcome) => void) => void,
  write: (outcome: Outcome) => void,
): void {
  const { blocking } = client.server;
  const progress = { answered: false, blocked: false };
  begin((outcome) => {
    if (progress.answered) return;
    progress.answered = true;
    write(outcome);
    if (progress.blocked) blocking.release(client);
  });
  if (progress.answered) return;
  progress.blocked = true;
  blocking.block(
    client,
    0,
    () => client.reply.error('ERR The answer was not waited for'),
    () => {
      // Released by someone else (the client is gone, or was unblocked): there is nothing to answer any more.
      progress.answered = true;
    },
  );
}

/** Saves the configuration, then says that all went well, or that it could not be saved. */
export function okWhenSaved(client: Client, sentinel: Sentinel): void {
  answerWhenReady<boolean>(
    client,
    (ready) => sentinel.store.save(ready),
    (saved) => {
      if (saved) client.reply.ok();
      else client.reply.error(SAVE_FAILED);
    },
  );
}
