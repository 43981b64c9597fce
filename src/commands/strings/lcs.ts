/** LCS: the longest common subsequence of two strings, by the textbook table of prefix lengths. */
import { lengthOfString } from '../../keyspace/values/string-value.js';
import { bytesOfString, isStringValue } from '../../keyspace/values/value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { integerArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';

interface LcsOptions {
  lengthOnly: boolean;
  indexes: boolean;
  withLengths: boolean;
  shortestMatch: number;
}

/** A run of common bytes; both ends included. */
interface Match {
  aStart: number;
  aEnd: number;
  bStart: number;
  bEnd: number;
}

export function longestCommonSubsequence(client: Client, args: string[]): void {
  const { database, reply } = client;
  const first = database.read(args[1]) ?? '';
  const second = database.read(args[2]) ?? '';
  if (!isStringValue(first) || !isStringValue(second)) {
    reply.error('ERR The specified keys must contain string values');
    return;
  }
  const options = parseOptions(client, args);
  if (options === null) return;
  if (options.lengthOnly && options.indexes) {
    reply.error('ERR If you want both the length and indexes, please just use IDX.');
    return;
  }
  const cells = (lengthOfString(first) + 1) * (lengthOfString(second) + 1);
  if (cells * 4 > client.server.config.values['proto-max-bulk-len']) {
    reply.error('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len');
    return;
  }
  const a = bytesOfString(first);
  const b = bytesOfString(second);
  const table = makeTable(a, b);
  const length = table[table.length - 1];
  if (options.lengthOnly) {
    reply.integer(length);
    return;
  }
  const matches = matchesFromEnd(table, a, b);
  if (options.indexes) {
    writeMatches(client, matches, length, options);
    return;
  }
  let common = '';
  for (const { aStart, aEnd } of matches.reverse()) common += a.slice(aStart, aEnd + 1);
  reply.bulk(common);
}

function parseOptions(client: Client, args: readonly string[]): LcsOptions | null {
  const options: LcsOptions = { lengthOnly: false, indexes: false, withLengths: false, shortestMatch: 0 };
  for (let i = 3; i < args.length; i++) {
    if (isWord(args[i], 'idx')) {
      options.indexes = true;
    } else if (isWord(args[i], 'len')) {
      options.lengthOnly = true;
    } else if (isWord(args[i], 'withmatchlen')) {
      options.withLengths = true;
    } else if (isWord(args[i], 'minmatchlen') && i + 1 < args.length) {
      options.shortestMatch = integerArgument(client, args[++i]);
      if (Number.isNaN(options.shortestMatch)) return null;
    } else {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}

/** Row by row, the length of the LCS of every prefix of `a` with every prefix of `b`. */
function makeTable(a: string, b: string): Uint32Array {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    const byte = a.charCodeAt(i - 1);
    let cell = i * width;
    for (let j = 0; j < b.length; j++) {
      cell++;
      table[cell] =
        byte === b.charCodeAt(j)
          ? table[cell - width - 1] + 1
          : Math.max(table[cell - width], table[cell - 1]);
    }
  }
  return table;
}

/** Follows the table back from its last cell: the matches of one LCS, the last one first. */
function matchesFromEnd(table: Uint32Array, a: string, b: string): Match[] {
  const width = b.length + 1;
  const matches: Match[] = [];
  let current: Match | null = null;
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    if (a.charCodeAt(i - 1) === b.charCodeAt(j - 1)) {
      i--;
      j--;
      if (current === null) {
        current = { aStart: i, aEnd: i, bStart: j, bEnd: j };
        matches.push(current);
      }
      current.aStart = i;
      current.bStart = j;
      continue;
    }
    current = null;
    if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
    else j--;
  }
  return matches;
}

function writeMatches(client: Client, matches: readonly Match[], length: number, options: LcsOptions): void {
  const { reply } = client;
  const shown = matches.filter(({ aStart, aEnd }) => aEnd - aStart + 1 >= options.shortestMatch);
  reply.mapHeader(2);
  reply.bulk('matches');
  reply.arrayHeader(shown.length);
  for (const { aStart, aEnd, bStart, bEnd } of shown) {
    reply.arrayHeader(options.withLengths ? 3 : 2);
    reply.arrayHeader(2);
    reply.integer(aStart);
    reply.integer(aEnd);
    reply.arrayHeader(2);
    reply.integer(bStart);
    reply.integer(bEnd);
    if (options.withLengths) reply.integer(aEnd - aStart + 1);
  }
  reply.bulk('len');
  reply.integer(length);
}
