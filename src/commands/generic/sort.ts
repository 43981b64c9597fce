/**
 * SORT and SORT_RO: elements of a list, set or sorted set in order, by their own value or by that of other keys,
 * replaced by values of other keys, replied or stored as a list.
 */
import { ListValue } from '../../keyspace/values/list-value.js';
import { bytesOfString, isStringValue } from '../../keyspace/values/value.js';
import { compareBytes, isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { integerArgument, parseLenientDouble } from '../arguments.js';
import { SYNTAX_ERROR, WRONG_TYPE } from '../error-texts.js';
import { notify } from '../lookups.js';

interface SortOptions {
  descending: boolean;
  alpha: boolean;
  /** LIMIT: how many to skip and how many to take, negative for all. */
  offset: number;
  count: number;
  by: string | null;
  /** A BY pattern without an asterisk: leave the order as it is. */
  unsorted: boolean;
  readonly get: string[];
  store: string | null;
}

/** Something to sort: what is output, and what it is ordered by. */
interface SortItem {
  readonly element: string;
  readonly weight: number;
  readonly text: string | null;
}

export function sort(client: Client, args: string[]): void {
  sortKey(client, args, true);
}

export function sortReadOnly(client: Client, args: string[]): void {
  sortKey(client, args, false);
}

function sortKey(client: Client, args: string[], mayStore: boolean): void {
  const options = parseOptions(client, args, mayStore);
  if (options === null) return;
  const elements = elementsOf(client, args[1], options);
  if (elements === null) return;
  const ordered = options.unsorted ? elements : ordering(client, elements, options);
  if (ordered === null) {
    client.reply.error("ERR One or more scores can't be converted into double");
    return;
  }
  const start = Math.min(Math.max(options.offset, 0), ordered.length);
  const end = options.count < 0 ? ordered.length : Math.min(start + options.count, ordered.length);
  const output = outputOf(client, ordered.slice(start, end), options.get);
  if (options.store === null) writeOutput(client, output);
  else storeOutput(client, options.store, output);
}

function parseOptions(client: Client, args: readonly string[], mayStore: boolean): SortOptions | null {
  const options: SortOptions = {
    descending: false,
    alpha: false,
    offset: 0,
    count: -1,
    by: null,
    unsorted: false,
    get: [],
    store: null,
  };
  for (let i = 2; i < args.length; i++) {
    const left = args.length - 1 - i;
    if (isWord(args[i], 'asc')) {
      options.descending = false;
    } else if (isWord(args[i], 'desc')) {
      options.descending = true;
    } else if (isWord(args[i], 'alpha')) {
      options.alpha = true;
    } else if (isWord(args[i], 'limit') && left >= 2) {
      options.offset = integerArgument(client, args[++i]);
      if (Number.isNaN(options.offset)) return null;
      options.count = integerArgument(client, args[++i]);
      if (Number.isNaN(options.count)) return null;
    } else if (isWord(args[i], 'store') && left >= 1 && mayStore) {
      options.store = args[++i];
    } else if (isWord(args[i], 'by') && left >= 1) {
      options.by = args[++i];
      const isConstant = !options.by.includes('*');
      options.unsorted ||= isConstant;
      if (!isConstant && !mayReadOtherKeys(client, 'BY')) return null;
    } else if (isWord(args[i], 'get') && left >= 1) {
      if (!mayReadOtherKeys(client, 'GET')) return null;
      options.get.push(args[++i]);
    } else {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}

/** BY and GET reach keys that no gate and no rule has seen. */
function mayReadOtherKeys(client: Client, option: 'BY' | 'GET'): boolean {
  if (client.server.mode === 'cluster') {
    client.reply.error(`ERR ${option} option of SORT denied in Cluster mode.`);
    return false;
  }
  const { command, args, server } = client;
  if (client.isTrusted || (command !== null && server.acl.mayReadEveryKey(client, command, args)))
    return true;
  client.reply.error(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
  return false;
}

/** The elements in the order in which they lie in the key; none if there is no such key. */
function elementsOf(client: Client, key: string, options: SortOptions): string[] | null {
  const value = client.database.read(key);
  if (value === undefined) return [];
  const elements: string[] = [];
  if (!isStringValue(value)) {
    switch (value.type) {
      case 'list': {
        const inOrder = value.range(0, value.length - 1);
        return options.unsorted && options.descending ? inOrder.reverse() : inOrder;
      }
      case 'set':
        value.forEach((member) => elements.push(member));
        // What is stored, or a script goes by, must not depend on an order that the next server need not have.
        if (options.unsorted && (options.store !== null || client.isScript)) {
          options.unsorted = false;
          options.alpha = true;
          options.by = null;
        }
        return elements;
      case 'zset': {
        const backwards = options.unsorted && options.descending;
        value.walk(backwards ? value.size - 1 : 0, backwards ? -1 : 1, (member) => elements.push(member) > 0);
        return elements;
      }
      case 'hash':
      case 'stream':
        break;
    }
  }
  client.reply.error(WRONG_TYPE);
  return null;
}

/** The elements in order; null when one of them is no number though numbers are asked for. */
function ordering(client: Client, elements: readonly string[], options: SortOptions): string[] | null {
  const items: SortItem[] = [];
  for (const element of elements) {
    const text = options.by === null ? element : valueByPattern(client, options.by, element);
    const weight = options.alpha || text === null ? 0 : weightOf(text);
    if (Number.isNaN(weight)) return null;
    items.push({ element, weight, text });
  }
  const compare = options.alpha ? compareTexts : compareWeights;
  // What compares equal keeps its order, whatever the direction.
  items.sort(options.descending ? (a, b) => compare(b, a) : compare);
  return items.map((item) => item.element);
}

/** The number that a text begins with, up to a zero byte, where C's texts end. */
function weightOf(text: string): number {
  const end = text.indexOf('\0');
  const digits = end === -1 ? text : text.slice(0, end);
  return digits === '' ? 0 : parseLenientDouble(digits);
}

function compareWeights(a: SortItem, b: SortItem): number {
  if (a.weight !== b.weight) return a.weight < b.weight ? -1 : 1;
  return compareBytes(a.element, b.element);
}

/** What has no text comes first. */
function compareTexts(a: SortItem, b: SortItem): number {
  if (a.text === null || b.text === null) return (a.text === null ? 0 : 1) - (b.text === null ? 0 : 1);
  return compareBytes(a.text, b.text);
}

/**
 * The value that a pattern finds for an element: `#` is the element itself, otherwise the first asterisk stands for
 * it, and what follows `->` names a field of a hash. Null when there is no such value.
 */
function valueByPattern(client: Client, pattern: string, element: string): string | null {
  if (pattern === '#') return element;
  const star = pattern.indexOf('*');
  if (star === -1) return null;
  const arrow = pattern.indexOf('->', star + 1);
  const hasField = arrow !== -1 && arrow + 2 < pattern.length;
  const keyEnd = hasField ? arrow : pattern.length;
  const value = client.database.read(pattern.slice(0, star) + element + pattern.slice(star + 1, keyEnd));
  if (value === undefined) return null;
  if (isStringValue(value)) return hasField ? null : bytesOfString(value);
  return hasField && value.type === 'hash' ? (value.get(pattern.slice(arrow + 2)) ?? null) : null;
}

function outputOf(
  client: Client,
  elements: readonly string[],
  patterns: readonly string[],
): (string | null)[] {
  if (patterns.length === 0) return [...elements];
  return elements.flatMap((element) => patterns.map((pattern) => valueByPattern(client, pattern, element)));
}

function writeOutput(client: Client, output: readonly (string | null)[]): void {
  client.reply.arrayHeader(output.length);
  for (const item of output) {
    if (item === null) client.reply.nullBulk();
    else client.reply.bulk(item);
  }
}

function storeOutput(client: Client, key: string, output: readonly (string | null)[]): void {
  const { database, server } = client;
  if (output.length > 0) {
    const list = new ListValue(server.keyspace.limits);
    for (const item of output) list.pushTail(item ?? '');
    database.set(key, list);
    database.modified(key, output.length);
    notify(client, EventClass.List, 'sortstore', key);
  } else if (database.delete(key)) {
    database.modified(key);
    notify(client, EventClass.Generic, 'del', key);
  }
  client.reply.integer(output.length);
}

/** The key to sort and, unless read-only, the one to store into (the last of several). */
export function sortKeyPositions(args: readonly string[]): number[] {
  let storePosition = 0;
  for (let i = 2; i < args.length; i++) {
    if (isWord(args[i], 'limit')) i += 2;
    else if (isWord(args[i], 'get') || isWord(args[i], 'by')) i++;
    else if (isWord(args[i], 'store') && i + 1 < args.length) storePosition = ++i;
  }
  return storePosition === 0 ? [1] : [1, storePosition];
}
