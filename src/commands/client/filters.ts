/** Which clients CLIENT LIST and CLIENT KILL mean. */
import { isWord } from '../../resp/ascii.js';
import type { Client, ClientKind } from '../../server/client.js';
import { addressOf } from '../../server/clients.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { parseInteger } from '../arguments.js';

/** The kind that a `TYPE` argument names, or null. */
export function clientKindOf(word: string): ClientKind | null {
  if (isWord(word, 'normal')) return 'normal';
  if (isWord(word, 'slave') || isWord(word, 'replica')) return 'replica';
  if (isWord(word, 'pubsub')) return 'pubsub';
  if (isWord(word, 'master')) return 'master';
  return null;
}

export function unknownClientType(word: string): string {
  return `ERR Unknown client type '${word}'`;
}

type Filter = (client: Client) => boolean;

/** What CLIENT KILL's options select; a text when one of them is wrong. */
export interface KillSelection {
  readonly matches: Filter;
  readonly skipsSender: boolean;
}

/** Reads the options of CLIENT KILL in its newer form: pairs of a filter and its value. */
export function readKillOptions(sender: Client, options: readonly string[]): KillSelection | string {
  const filters: Filter[] = [];
  let skipsSender = true;
  for (let i = 0; i < options.length; i += 2) {
    const name = options[i] ?? '';
    const value = options[i + 1];
    if (value === undefined) return SYNTAX_ERROR;
    if (isWord(name, 'skipme')) {
      if (!isWord(value, 'yes') && !isWord(value, 'no')) return SYNTAX_ERROR;
      skipsSender = isWord(value, 'yes');
      continue;
    }
    const filter = filterOf(sender, name, value);
    if (typeof filter === 'string') return filter;
    filters.push(filter);
  }
  return { matches: (client) => filters.every((filter) => filter(client)), skipsSender };
}

function filterOf(sender: Client, name: string, value: string): Filter | string {
  if (isWord(name, 'id')) {
    const id = parseInteger(value);
    return id > 0 ? (client) => client.id === id : 'ERR client-id should be greater than 0';
  }
  if (isWord(name, 'type')) {
    const kind = clientKindOf(value);
    return kind === null ? unknownClientType(value) : (client) => client.kind === kind;
  }
  if (isWord(name, 'addr')) return (client) => addressOf(client.connection, 'remote') === value;
  if (isWord(name, 'laddr')) return (client) => addressOf(client.connection, 'local') === value;
  if (isWord(name, 'user')) {
    const user = sender.server.acl.find(value);
    return user === undefined ? `ERR No such user '${value}'` : (client) => client.user === user;
  }
  return SYNTAX_ERROR;
}
