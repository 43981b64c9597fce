/** LMOVE, RPOPLPUSH, LMPOP, and the forms that wait for an element: BLPOP, BRPOP, BLMOVE, BRPOPLPUSH, BLMPOP. */
import { writeBulks } from '../../resp/reply-sink.js';
import type { Client } from '../../server/client.js';
import { timeoutArgument } from '../arguments.js';
import { collectionForWrite } from '../lookups.js';
import {
  HEAD,
  listEndArgument,
  moveElement,
  popOne,
  popRequest,
  popSeveral,
  TAIL,
  type ListEnd,
  type PopRequest,
} from './ends.js';

/** Replies of waits that ended by their timeout. */
const nullArray = (client: Client): void => client.reply.nullArray();
const nullBulk = (client: Client): void => client.reply.nullBulk();

export function moveBetweenEnds(client: Client, args: string[]): void {
  const from = listEndArgument(client, args[3]);
  if (from === null) return;
  const to = listEndArgument(client, args[4]);
  if (to === null) return;
  if (!tryMove(client, args, from, to)) client.reply.nullBulk();
}

export function popTailPushHead(client: Client, args: string[]): void {
  if (!tryMove(client, args, TAIL, HEAD)) client.reply.nullBulk();
}

/** Moves an element from `args[1]` to `args[2]`. False when there is none; true also after an error. */
function tryMove(client: Client, args: readonly string[], fromEnd: ListEnd, toEnd: ListEnd): boolean {
  const [, source, destination] = args;
  const list = collectionForWrite(client, source, 'list');
  if (list === undefined) return false;
  if (list === null) return true;
  const target = collectionForWrite(client, destination, 'list');
  if (target === null) return true;
  moveElement(client, { key: source, list, end: fromEnd }, { key: destination, list: target, end: toEnd });
  return true;
}

export function blockingMoveBetweenEnds(client: Client, args: string[]): void {
  const from = listEndArgument(client, args[3]);
  if (from === null) return;
  const to = listEndArgument(client, args[4]);
  if (to === null) return;
  const timeoutMs = timeoutArgument(client, args[5]);
  if (Number.isNaN(timeoutMs)) return;
  const propagated = ['LMOVE', args[1], args[2], args[3], args[4]];
  blockingMove(client, args, from, to, timeoutMs, propagated);
}

export function blockingPopTailPushHead(client: Client, args: string[]): void {
  const timeoutMs = timeoutArgument(client, args[3]);
  if (Number.isNaN(timeoutMs)) return;
  blockingMove(client, args, TAIL, HEAD, timeoutMs, ['RPOPLPUSH', args[1], args[2]]);
}

function blockingMove(
  client: Client,
  args: string[],
  from: ListEnd,
  to: ListEnd,
  timeoutMs: number,
  propagated: readonly string[],
): void {
  const { keyspace, dispatcher } = client.server;
  const dirtyBefore = keyspace.dirty;
  if (tryMove(client, args, from, to)) {
    if (keyspace.dirty !== dirtyBefore) dispatcher.propagateAs(client, propagated);
    return;
  }
  waitForList(client, [args[1]], timeoutMs, nullBulk);
}

/** BLPOP and BRPOP: the first of several lists that has an element gives it. */
export function blockingPop(end: ListEnd): (client: Client, args: string[]) => void {
  return (client, args) => {
    const timeoutMs = timeoutArgument(client, args[args.length - 1]);
    if (Number.isNaN(timeoutMs)) return;
    const keys = args.slice(1, -1);
    for (const key of keys) {
      const list = collectionForWrite(client, key, 'list');
      if (list === null) return;
      if (list === undefined) continue;
      const { reply } = client;
      reply.arrayHeader(2);
      reply.bulk(key);
      reply.bulk(popOne(client, key, list, end));
      client.server.dispatcher.propagateAs(client, [end.popCommand, key]);
      return;
    }
    waitForList(client, keys, timeoutMs, nullArray);
  };
}

export function popFromFirst(client: Client, args: string[]): void {
  const request = popRequest(client, args, 1);
  if (request !== null && !tryPopFromFirst(client, request)) client.reply.nullArray();
}

export function blockingPopFromFirst(client: Client, args: string[]): void {
  const request = popRequest(client, args, 2);
  if (request === null) return;
  const timeoutMs = timeoutArgument(client, args[1]);
  if (Number.isNaN(timeoutMs)) return;
  if (!tryPopFromFirst(client, request)) waitForList(client, request.keys, timeoutMs, nullArray);
}

/** False when none of the lists has an element; true also after an error. */
function tryPopFromFirst(client: Client, { keys, end, count }: PopRequest): boolean {
  for (const key of keys) {
    const list = collectionForWrite(client, key, 'list');
    if (list === null) return true;
    if (list === undefined) continue;
    const elements = popSeveral(client, key, list, end, count);
    client.reply.arrayHeader(2);
    client.reply.bulk(key);
    writeBulks(client.reply, elements);
    client.server.dispatcher.propagateAs(client, [end.popCommand, key, String(elements.length)]);
    return true;
  }
  return false;
}

/** Blocks the client until one of the keys is a list, or replies at once where nothing may block. */
function waitForList(
  client: Client,
  keys: readonly string[],
  timeoutMs: number,
  onTimeout: (client: Client) => void,
): void {
  const { blocking } = client.server;
  if (blocking.mayBlock(client)) blocking.blockOnKeys(client, { keys, type: 'list', timeoutMs, onTimeout });
  else onTimeout(client);
}
