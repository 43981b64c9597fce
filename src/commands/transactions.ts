/**
 * MULTI, EXEC, DISCARD, WATCH and UNWATCH.
 *
 * Queueing is dispatch's business; here a queue is begun, thrown away or executed as one unit. Nothing of a
 * transaction is propagated as such: the unit's writes are wrapped when they leave (see propagation.ts).
 */
import type { Client } from '../server/client.js';
import { keyRange, type CommandFlag, type CommandSpec } from '../server/command.js';
import { beginTransaction } from '../server/dispatch.js';
import type { QueuedCommand } from '../server/transaction.js';

function multi(client: Client): void {
  if (client.transaction !== null) {
    client.reply.error('ERR MULTI calls can not be nested');
    return;
  }
  beginTransaction(client);
  client.reply.ok();
}

function discard(client: Client): void {
  if (client.transaction === null) {
    client.reply.error('ERR DISCARD without MULTI');
    return;
  }
  client.server.discardTransaction(client);
  client.reply.ok();
}

function exec(client: Client): void {
  const { server, transaction, reply } = client;
  if (transaction === null) {
    reply.error('ERR EXEC without MULTI');
    return;
  }
  const isDirty = server.isTransactionDirty(client);
  // The client leaves the transaction first, so that its commands are executed instead of queued, and watches
  // nothing any more, so that they do not touch its own keys.
  server.discardTransaction(client);
  if (transaction.failed) {
    reply.error('EXECABORT Transaction discarded because of previous errors.');
    return;
  }
  if (isDirty) {
    reply.nullArray();
    return;
  }
  reply.arrayHeader(transaction.queue.length);
  executeFrom(client, transaction.queue, 0);
}

/** Executes the queue from a position on. A command that is suspended holds up those behind it. */
function executeFrom(client: Client, queue: readonly QueuedCommand[], from: number): void {
  const { server, reply } = client;
  for (let i = from; i < queue.length; i++) {
    const { command, args } = queue[i];
    const isFree = client.isTrusted || client.user.allowsEverything;
    const denial = isFree ? null : server.acl.denialFor(client, command, args, 'multi');
    if (denial === null) server.dispatcher.execute(client, command, args);
    else reply.error(changedRulesText(denial));
    // The replies of a transaction may be more than its client may have waiting: what comes is then dropped.
    server.checkLargeOutput(client);
    if (server.suspension.isActive) {
      server.suspension.continueWith(() => executeFrom(client, queue, i + 1));
      return;
    }
  }
}

/** A rule may have been changed between queueing and EXEC. */
function changedRulesText(denial: string): string {
  const reason = denial.replace(/^NOPERM /, '');
  return (
    'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. ' +
    `This command is no longer allowed for the following reason: ${reason}`
  );
}

function watch(client: Client, args: string[]): void {
  if (client.transaction !== null) {
    client.reply.error('ERR WATCH inside MULTI is not allowed');
    return;
  }
  for (let i = 1; i < args.length; i++) client.server.watching.watch(client, args[i]);
  client.reply.ok();
}

function unwatch(client: Client): void {
  client.server.watching.unwatchAll(client);
  client.reply.ok();
}

const AT_ANY_TIME: readonly CommandFlag[] = ['noscript', 'loading', 'stale', 'fast', 'allow_busy'];

export const transactionCommands: readonly CommandSpec[] = [
  {
    name: 'multi',
    summary: 'Begins a transaction: what follows is queued.',
    since: '1.2.0',
    group: 'transactions',
    complexity: 'O(1)',
    arity: 1,
    flags: AT_ANY_TIME,
    handler: multi,
  },
  {
    name: 'exec',
    summary: 'Executes the queued commands of a transaction.',
    since: '1.2.0',
    group: 'transactions',
    complexity: 'The sum of the queued commands',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
    handler: exec,
  },
  {
    name: 'discard',
    summary: 'Throws the queued commands of a transaction away.',
    since: '2.0.0',
    group: 'transactions',
    complexity: 'O(N) in the queued commands',
    arity: 1,
    flags: AT_ANY_TIME,
    handler: discard,
  },
  {
    name: 'watch',
    summary: 'Makes the next EXEC fail if one of the keys changes before.',
    since: '2.2.0',
    group: 'transactions',
    complexity: 'O(1) per key',
    arity: -2,
    flags: AT_ANY_TIME,
    keys: [keyRange(1, -1, 1, 'RO')],
    handler: watch,
  },
  {
    name: 'unwatch',
    summary: 'Forgets the watched keys.',
    since: '2.2.0',
    group: 'transactions',
    complexity: 'O(1) per watched key',
    arity: 1,
    flags: AT_ANY_TIME,
    handler: unwatch,
  },
];
