/** ZRANDMEMBER. */
import { isWord } from '../../resp/ascii.js';
import type { ScoredMember } from '../../keyspace/values/sorted-set-value.js';
import type { Client } from '../../server/client.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { readCollection } from '../lookups.js';
import { distinctPositions, pickCountArgument, writeRepeatedPicks } from '../random-picks.js';
import { writeMember, writeMembersHeader } from './replies.js';

export function randomMembers(client: Client, args: string[]): void {
  const { reply, server } = client;
  const { random } = server.platform;
  const withScores = args.length === 4 && isWord(args[3], 'withscores');
  const count = args.length >= 3 ? pickCountArgument(client, args[2], withScores) : null;
  if (Number.isNaN(count)) return;
  if (args.length > 3 && !withScores) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const set = readCollection(client, args[1], 'zset');
  if (set === null) return;
  if (set === undefined || count === 0) {
    if (count === null) reply.nullBulk();
    else reply.arrayHeader(0);
    return;
  }
  const write = (rank: number): void => {
    const { key, score } = set.at(rank) as ScoredMember;
    writeMember(client, key, score, withScores);
  };
  if (count === null) {
    write(random.integer(set.size));
  } else if (count < 0) {
    writeMembersHeader(client, -count, withScores);
    writeRepeatedPicks(client, set.size, -count, write);
  } else {
    const ranks = distinctPositions(random, set.size, Math.min(count, set.size));
    writeMembersHeader(client, ranks.length, withScores);
    for (const rank of ranks) write(rank);
  }
}
