/** `--hotkeys`: the keys that are used most, where the server counts uses (maxmemory-policy *lfu). */
import { quoteBytes, textFromBytes } from '../../resp/ascii.js';
import type { WireReply } from '../../resp/reply-reader.js';
import { CliError } from '../errors.js';
import { percentage } from './figures.js';
import { databaseSize, KeyspaceWalk } from './keyspace-walk.js';
import type { Mode, ModeContext } from './mode.js';
import { ModeServer } from './mode-server.js';

const MOST_SHOWN = 16;
const REPORT_EVERY_KEYS = 1_000_000;
/** `-i` is how long to wait after so many SCANs. */
const PAUSE_EVERY_SCANS = 100;

export const hotKeys: Mode = async (context) => {
  const { terminal, options } = context;
  const server = await ModeServer.connect(context);
  const walk = new KeyspaceWalk(context, server);
  const keyCount = await databaseSize(server);
  const ranking = new HotKeyRanking();
  terminal.write(
    '\n# Scanning the entire keyspace to find hot keys as well as\n' +
      '# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec\n' +
      '# per 100 SCAN commands (not usually needed).\n\n',
  );
  let [sampled, scans, progress] = [0, 0, ''];
  for (let keys = await walk.next(); keys !== null; keys = await walk.next()) {
    progress = `[${percentage(sampled, keyCount)}]`;
    const replies = await server.askAll(keys.map((key) => ['OBJECT', 'FREQ', key]));
    keys.forEach((key, index) => {
      const uses = usesOf(context, key, replies[index]!);
      sampled++;
      if (sampled % REPORT_EVERY_KEYS === 0) terminal.write(`${progress} Sampled ${sampled} keys so far\n`);
      if (!ranking.offer(quoteBytes(key), uses)) return;
      terminal.write(`${progress} Hot key '${quoteBytes(key)}' found so far with counter ${uses}\n`);
    });
    if (options.intervalMs > 0 && ++scans % PAUSE_EVERY_SCANS === 0) await server.pause(options.intervalMs);
  }
  const found = ranking.hottestFirst
    .map(({ key, uses }) => `hot key found with counter: ${uses}\tkeyname: ${key}\n`)
    .join('');
  const prefix = walk.isCancelled ? `${progress} ` : '';
  terminal.write(`\n-------- summary -------\n\n${prefix}Sampled ${sampled} keys in the keyspace!\n${found}`);
  server.close();
  return 0;
};

/** @throws CliError when the server does not count uses */
function usesOf({ terminal }: ModeContext, key: string, reply: WireReply): number {
  if (reply.type === 'integer') return Number(reply.digits);
  if (reply.type === 'error') throw new CliError(`Error: ${textFromBytes(reply.text)}`);
  terminal.writeError(`Warning: OBJECT freq on '${quoteBytes(key)}' failed (may have been deleted)\n`);
  return 0;
}

interface HotKey {
  readonly key: string;
  readonly uses: number;
}

/** The hottest keys so far; among equals those that came first are hotter. */
export class HotKeyRanking {
  /** Coolest first, and the latest of equals first. */
  private readonly kept: HotKey[] = [];

  get hottestFirst(): readonly HotKey[] {
    return this.kept.toReversed();
  }

  /** Whether the key is among the hottest now. */
  offer(key: string, uses: number): boolean {
    const place = this.kept.findIndex((other) => other.uses >= uses);
    const cooler = place === -1 ? this.kept.length : place;
    const isFull = this.kept.length === MOST_SHOWN;
    if (uses === 0 || (isFull && cooler === 0)) return false;
    this.kept.splice(cooler, 0, { key, uses });
    if (isFull) this.kept.shift();
    return true;
  }
}
