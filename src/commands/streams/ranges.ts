/** XRANGE and XREVRANGE. */
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { integerArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { readCollection } from '../lookups.js';
import { intervalEnd, intervalStart } from './ids.js';
import { entriesBetween, writeEntries } from './replies.js';

/** XREVRANGE is given its interval from the end. */
export function entryRange(backwards: boolean): (client: Client, args: string[]) => void {
  return (client, args) => {
    const { reply } = client;
    const start = intervalStart(client, args[backwards ? 3 : 2]);
    if (start === null) return;
    const end = intervalEnd(client, args[backwards ? 2 : 3]);
    if (end === null) return;
    let count: number | null = null;
    for (let i = 4; i < args.length; i += 2) {
      if (!isWord(args[i], 'count') || i + 1 === args.length) {
        reply.error(SYNTAX_ERROR);
        return;
      }
      count = integerArgument(client, args[i + 1]);
      if (Number.isNaN(count)) return;
    }
    const stream = readCollection(client, args[1], 'stream');
    if (stream === null) return;
    if (stream === undefined) reply.arrayHeader(0);
    else if (count !== null && count <= 0) reply.nullArray();
    else writeEntries(client, entriesBetween(stream, start, end, count ?? 0, backwards));
  };
}
