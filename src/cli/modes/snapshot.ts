/** `--rdb` and `--functions-rdb`: the server's dataset, or its functions, as a snapshot file or on standard output. */
import { systemErrorText } from '../../platform/system-errors.js';
import { bytesFromText, textFromBytes } from '../../resp/ascii.js';
import { CliError } from '../errors.js';
import { SnapshotFile } from '../snapshot-file.js';
import { SnapshotError, transferSnapshot, type SnapshotTarget } from '../snapshot-transfer.js';
import type { Mode, ModeContext } from './mode.js';
import { ModeServer } from './mode-server.js';
import { announce } from './replica-configuration.js';

const STANDARD_OUTPUT = '-';

export const saveSnapshot: Mode = async (context) => {
  const { terminal, options } = context;
  const { snapshotPath: path } = options.modes;
  const server = await ModeServer.connect(context);
  await announce(context, server, 'capa', 'eof');
  await announce(context, server, 'rdb-only', '1');
  const functionsOnly = options.modes.chosen.has('functions-rdb');
  if (functionsOnly && !(await announce(context, server, 'rdb-filter-only', 'functions'))) {
    throw new CliError('Failed requesting functions only RDB from server, aborting');
  }
  const file = path === STANDARD_OUTPUT ? null : await openFile(context, path);
  const target: SnapshotTarget = file ?? {
    write: (bytes, done) => {
      terminal.write(bytes.latin1Slice());
      done(null);
    },
  };
  try {
    const snapshot = await transferSnapshot(server.connection, ['SYNC'], target, {
      onFrame: (frame) => {
        const what =
          frame.kind === 'mark' ? 'bytes of bulk transfer until EOF marker' : `${frame.bytes} bytes`;
        terminal.writeError(`SYNC sent to master, writing ${what} to '${bytesFromText(path)}'\n`);
      },
    });
    const size = snapshot?.frame.kind === 'mark' ? ` after ${snapshot.sizeBytes} bytes` : '.';
    terminal.writeError(`Transfer finished with success${size}\n`);
    // The master need not wait for our disk.
    server.close();
    await file?.publish();
    return 0;
  } catch (error) {
    file?.discard();
    if (error instanceof SnapshotError) throw new CliError(failureText(error));
    throw new CliError(`Fail to fsync '${path}': ${systemErrorText(error as Error)}`);
  } finally {
    server.close();
  }
};

async function openFile({ platform }: ModeContext, path: string): Promise<SnapshotFile> {
  try {
    return await SnapshotFile.create(platform.disk, path);
  } catch (error) {
    throw new CliError(`Error opening '${path}': ${systemErrorText(error as Error)}`);
  }
}

function failureText({ kind, message }: SnapshotError): string {
  switch (kind) {
    case 'refused':
      return `SYNC with master failed: ${textFromBytes(message)}`;
    case 'lost':
      return 'I/O Error reading RDB payload from socket';
    case 'unwritable':
      return `Error writing data to file: ${message}`;
  }
}
