/** CLIENT LIST, INFO and KILL: who is connected, and who shall not be. */
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { addressOf } from '../../server/clients.js';
import { parseInteger } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { clientKindOf, readKillOptions, unknownClientType } from './filters.js';

export function listClients(client: Client, args: string[]): void {
  const selected = selectedClients(client, args);
  if (typeof selected === 'string') {
    client.reply.error(selected);
    return;
  }
  const { clients } = client.server;
  client.reply.verbatim('txt', selected.map((other) => `${clients.describe(other)}\n`).join(''));
}

/** The clients that the options of CLIENT LIST select, or the error. */
function selectedClients(client: Client, args: string[]): Client[] | string {
  const { clients } = client.server;
  if (args.length === 2) return [...clients.all()];
  if (args.length === 4 && isWord(args[2], 'type')) {
    const kind = clientKindOf(args[3]);
    if (kind === null) return unknownClientType(args[3]);
    return [...clients.all()].filter((other) => other.kind === kind);
  }
  if (args.length > 3 && isWord(args[2], 'id')) {
    const selected: Client[] = [];
    for (const text of args.slice(3)) {
      const id = parseInteger(text);
      if (Number.isNaN(id)) return 'ERR Invalid client ID';
      const other = clients.find(id);
      if (other !== undefined) selected.push(other);
    }
    return selected;
  }
  return SYNTAX_ERROR;
}

export function showClient(client: Client): void {
  client.reply.verbatim('txt', `${client.server.clients.describe(client)}\n`);
}

export function killClients(client: Client, args: string[]): void {
  if (args.length === 3) {
    killByAddress(client, args[2]);
    return;
  }
  const selection = readKillOptions(client, args.slice(2));
  if (typeof selection === 'string') {
    client.reply.error(selection);
    return;
  }
  let killed = 0;
  for (const other of [...client.server.clients.all()]) {
    if (!selection.matches(other) || (selection.skipsSender && other === client)) continue;
    kill(client, other);
    killed++;
  }
  client.reply.integer(killed);
}

/** The old form, with an address only. */
function killByAddress(client: Client, address: string): void {
  for (const other of [...client.server.clients.all()]) {
    if (addressOf(other.connection, 'remote') !== address) continue;
    kill(client, other);
    client.reply.ok();
    return;
  }
  client.reply.error('ERR No such client');
}

/** Whoever kills itself still gets the reply. */
function kill(sender: Client, target: Client): void {
  if (target === sender) target.closeAfterReply = true;
  else target.close();
}
