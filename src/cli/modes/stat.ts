/** `--stat`: a line of figures every second, from INFO. */
import { textFromBytes } from '../../resp/ascii.js';
import { CliError } from '../errors.js';
import { humanBytes } from './figures.js';
import type { Mode } from './mode.js';
import { ModeServer } from './mode-server.js';

const DEFAULT_INTERVAL_MS = 1000;
const HEADER_EVERY_LINES = 20;
const HEADER =
  '------- data ------ --------------------- load -------------------- - child -\n' +
  'keys       mem      clients blocked requests            connections          \n';

export const stat: Mode = async (context) => {
  const { terminal, options } = context;
  const server = await ModeServer.connect(context);
  let earlierRequests = 0;
  for (let line = 0; ; line++) {
    const reply = await server.askPersistently('INFO');
    if (reply.type === 'error') throw new CliError(`ERROR: ${textFromBytes(reply.text)}`);
    const info = reply.type === 'bulk' || reply.type === 'verbatim' ? reply.text : '';
    const requests = infoNumber(info, 'total_commands_processed');
    if (line % HEADER_EVERY_LINES === 0) terminal.write(HEADER);
    terminal.write(statLine(info, earlierRequests === 0 ? 0 : requests - earlierRequests));
    earlierRequests = requests;
    await server.pause(options.intervalMs > 0 ? options.intervalMs : DEFAULT_INTERVAL_MS);
  }
};

/** One line of the table. */
export function statLine(info: string, newRequests: number): string {
  const requests = infoNumber(info, 'total_commands_processed');
  return [
    String(keyCount(info)).padEnd(11),
    humanBytes(infoNumber(info, 'used_memory')).padEnd(8),
    ` ${String(infoNumber(info, 'connected_clients')).padEnd(8)}`,
    String(infoNumber(info, 'blocked_clients')).padEnd(8),
    `${requests} (+${newRequests})`.padEnd(19),
    ` ${String(infoNumber(info, 'total_connections_received')).padEnd(12)}`,
    background(info),
    '\n',
  ].join('');
}

function background(info: string): string {
  if (infoNumber(info, 'loading') !== 0) return 'LOAD';
  const work: string[] = [];
  if (infoNumber(info, 'rdb_bgsave_in_progress') !== 0) work.push('SAVE');
  if (infoNumber(info, 'aof_rewrite_in_progress') !== 0) work.push('AOF');
  return work.join('+');
}

function keyCount(info: string): number {
  return [...info.matchAll(/^db[0-9]+:keys=([0-9]+)/gm)].reduce((sum, [, keys]) => sum + Number(keys), 0);
}

/** 0 for a field that is not there. */
function infoNumber(info: string, field: string): number {
  return Number(new RegExp(`^${field}:(-?[0-9]+)`, 'm').exec(info)?.[1] ?? 0);
}
