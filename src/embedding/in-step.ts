/** Whether replicas have everything that their master has, by the servers' own words. */
import type { Reply } from '../client/reply.js';
import type { Member } from '../lab/member.js';

/** What a replica lacks, in words; null when it follows the master and has all of its stream. */
export async function lagOf(master: Member, replica: Member): Promise<string | null> {
  const [role, offset] = listOf(await master.call('ROLE'));
  if (role !== 'master') return `${master.name} is ${String(role)}`;
  const [replicaRole, , port, state, replicaOffset] = listOf(await replica.call('ROLE'));
  if (replicaRole !== 'slave' || port !== master.announced.port) {
    return `${replica.name} does not follow ${master.name}`;
  }
  if (state !== 'connected') return `${replica.name} is not in sync: ${String(state)}`;
  return Number(replicaOffset) >= Number(offset)
    ? null
    : `${replica.name} is at ${String(replicaOffset)} of ${String(offset)}`;
}

export function listOf(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}
