/** `--bigkeys` and `--memkeys`: the largest key of each type, by number of elements or by memory. */
import { quoteBytes, textFromBytes } from '../../resp/ascii.js';
import type { WireReply } from '../../resp/reply-reader.js';
import { CliError } from '../errors.js';
import { percentage, twoDecimals } from './figures.js';
import { databaseSize, KeyspaceWalk } from './keyspace-walk.js';
import type { Mode, ModeContext } from './mode.js';
import { ModeServer } from './mode-server.js';

/** What is known of the keys of one type. */
interface TypeFigures {
  readonly name: string;
  /** The command that tells the number of elements; null where there is none. */
  readonly sizeCommand: string | null;
  readonly unit: string;
  count: number;
  totalSize: number;
  biggest: number;
  /** Quoted; null as long as no key has any size. */
  biggestKey: string | null;
}

/** In the order in which redis-cli sums them up. Types of modules come after them. */
const KNOWN_TYPES: readonly (readonly [name: string, sizeCommand: string, unit: string])[] = [
  ['list', 'LLEN', 'items'],
  ['hash', 'HLEN', 'fields'],
  ['string', 'STRLEN', 'bytes'],
  ['stream', 'XLEN', 'entries'],
  ['set', 'SCARD', 'members'],
  ['zset', 'ZCARD', 'members'],
];

const REPORT_EVERY_KEYS = 1_000_000;
/** `-i` is how long to wait after so many SCANs. */
const PAUSE_EVERY_SCANS = 100;

export const bigKeys: Mode = (context) => new BigKeys(context, null).run();

export const memoryKeys: Mode = (context) =>
  new BigKeys(context, context.options.modes.memorySamples ?? 0).run();

class BigKeys {
  private readonly types = new Map<string, TypeFigures>();
  private sampled = 0;
  private nameBytes = 0;
  private progress = '';

  /** @param samples how many elements MEMORY USAGE looks at (0: its own default); null: elements are counted */
  constructor(
    private readonly context: ModeContext,
    private readonly samples: number | null,
  ) {
    for (const [name, sizeCommand, unit] of KNOWN_TYPES) this.addType(name, sizeCommand, unit);
  }

  async run(): Promise<number> {
    const { terminal, options } = this.context;
    const server = await ModeServer.connect(this.context);
    const walk = new KeyspaceWalk(this.context, server);
    const keyCount = await databaseSize(server);
    terminal.write(
      '\n# Scanning the entire keyspace to find biggest keys as well as\n' +
        '# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec\n' +
        '# per 100 SCAN commands (not usually needed).\n\n',
    );
    let scans = 0;
    for (let keys = await walk.next(); keys !== null; keys = await walk.next()) {
      this.progress = `[${percentage(this.sampled, keyCount)}]`;
      await this.look(server, keys);
      if (options.intervalMs > 0 && ++scans % PAUSE_EVERY_SCANS === 0) await server.pause(options.intervalMs);
    }
    this.summarise(walk.isCancelled);
    server.close();
    return 0;
  }

  private addType(name: string, sizeCommand: string | null, unit: string): TypeFigures {
    const figures = { name, sizeCommand, unit, count: 0, totalSize: 0, biggest: 0, biggestKey: null };
    this.types.set(name, figures);
    return figures;
  }

  private async look(server: ModeServer, keys: readonly string[]): Promise<void> {
    const typeReplies = await server.askAll(keys.map((key) => ['TYPE', key]));
    const found = keys.flatMap((key, index) => {
      const type = this.typeOf(key, typeReplies[index]!);
      return type === null ? [] : [{ key, type, question: this.sizeQuestion(type, key) }];
    });
    const questions = found.flatMap(({ question }) => (question === null ? [] : [question]));
    const sizeReplies = await server.askAll(questions);
    let next = 0;
    for (const { key, type, question } of found) {
      this.count(type, key, question === null ? 0 : this.sizeOf(type, key, sizeReplies[next++]!));
    }
  }

  /** Null: the key is gone. */
  private typeOf(key: string, reply: WireReply): TypeFigures | null {
    if (reply.type === 'error') throw new CliError(`TYPE returned an error: ${textFromBytes(reply.text)}`);
    if (reply.type !== 'simple') {
      throw new CliError(`Invalid reply type for TYPE on key '${textFromBytes(key)}'!`);
    }
    if (reply.text === 'none') return null;
    return this.types.get(reply.text) ?? this.addType(reply.text, null, '?');
  }

  /** Null: the number of elements of such a value cannot be asked for. */
  private sizeQuestion({ sizeCommand }: TypeFigures, key: string): string[] | null {
    const { samples } = this;
    if (samples === null) return sizeCommand === null ? null : [sizeCommand, key];
    return ['MEMORY', 'USAGE', key, ...(samples === 0 ? [] : ['SAMPLES', String(samples)])];
  }

  private sizeOf({ sizeCommand }: TypeFigures, key: string, reply: WireReply): number {
    if (reply.type === 'integer') return Number(reply.digits);
    const asked = this.samples === null ? sizeCommand : 'MEMORY USAGE';
    this.context.terminal.writeError(`Warning:  ${asked} on '${key}' failed (may have changed type)\n`);
    return 0;
  }

  private count(type: TypeFigures, key: string, size: number): void {
    const { terminal } = this.context;
    type.totalSize += size;
    type.count++;
    this.nameBytes += key.length;
    this.sampled++;
    if (size > type.biggest) {
      type.biggest = size;
      type.biggestKey = quoteBytes(key);
      terminal.write(
        `${this.progress} Biggest ${type.name.padEnd(6)} found so far '${type.biggestKey}' with ${size} ${this.unitOf(type)}\n`,
      );
    }
    if (this.sampled % REPORT_EVERY_KEYS === 0) {
      terminal.write(`${this.progress} Sampled ${this.sampled} keys so far\n`);
    }
  }

  private unitOf({ unit }: TypeFigures): string {
    return this.samples === null ? unit : 'bytes';
  }

  private summarise(isCancelled: boolean): void {
    const { sampled, nameBytes } = this;
    const types = [...this.types.values()];
    const largest = types
      .filter(({ biggestKey }) => biggestKey !== null)
      .map((type) => {
        const { name, biggest, biggestKey } = type;
        return `Biggest ${name.padStart(6)} found '${biggestKey}' has ${biggest} ${this.unitOf(type)}\n`;
      });
    const totals = types.map((type) => {
      const { name, count, totalSize } = type;
      const share = percentage(count, Math.max(1, sampled));
      const average = twoDecimals(count === 0 ? 0 : totalSize / count);
      return `${count} ${name}s with ${totalSize} ${this.unitOf(type)} (${share} of keys, avg size ${average})\n`;
    });
    this.context.terminal.write(
      `\n-------- summary -------\n\n${isCancelled ? `${this.progress} ` : ''}` +
        `Sampled ${sampled} keys in the keyspace!\n` +
        `Total key length in bytes is ${nameBytes} (avg len ${twoDecimals(sampled === 0 ? 0 : nameBytes / sampled)})\n\n` +
        `${largest.join('')}\n${totals.join('')}`,
    );
  }
}
