/** `--replica`: the stream of commands that the master sends to its replicas. */
import { CliError } from '../errors.js';
import { showStream } from '../replica-output.js';
import type { Mode } from './mode.js';
import { ModeServer } from './mode-server.js';
import { announce } from './replica-configuration.js';

export const replica: Mode = async (context) => {
  const { platform, terminal } = context;
  const server = await ModeServer.connect(context);
  await announce(context, server, 'capa', 'eof');
  // No filter, so that all of the dataset is sent.
  await announce(context, server, 'rdb-filter-only', '');
  const reason = await showStream({ terminal, timers: platform.timers }, server.connection, ['SYNC']);
  throw new CliError(`Error: ${reason}`);
};
