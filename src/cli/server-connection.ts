/** Opening a connection as the command line says: whom to reach, and what comes first on it. */
import type { Address, Network } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import type { WireReply } from '../resp/reply-reader.js';
import { CliConnection } from './cli-connection.js';
import { CliError } from './errors.js';
import type { CliOptions } from './options.js';

export type ServerPlace = Pick<CliOptions, 'host' | 'port' | 'socketPath'>;
export type Introduction = Pick<CliOptions, 'username' | 'password' | 'protocol' | 'database'>;

/** @throws CliError when there is nobody, or nobody lets us in */
export async function reachServer(network: Network, place: ServerPlace): Promise<CliConnection> {
  const { host, port, socketPath } = place;
  const address: Address = socketPath === null ? { host, port } : { path: socketPath };
  try {
    return await CliConnection.open(network, address);
  } catch (error) {
    const where = socketPath ?? `${host}:${port}`;
    throw new CliError(`Could not connect to Redis at ${where}: ${systemErrorText(error as Error)}`);
  }
}

export interface Introduced {
  /** Which database the connection is in. */
  readonly database: number;
  /** What the server refused, as bytes for a person; null when nothing. */
  readonly complaint: string | null;
}

/** Says who we are and chooses database and protocol; ends with the first thing that is refused. */
export async function introduce(
  connection: CliConnection,
  { username, password, protocol, database }: Introduction,
): Promise<Introduced> {
  if (password !== null) {
    const reply = await connection.ask(['AUTH', ...(username === null ? [] : [username]), password]);
    if (reply.type === 'error') return { database: 0, complaint: `AUTH failed: ${reply.text}` };
  }
  if (database !== 0) {
    const complaint = await select(connection, database);
    if (complaint !== null) return { database: 0, complaint };
  }
  if (protocol !== 3 && protocol !== 'auto') return { database, complaint: null };
  const reply = await connection.ask(['HELLO', '3']);
  const isRefused = reply.type === 'error' && protocol === 3;
  return { database, complaint: isRefused ? `HELLO 3 failed: ${reply.text}` : null };
}

/** Changes the database; null, or what the server has against it. */
export async function select(connection: CliConnection, database: number): Promise<string | null> {
  const reply: WireReply = await connection.ask(['SELECT', String(database)]);
  return reply.type === 'error' ? `SELECT ${database} failed: ${reply.text}` : null;
}
