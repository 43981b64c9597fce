/** The CLIENT subcommands that change something: the sender's own settings, pauses, and waits of others. */
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { integerArgument, timeoutMsArgument } from '../arguments.js';
import { nameProblem } from '../client-name.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { wrongSubcommandUse } from '../subcommand-use.js';

const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';

export function setName(client: Client, args: string[]): void {
  const problem = nameProblem('Client names', args[2]);
  if (problem !== null) {
    client.reply.error(problem);
    return;
  }
  client.name = args[2];
  client.reply.ok();
}

export function getName(client: Client): void {
  if (client.name === '') client.reply.nullBulk();
  else client.reply.bulk(client.name);
}

/** CLIENT SETINFO: what library is at the other end. */
export function setInfo(client: Client, args: string[]): void {
  const [, , attribute, value] = args;
  const isName = isWord(attribute, 'lib-name');
  if (!isName && !isWord(attribute, 'lib-ver')) {
    client.reply.error(`ERR Unrecognized option '${attribute}'`);
    return;
  }
  const problem = nameProblem(isName ? 'lib-name' : 'lib-ver', value);
  if (problem !== null) {
    client.reply.error(problem);
    return;
  }
  if (isName) client.libraryName = value;
  else client.libraryVersion = value;
  client.reply.ok();
}

/** CLIENT REPLY; only ON is answered. */
export function setReplyMode(client: Client, args: string[]): void {
  if (isWord(args[2], 'on')) {
    client.replyMode = 'on';
    client.reply.ok();
  } else if (isWord(args[2], 'off')) {
    client.replyMode = 'off';
  } else if (isWord(args[2], 'skip')) {
    if (client.replyMode !== 'off') client.replyMode = 'skip-next';
  } else {
    client.reply.error(SYNTAX_ERROR);
  }
}

/** True for `on`, false for `off`; null has been answered. */
function readSwitch(client: Client, word: string): boolean | null {
  if (isWord(word, 'on')) return true;
  if (isWord(word, 'off')) return false;
  client.reply.error(SYNTAX_ERROR);
  return null;
}

export function setNoEvict(client: Client, args: string[]): void {
  const enabled = readSwitch(client, args[2]);
  if (enabled === null) return;
  client.noEvict = enabled;
  client.reply.ok();
}

export function setNoTouch(client: Client, args: string[]): void {
  const enabled = readSwitch(client, args[2]);
  if (enabled === null) return;
  client.noTouch = enabled;
  client.reply.ok();
}

export function pauseClients(client: Client, args: string[]): void {
  const { server, reply } = client;
  const [, , timeout, mode] = args;
  const writesOnly = mode !== undefined && isWord(mode, 'write');
  if (args.length > 4) {
    reply.error(wrongSubcommandUse('client', args[1]));
    return;
  }
  if (mode !== undefined && !writesOnly && !isWord(mode, 'all')) {
    reply.error('ERR CLIENT PAUSE mode must be WRITE or ALL');
    return;
  }
  const timeoutMs = timeoutMsArgument(client, timeout);
  if (Number.isNaN(timeoutMs)) return;
  server.pause.begin('client', timeoutMs, writesOnly);
  reply.ok();
}

export function unpauseClients(client: Client): void {
  client.server.pause.end('client');
  client.reply.ok();
}

export function unblockClient(client: Client, args: string[]): void {
  const { server, reply } = client;
  const [, , idText, reason] = args;
  const withError = reason !== undefined && isWord(reason, 'error');
  if (args.length > 4) {
    reply.error(wrongSubcommandUse('client', args[1]));
    return;
  }
  if (reason !== undefined && !withError && !isWord(reason, 'timeout')) {
    reply.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
    return;
  }
  const id = integerArgument(client, idText);
  if (Number.isNaN(id)) return;
  const target = server.clients.find(id);
  if (target === undefined || target.blocked === null || target.blocked.onTimeout === null) {
    reply.integer(0);
    return;
  }
  server.blocking.unblock(target, withError ? UNBLOCKED : null);
  reply.integer(1);
}
