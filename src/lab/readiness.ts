/** When a topology is ready: what is still missing, in words, or null. */
import { fieldsOf, type Reply } from '../client/reply.js';
import type { Member } from './member.js';

/** Whether every replica is in sync with the master, by the word of both sides. */
export async function replicationProblem(
  master: Member,
  replicas: readonly Member[],
): Promise<string | null> {
  for (const replica of replicas) {
    const [role, , port, state] = listOf(await replica.call('ROLE'));
    if (role !== 'slave' || port !== master.address.port || state !== 'connected') {
      return `${replica.name} is ${String(role)} of port ${String(port)}, ${String(state)}`;
    }
  }
  const [role, , attached] = listOf(await master.call('ROLE'));
  if (role !== 'master') return `${master.name} is ${String(role)}`;
  const count = Array.isArray(attached) ? attached.length : 0;
  return count === replicas.length ? null : `${master.name} has ${count} of ${replicas.length} replicas`;
}

export interface ExpectedTopology {
  readonly masterName: string;
  readonly replicas: number;
  /** The one that is asked included. */
  readonly sentinels: number;
}

/** Whether a sentinel sees a healthy master, every replica in sync, and every other sentinel. */
export async function sentinelProblem(sentinel: Member, expected: ExpectedTopology): Promise<string | null> {
  const { masterName } = expected;
  const [master, replicas, sentinels] = await Promise.all([
    sentinel.call('SENTINEL', 'MASTER', masterName),
    sentinel.call('SENTINEL', 'REPLICAS', masterName),
    sentinel.call('SENTINEL', 'SENTINELS', masterName),
  ]);
  return (
    unhealthy(sentinel, [master], 1, 'master') ??
    unhealthy(sentinel, listOf(replicas), expected.replicas, 'slave') ??
    unhealthy(sentinel, listOf(sentinels), expected.sentinels - 1, 'sentinel')
  );
}

/** Instances are healthy when their flags are their role and nothing else, and replicas have their link up. */
function unhealthy(
  sentinel: Member,
  instances: readonly Reply[],
  count: number,
  role: string,
): string | null {
  if (instances.length !== count) return `${sentinel.name} knows ${instances.length} of ${count} ${role}s`;
  for (const instance of instances) {
    const fields = fieldsOf(instance);
    const flags = fields?.get('flags');
    const name = `${role} ${fields?.get('name')}`;
    if (flags !== role) return `${sentinel.name} sees ${name} as ${flags}`;
    if (role === 'slave' && fields?.get('master-link-status') !== 'ok') {
      return `${sentinel.name} sees ${name} without a link to the master`;
    }
  }
  return null;
}

function listOf(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}
