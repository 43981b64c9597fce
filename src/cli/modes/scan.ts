/** `--scan`: the names of all keys, or of those that match. */
import { quoteBytes } from '../../resp/ascii.js';
import { KeyspaceWalk } from './keyspace-walk.js';
import type { Mode } from './mode.js';
import { ModeServer } from './mode-server.js';

export const scan: Mode = async (context) => {
  const { terminal, options, output } = context;
  const server = await ModeServer.connect(context);
  const walk = new KeyspaceWalk(context, server);
  for (let keys = await walk.next(); keys !== null; keys = await walk.next()) {
    for (const key of keys) terminal.write(`${output === 'terminal' ? quoteBytes(key) : key}\n`);
    if (options.intervalMs > 0) await server.pause(options.intervalMs);
  }
  server.close();
  return 0;
};
