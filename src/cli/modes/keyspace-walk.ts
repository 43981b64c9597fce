/** Walking all keys with SCAN, for the modes that look at each of them. Ctrl-C ends the walk, not the program. */
import { textFromBytes } from '../../resp/ascii.js';
import { CliError } from '../errors.js';
import type { ModeContext } from './mode.js';
import type { ModeServer } from './mode-server.js';

export class KeyspaceWalk {
  /** True once the person has ended it. */
  isCancelled = false;
  private cursor: string | null = '0';
  private readonly stopListening: () => void;

  constructor(
    { platform, options }: ModeContext,
    private readonly server: ModeServer,
    private readonly settings: { readonly pattern: string | null; readonly count: number } = options.modes,
  ) {
    this.stopListening = platform.processes.onSignal('SIGINT', () => (this.isCancelled = true));
  }

  /** The next keys, perhaps none; null at the end. @throws CliError when the server refuses */
  async next(): Promise<readonly string[] | null> {
    if (this.cursor === null || this.isCancelled) {
      this.stopListening();
      return null;
    }
    const { pattern, count } = this.settings;
    const match = pattern === null ? [] : ['MATCH', pattern];
    const reply = await this.server.ask('SCAN', this.cursor, ...match, 'COUNT', String(count));
    if (reply.type === 'error') throw new CliError(`SCAN error: ${textFromBytes(reply.text)}`);
    if (reply.type !== 'array') throw new CliError('Non ARRAY response from SCAN!');
    const [cursor, keys] = reply.items;
    if (reply.items.length !== 2 || cursor?.type !== 'bulk' || keys?.type !== 'array') {
      throw new CliError('Invalid element count from SCAN!');
    }
    this.cursor = cursor.text === '0' ? null : cursor.text;
    return keys.items.map((key) => (key.type === 'bulk' ? key.text : ''));
  }
}

/** @throws CliError when the server refuses */
export async function databaseSize(server: ModeServer): Promise<number> {
  const reply = await server.ask('DBSIZE');
  if (reply.type === 'integer') return Number(reply.digits);
  throw new CliError(
    reply.type === 'error'
      ? `Couldn't determine DBSIZE: ${textFromBytes(reply.text)}`
      : 'Non INTEGER response from DBSIZE!',
  );
}
