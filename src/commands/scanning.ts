/** What SCAN, HSCAN, SSCAN and ZSCAN have in common: their options and their reply. */
import { isWord } from '../resp/ascii.js';
import { matchesGlob } from '../resp/glob.js';
import { parseUint64 } from '../resp/numbers.js';
import type { Client } from '../server/client.js';
import { integerArgument } from './arguments.js';
import { SYNTAX_ERROR } from './error-texts.js';

const DEFAULT_COUNT = 10;

export interface ScanOptions {
  count: number;
  /** Null when everything matches. */
  pattern: string | null;
  /** Only keys of this type; for SCAN. */
  type: string | null;
}

/** The cursor of a scan; NaN after telling the client that it is none. */
export function cursorArgument(client: Client, text: string): number {
  const cursor = parseUint64(text.replace(/^\+?0*(?=[0-9])/, ''));
  if (cursor !== null) return Number(cursor);
  client.reply.error('ERR invalid cursor');
  return NaN;
}

/** The options from argument `from` on; null after an error. */
export function scanOptions(client: Client, args: readonly string[], from: number): ScanOptions | null {
  const isKeyScan = from === 2;
  const options: ScanOptions = { count: DEFAULT_COUNT, pattern: null, type: null };
  for (let i = from; i < args.length; i += 2) {
    const value = args[i + 1];
    if (value === undefined) {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
    if (isWord(args[i], 'count')) {
      options.count = integerArgument(client, value);
      if (Number.isNaN(options.count)) return null;
      if (options.count >= 1) continue;
    } else if (isWord(args[i], 'match')) {
      options.pattern = value === '*' ? null : value;
      continue;
    } else if (isWord(args[i], 'type') && isKeyScan) {
      options.type = value;
      continue;
    }
    client.reply.error(SYNTAX_ERROR);
    return null;
  }
  return options;
}

export function isMatch(options: ScanOptions, name: string): boolean {
  return options.pattern === null || matchesGlob(options.pattern, name);
}

/** The next cursor, then what was found. */
export function writeScanReply(client: Client, cursor: number, found: readonly string[]): void {
  const { reply } = client;
  reply.arrayHeader(2);
  reply.bulkInteger(cursor);
  reply.arrayHeader(found.length);
  for (const item of found) reply.bulk(item);
}
