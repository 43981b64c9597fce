/** Commands about the elements inside a list: LRANGE, LINDEX, LSET, LINSERT, LREM, LTRIM, LPOS. */
import { isWord } from '../../resp/ascii.js';
import { INT64_MIN, parseInt64 } from '../../resp/numbers.js';
import { writeBulks } from '../../resp/reply-sink.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { integerArgument, integerInRange } from '../arguments.js';
import { INDEX_OUT_OF_RANGE, NO_SUCH_KEY, SYNTAX_ERROR } from '../error-texts.js';
import { collectionForWrite, deleteEmptied, notify, readCollection } from '../lookups.js';

export function listLength(client: Client, args: string[]): void {
  const list = readCollection(client, args[1], 'list');
  if (list !== null) client.reply.integer(list === undefined ? 0 : list.length);
}

export function elementAt(client: Client, args: string[]): void {
  const list = readCollection(client, args[1], 'list');
  if (list === null) return;
  if (list === undefined) {
    client.reply.nullBulk();
    return;
  }
  const index = integerArgument(client, args[2]);
  if (Number.isNaN(index)) return;
  const element = list.at(index < 0 ? list.length + index : index);
  if (element === undefined) client.reply.nullBulk();
  else client.reply.bulk(element);
}

export function elementRange(client: Client, args: string[]): void {
  const { reply } = client;
  let start = integerArgument(client, args[2]);
  if (Number.isNaN(start)) return;
  let stop = integerArgument(client, args[3]);
  if (Number.isNaN(stop)) return;
  const list = readCollection(client, args[1], 'list');
  if (list === null) return;
  const length = list === undefined ? 0 : list.length;
  if (start < 0) start = Math.max(0, length + start);
  if (stop < 0) stop = length + stop;
  stop = Math.min(stop, length - 1);
  if (list === undefined || start > stop) reply.arrayHeader(0);
  else writeBulks(reply, list.range(start, stop));
}

export function setElement(client: Client, args: string[]): void {
  const [, key, indexText, element] = args;
  const list = collectionForWrite(client, key, 'list');
  if (list === undefined) client.reply.error(NO_SUCH_KEY);
  if (list === undefined || list === null) return;
  const index = integerArgument(client, indexText);
  if (Number.isNaN(index)) return;
  if (!list.set(index < 0 ? list.length + index : index, element)) {
    client.reply.error(INDEX_OUT_OF_RANGE);
    return;
  }
  client.reply.ok();
  client.database.modified(key);
  notify(client, EventClass.List, 'lset', key);
}

export function insertElement(client: Client, args: string[]): void {
  const [, key, side, pivot, element] = args;
  const isAfter = isWord(side, 'after');
  if (!isAfter && !isWord(side, 'before')) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const list = collectionForWrite(client, key, 'list');
  if (list === undefined) client.reply.integer(0);
  if (list === undefined || list === null) return;
  let position = -1;
  list.walk(0, 1, (candidate, index) => {
    if (candidate === pivot) position = index;
    return position === -1;
  });
  if (position === -1) {
    client.reply.integer(-1);
    return;
  }
  list.insert(isAfter ? position + 1 : position, element);
  client.database.modified(key);
  notify(client, EventClass.List, 'linsert', key);
  client.reply.integer(list.length);
}

export function removeElements(client: Client, args: string[]): void {
  const [, key, countText, element] = args;
  const count = integerArgument(client, countText);
  if (Number.isNaN(count)) return;
  const list = collectionForWrite(client, key, 'list');
  if (list === undefined) client.reply.integer(0);
  if (list === undefined || list === null) return;
  const removed = list.removeEqual(element, count);
  if (removed > 0) {
    client.database.modified(key, removed);
    notify(client, EventClass.List, 'lrem', key);
    if (list.length === 0) deleteEmptied(client, key);
  }
  client.reply.integer(removed);
}

export function trimList(client: Client, args: string[]): void {
  const key = args[1];
  let start = integerArgument(client, args[2]);
  if (Number.isNaN(start)) return;
  let stop = integerArgument(client, args[3]);
  if (Number.isNaN(stop)) return;
  const list = collectionForWrite(client, key, 'list');
  if (list === undefined) client.reply.ok();
  if (list === undefined || list === null) return;
  const { length } = list;
  if (start < 0) start = Math.max(0, length + start);
  if (stop < 0) stop = length + stop;
  const kept = Math.max(0, Math.min(stop, length - 1) - start + 1);
  list.trim(kept === 0 ? 0 : start, kept);
  notify(client, EventClass.List, 'ltrim', key);
  if (kept === 0) deleteEmptied(client, key);
  client.database.modified(key, length - kept);
  client.reply.ok();
}

interface PositionOptions {
  rank: number;
  /** Null: one position is asked for, as a plain integer. */
  count: number | null;
  /** How many elements to compare at most; 0 for all. */
  maxLength: number;
}

export function findPositions(client: Client, args: string[]): void {
  const { reply } = client;
  const options = parsePositionOptions(client, args);
  if (options === null) return;
  const list = readCollection(client, args[1], 'list');
  if (list === null) return;
  const { rank, count, maxLength } = options;
  const wanted = count === null ? 1 : count === 0 ? Infinity : count;
  const positions: number[] = [];
  if (list !== undefined) {
    let compared = 0;
    let matches = 0;
    list.walk(rank < 0 ? list.length - 1 : 0, rank < 0 ? -1 : 1, (element, index) => {
      if (element === args[2] && ++matches >= Math.abs(rank)) positions.push(index);
      return positions.length < wanted && ++compared !== maxLength;
    });
  }
  if (count !== null) {
    reply.arrayHeader(positions.length);
    for (const position of positions) reply.integer(position);
  } else if (positions.length === 0) {
    reply.nullBulk();
  } else {
    reply.integer(positions[0]);
  }
}

function parsePositionOptions(client: Client, args: readonly string[]): PositionOptions | null {
  const options: PositionOptions = { rank: 1, count: null, maxLength: 0 };
  for (let i = 3; i < args.length; i += 2) {
    const text = args[i + 1];
    let value: number;
    if (text !== undefined && isWord(args[i], 'rank')) {
      value = options.rank = rankArgument(client, text);
    } else if (text !== undefined && isWord(args[i], 'count')) {
      value = options.count = integerInRange(client, text, 0, Infinity, "ERR COUNT can't be negative");
    } else if (text !== undefined && isWord(args[i], 'maxlen')) {
      value = options.maxLength = integerInRange(client, text, 0, Infinity, "ERR MAXLEN can't be negative");
    } else {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
    if (Number.isNaN(value)) return null;
  }
  return options;
}

function rankArgument(client: Client, text: string): number {
  // The one 64-bit integer that has no opposite.
  if (parseInt64(text) === INT64_MIN) {
    client.reply.error(
      'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    );
    return NaN;
  }
  const rank = integerArgument(client, text);
  if (rank !== 0) return rank;
  client.reply.error(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
      'or use negative to start from the end of the list',
  );
  return NaN;
}
