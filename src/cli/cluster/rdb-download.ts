/** Takes a snapshot from a node into a file, as a replica would with SYNC. */
import { formatAddress } from '../../client/address.js';
import type { Credentials } from '../../client/connection.js';
import type { Platform } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';
import type { PayloadFrame } from '../../replication/payload-framing.js';
import { bytesFromText } from '../../resp/ascii.js';
import { CliConnection, ConnectionLost } from '../cli-connection.js';
import { SnapshotFile } from '../snapshot-file.js';
import { SnapshotError, transferSnapshot } from '../snapshot-transfer.js';
import { ClusterManagerError } from './errors.js';

export type DownloadPlatform = Pick<Platform, 'network' | 'disk'>;

export interface RdbSource {
  readonly host: string;
  readonly port: number;
  readonly credentials: Credentials;
}

/**
 * @param onStarted called when the master begins to send
 * @returns the size in bytes
 * @throws ClusterManagerError when the master refuses or breaks off, or the file cannot be written
 */
export async function downloadRdb(
  { network, disk }: DownloadPlatform,
  { host, port, credentials }: RdbSource,
  path: string,
  onStarted: (frame: PayloadFrame) => void,
): Promise<number> {
  const file = await written(path, SnapshotFile.create(disk, path));
  let connection: CliConnection | null = null;
  try {
    connection = await CliConnection.open(network, { host, port });
    await introduce(connection, credentials);
    const snapshot = await transferSnapshot(connection, ['SYNC'], file, { onFrame: onStarted });
    await written(path, file.publish());
    return snapshot?.sizeBytes ?? 0;
  } catch (error) {
    file.discard();
    throw asManagerError(error, formatAddress({ host, port }), path);
  } finally {
    connection?.close();
  }
}

async function introduce(connection: CliConnection, { username, password }: Credentials): Promise<void> {
  if (password !== undefined) {
    const reply = await connection.ask(['AUTH', ...(username === undefined ? [] : [username]), password]);
    if (reply.type === 'error') throw new Refused(reply.text);
  }
  // The master need not keep for us what comes after the snapshot. One that does not know this says so.
  await connection.ask(['REPLCONF', 'rdb-only', '1']);
}

class Refused extends Error {
  override readonly name = 'Refused';
}

function asManagerError(error: unknown, where: string, path: string): ClusterManagerError {
  if (error instanceof ClusterManagerError) return error;
  if (error instanceof Refused) {
    return new ClusterManagerError(`Node ${where} replied with error:\n${error.message}`, 'errors');
  }
  if (error instanceof SnapshotError && error.kind === 'refused') {
    return new ClusterManagerError(`Node ${where}: SYNC with master failed: ${error.message}`, 'errors');
  }
  if (error instanceof SnapshotError && error.kind === 'unwritable') {
    return new ClusterManagerError(
      `Error writing data to file ${bytesFromText(path)}: ${error.message}`,
      'errors',
    );
  }
  const isReadable = error instanceof SnapshotError || error instanceof ConnectionLost;
  const reason = isReadable ? error.message : systemErrorText(error as Error);
  return new ClusterManagerError(`I/O Error reading RDB payload from ${where}: ${reason}`, 'errors');
}

/** An operation on the file. @throws ClusterManagerError with the system's reason */
async function written<Result>(path: string, operation: Promise<Result>): Promise<Result> {
  try {
    return await operation;
  } catch (error) {
    const reason = systemErrorText(error as Error);
    throw new ClusterManagerError(`Error writing '${bytesFromText(path)}': ${reason}`, 'errors');
  }
}
