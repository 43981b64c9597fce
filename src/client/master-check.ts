/** Asks a server whether it is a master, as the guidelines for Sentinel clients demand before it is used. */
import { formatAddress, type HostAndPort } from './address.js';
import { ClientConnection, type ClientPlatform, type Credentials } from './connection.js';
import { ClientError } from './errors.js';
import { ReplyError, type Reply } from './reply.js';

/** Null when a reply to ROLE says `master`; otherwise what is wrong. */
export function roleProblem(address: HostAndPort, reply: Reply): Error | null {
  if (reply instanceof ReplyError) return reply;
  const role = Array.isArray(reply) ? reply[0] : null;
  if (role === 'master') return null;
  const found = typeof role === 'string' ? `says its role is ${role}` : 'does not say its role';
  return new ClientError('NOT_MASTER', `${formatAddress(address)} ${found}`);
}

/**
 * Connects and asks for the role.
 * @param timeoutMs for connecting and answering together
 * @param callback called exactly once: with the error, or with the open connection to a master
 * @returns the connection, so that the check can be given up by closing it
 */
export function checkMaster(
  platform: ClientPlatform,
  address: HostAndPort,
  credentials: Credentials,
  timeoutMs: number,
  callback: (error: Error | null, connection: ClientConnection) => void,
): ClientConnection {
  const connection = new ClientConnection(platform, { address, ...credentials, connectTimeoutMs: timeoutMs });
  connection.ask(
    ['ROLE'],
    (error, reply) => {
      const problem = error ?? roleProblem(address, reply);
      if (problem !== null) connection.close(problem);
      callback(problem, connection);
    },
    timeoutMs,
  );
  return connection;
}
