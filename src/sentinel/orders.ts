/**
 * Orders to servers: what a sentinel sends to make one a master, or a replica of another.
 *
 * One transaction: the role, the rewriting of the server's configuration file, and the disconnection of its
 * clients, so that they look for the master again. Redis Sentinel ignores the answers and goes by INFO alone.
 * Here a refusal of the role is told, since waiting for a promotion that was turned down is of no use; and when
 * only the rest was refused (a server may deny CONFIG or CLIENT to sentinels), the role is ordered by itself.
 */
import { ReplyError, type Reply } from '../client/reply.js';
import { announcedHost, type InstanceAddress } from './address.js';
import type { ServerInstance } from './server-instance.js';

/** Which server to follow; null: none, be a master. */
export type NewMaster = InstanceAddress | null;

/**
 * Sends the order; false when there is no connection.
 * @param onRefused called when the server turns the role down, with its words
 */
export function orderRole(
  server: ServerInstance,
  newMaster: NewMaster,
  announceHostnames: boolean,
  onRefused: (text: string) => void,
): boolean {
  const role =
    newMaster === null
      ? ['NO', 'ONE']
      : [announcedHost(newMaster, announceHostnames), String(newMaster.port)];
  let roleRefused: string | null = null;
  if (!server.send('MULTI', [], null)) return false;
  server.send('SLAVEOF', role, (reply) => {
    roleRefused = errorIn(reply);
  });
  server.send('CONFIG', ['REWRITE'], null);
  server.send('CLIENT', ['KILL', 'TYPE', 'normal'], null);
  server.send('CLIENT', ['KILL', 'TYPE', 'pubsub'], null);
  server.send('EXEC', [], (reply) => {
    if (Array.isArray(reply)) roleRefused ??= errorIn(reply[0] ?? null);
    if (roleRefused !== null) onRefused(roleRefused);
    else if (reply instanceof ReplyError) orderRoleAlone(server, role, onRefused);
  });
  return true;
}

function orderRoleAlone(
  server: ServerInstance,
  role: readonly string[],
  onRefused: (text: string) => void,
): void {
  server.send('SLAVEOF', role, (reply) => {
    const refusal = errorIn(reply);
    if (refusal !== null) onRefused(refusal);
  });
}

function errorIn(reply: Reply): string | null {
  return reply instanceof ReplyError ? reply.message : null;
}
