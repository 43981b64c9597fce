/** Members with scores as replies: RESP3 has an array of pairs where RESP2 has one flat array. */
import type { Client } from '../../server/client.js';

export function writeMembersHeader(client: Client, count: number, withScores: boolean): void {
  const { reply } = client;
  reply.arrayHeader(withScores && reply.protocol === 2 ? count * 2 : count);
}

export function writeMember(client: Client, member: string, score: number, withScore: boolean): void {
  const { reply } = client;
  if (withScore && reply.protocol === 3) reply.arrayHeader(2);
  reply.bulk(member);
  if (withScore) reply.double(score);
}
