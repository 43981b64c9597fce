/** Pushing and popping at the ends of lists: what LPUSH, LPOP, LMOVE, LMPOP and the blocking forms share. */
import { ListValue } from '../../keyspace/values/list-value.js';
import { isWord } from '../../resp/ascii.js';
import { writeBulks } from '../../resp/reply-sink.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { countArgument, integerInRange } from '../arguments.js';
import { SYNTAX_ERROR, wrongArgumentCount } from '../error-texts.js';
import { collectionForWrite, deleteEmptied, notify } from '../lookups.js';

/** An end of a list, under the two names it goes by. */
export interface ListEnd {
  readonly isHead: boolean;
  readonly pushEvent: 'lpush' | 'rpush';
  readonly popEvent: 'lpop' | 'rpop';
  /** The command that pops here, as it is propagated. */
  readonly popCommand: 'LPOP' | 'RPOP';
}

export const HEAD: ListEnd = { isHead: true, pushEvent: 'lpush', popEvent: 'lpop', popCommand: 'LPOP' };
export const TAIL: ListEnd = { isHead: false, pushEvent: 'rpush', popEvent: 'rpop', popCommand: 'RPOP' };

/** LEFT or RIGHT; null after a syntax error. */
export function listEndArgument(client: Client, text: string): ListEnd | null {
  if (isWord(text, 'left')) return HEAD;
  if (isWord(text, 'right')) return TAIL;
  client.reply.error(SYNTAX_ERROR);
  return null;
}

/** LPUSH, RPUSH, and, with `onlyIfExists`, LPUSHX and RPUSHX. */
export function push(end: ListEnd, onlyIfExists: boolean): (client: Client, args: string[]) => void {
  const { isHead, pushEvent } = end;
  return (client, args) => {
    const { database } = client;
    const key = args[1];
    let list = collectionForWrite(client, key, 'list');
    if (list === null) return;
    if (list === undefined) {
      if (onlyIfExists) {
        client.reply.integer(0);
        return;
      }
      list = new ListValue(client.server.keyspace.limits);
      database.add(key, list);
    }
    for (let i = 2; i < args.length; i++) {
      if (isHead) list.pushHead(args[i]);
      else list.pushTail(args[i]);
    }
    client.reply.integer(list.length);
    database.modified(key, args.length - 2);
    notify(client, EventClass.List, pushEvent, key);
  };
}

/** LPOP and RPOP: one element as a string, or with a count an array. */
export function pop(end: ListEnd): (client: Client, args: string[]) => void {
  return (client, args) => {
    const { reply } = client;
    const hasCount = args.length === 3;
    if (args.length > 3) {
      reply.error(wrongArgumentCount(end.popEvent));
      return;
    }
    const count = hasCount ? countArgument(client, args[2]) : 1;
    if (Number.isNaN(count)) return;
    const key = args[1];
    const list = collectionForWrite(client, key, 'list');
    if (list === null) return;
    if (list === undefined) {
      if (hasCount) reply.nullArray();
      else reply.nullBulk();
      return;
    }
    if (!hasCount) {
      reply.bulk(popOne(client, key, list, end));
    } else if (count === 0) {
      reply.arrayHeader(0);
    } else {
      writeBulks(reply, popSeveral(client, key, list, end, count));
    }
  };
}

/** Takes an element off a list, which has one, and deletes the key if it was the last. */
export function popOne(client: Client, key: string, list: ListValue, end: ListEnd): string {
  const element = (end.isHead ? list.popHead() : list.popTail()) as string;
  tellRemoved(client, key, list, end, 1);
  return element;
}

/** Takes up to `count` elements off a list, the outermost first. */
export function popSeveral(
  client: Client,
  key: string,
  list: ListValue,
  end: ListEnd,
  count: number,
): string[] {
  const { length } = list;
  const taken = Math.min(count, length);
  const elements = end.isHead ? list.range(0, taken - 1) : list.range(length - taken, length - 1).reverse();
  list.trim(end.isHead ? taken : 0, length - taken);
  tellRemoved(client, key, list, end, taken);
  return elements;
}

function tellRemoved(client: Client, key: string, list: ListValue, end: ListEnd, count: number): void {
  notify(client, EventClass.List, end.popEvent, key);
  if (list.length === 0) deleteEmptied(client, key);
  client.database.modified(key, count);
}

/**
 * Moves an element between lists, or around one, and replies with it. Both keys have been looked up as lists.
 * @param target undefined when the destination does not exist
 */
export function moveElement(
  client: Client,
  from: { readonly key: string; readonly list: ListValue; readonly end: ListEnd },
  to: { readonly key: string; readonly list: ListValue | undefined; readonly end: ListEnd },
): void {
  const { database, reply } = client;
  const element = (from.end.isHead ? from.list.popHead() : from.list.popTail()) as string;
  let target = to.list;
  if (target === undefined) {
    target = new ListValue(client.server.keyspace.limits);
    database.add(to.key, target);
  }
  if (to.end.isHead) target.pushHead(element);
  else target.pushTail(element);
  database.touched(to.key);
  notify(client, EventClass.List, to.end.pushEvent, to.key);
  reply.bulk(element);
  tellRemoved(client, from.key, from.list, from.end, 1);
}

/** What LMPOP and BLMPOP are asked for, once their arguments have been read. */
export interface PopRequest {
  readonly keys: string[];
  readonly end: ListEnd;
  readonly count: number;
}

/** Reads `numkeys key ... LEFT|RIGHT [COUNT count]` from argument `from` on; null after an error. */
export function popRequest(client: Client, args: string[], from: number): PopRequest | null {
  const keyCount = integerInRange(client, args[from], 1, Infinity, 'ERR numkeys should be greater than 0');
  if (Number.isNaN(keyCount)) return null;
  const endIndex = from + keyCount + 1;
  if (endIndex >= args.length) {
    client.reply.error(SYNTAX_ERROR);
    return null;
  }
  const end = listEndArgument(client, args[endIndex]);
  if (end === null) return null;
  let count = 1;
  if (args.length > endIndex + 1) {
    if (args.length !== endIndex + 3 || !isWord(args[endIndex + 1], 'count')) {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
    count = integerInRange(client, args[endIndex + 2], 1, Infinity, 'ERR count should be greater than 0');
    if (Number.isNaN(count)) return null;
  }
  return { keys: args.slice(from + 1, endIndex), end, count };
}
