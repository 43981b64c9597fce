/**
 * A connection that has become a replica's: the snapshot is dropped, and every command of the master's stream printed as
 * CSV. For `--replica`, and for SYNC and PSYNC given as commands.
 */
import type { Timers } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import { isWord, textFromBytes } from '../resp/ascii.js';
import { ConnectionLost, type CliConnection } from './cli-connection.js';
import { CliError } from './errors.js';
import { formatReply } from './reply-format.js';
import { SnapshotError, transferSnapshot } from './snapshot-transfer.js';

/** A master sends its stream to one that took the snapshot over the wire only after it has said so. */
const ACKNOWLEDGE_EVERY_MS = 1000;

export interface ReplicaOutput {
  readonly terminal: Terminal;
  readonly timers: Timers;
}

/**
 * Prints until the connection is lost.
 * @returns the reason
 * @throws CliError when the master refuses, or breaks off before the snapshot is whole
 */
export async function showStream(
  { terminal, timers }: ReplicaOutput,
  connection: CliConnection,
  command: readonly string[],
): Promise<string> {
  const say = (text: string): void => terminal.writeError(`${text}\n`);
  // As redis-cli 7.0 calls what SYNC does, and 7.2 what PSYNC does.
  let kind = isWord(command[0]!, 'sync') ? 'SYNC' : 'Full resync';
  let snapshot;
  try {
    const target = { write: (_: Buffer, done: (error: null) => void) => done(null) };
    snapshot = await transferSnapshot(connection, command, target, {
      onPsyncReply: (line) => {
        say(`PSYNC replied ${line}`);
        if (!line.startsWith('+CONTINUE')) return;
        kind = 'Partial resync';
        say(`${kind} with master...`);
      },
      onFrame: (frame) => {
        const what =
          frame.kind === 'mark'
            ? 'bytes of bulk transfer until EOF marker...'
            : `${frame.bytes} bytes of bulk transfer...`;
        say(`${kind} with master, discarding ${what}`);
      },
    });
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new CliError(
      error.kind === 'refused'
        ? `SYNC with master failed: ${textFromBytes(error.message)}`
        : `Error reading RDB payload while ${kind}ing`,
    );
  }
  const hasMark = snapshot?.frame.kind === 'mark';
  const size = hasMark ? ` after ${snapshot!.sizeBytes} bytes` : '';
  say(`${kind} done${size}. Logging commands from master.`);
  const stopAcknowledging = hasMark ? acknowledge(timers, connection, say) : () => undefined;
  try {
    for (;;) {
      const streamed = await connection.read();
      stopAcknowledging();
      terminal.write(formatReply(streamed, { mode: 'csv', elementDelimiter: '', replyDelimiter: '' }));
    }
  } catch (error) {
    if (error instanceof ConnectionLost) return error.message;
    throw error;
  } finally {
    stopAcknowledging();
  }
}

/** Until the stream begins: the master may not have noticed yet that the snapshot is out. It answers nothing. */
function acknowledge(timers: Timers, connection: CliConnection, say: (text: string) => void): () => void {
  say('sending REPLCONF ACK 0');
  const send = (): void => connection.send(['REPLCONF', 'ACK', '0']);
  send();
  const timer = timers.every(ACKNOWLEDGE_EVERY_MS, send);
  return () => timer.cancel();
}
