/** SCAN: the keys of a database, some at a time. */
import { typeOf } from '../../keyspace/values/value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { cursorArgument, isMatch, scanOptions, writeScanReply } from '../scanning.js';

export function scan(client: Client, args: string[]): void {
  const cursor = cursorArgument(client, args[1]);
  if (Number.isNaN(cursor)) return;
  const options = scanOptions(client, args, 2);
  if (options === null) return;
  const { database } = client;
  const visited: string[] = [];
  const next = database.entries.scan(cursor, options.count, (entry) => {
    if (isMatch(options, entry.key)) visited.push(entry.key);
  });
  // Looking at what has expired deletes it, which must wait until the dictionary is no longer walked.
  const found = visited.filter((key) => {
    const entry = database.peek(key);
    return entry !== undefined && (options.type === null || isWord(options.type, typeOf(entry.value)));
  });
  writeScanReply(client, next, found);
}
