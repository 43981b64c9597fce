/**
 * Checks a snapshot file as a server would load it, without a server: vedette-check-rdb. Says what is in it and, when it
 * is damaged, at which byte and why, in the form of redis-check-rdb.
 */
import { encodingLimitsOf } from '../server/encoding-limits.js';
import { ServerConfig } from '../config/server-config.js';
import { RdbError } from '../persistence/rdb/errors.js';
import { RdbReader, type RdbEntry, type RdbSink, type ReaderState } from '../persistence/rdb/reader.js';
import type { Platform } from '../platform/platform.js';
import { quoteBytes } from '../resp/ascii.js';

/** As redis-check-rdb calls what it was doing. */
const ACTIVITIES: Readonly<Record<ReaderState, string>> = {
  magic: 'start',
  opcode: 'read-type',
  key: 'read-key',
  value: 'read-object-value',
  'module data': 'read-module-aux',
  checksum: 'check-sum',
  complete: 'end',
  failed: 'end',
};

/** Takes a snapshot in blocks and writes down what it finds. */
export class RdbCheck implements RdbSink {
  private readonly reader: RdbReader;
  private keys = 0;
  private expires = 0;
  private alreadyExpired = 0;
  private isOver = false;

  constructor(
    private readonly platform: Platform,
    path: string,
    private readonly print: (line: string) => void,
  ) {
    const limits = encodingLimitsOf(new ServerConfig(platform.processes), 0);
    this.reader = new RdbReader(this, { limits, verifyChecksum: true });
    this.say(`Checking RDB file ${path}`);
  }

  /** The snapshot was whole; what else has been pushed is {@link rest}. */
  get isComplete(): boolean {
    return this.reader.isComplete;
  }

  get offset(): number {
    return this.reader.offset;
  }

  takeRest(): Buffer {
    return this.reader.takeRest();
  }

  /** Takes the next block. False when the snapshot is damaged, which has been said. */
  push(block: Buffer): boolean {
    return this.attempt(() => this.reader.push(block));
  }

  /** The file has ended. */
  end(): boolean {
    return this.isOver || this.attempt(() => this.reader.end());
  }

  onAux(name: string, value: string): void {
    this.say(`AUX FIELD ${name} = '${value}'`);
  }

  onFunction(): void {
    // Whether a library compiles is not a matter of the file's format.
  }

  onSelectDatabase(index: number): void {
    this.say(`Selecting DB ID ${index}`);
  }

  onSizeHint(): void {
    // Only a hint.
  }

  onEntry({ expireAtMs }: RdbEntry): void {
    this.keys++;
    if (expireAtMs === -1) return;
    this.expires++;
    if (expireAtMs < this.platform.clock.nowMs()) this.alreadyExpired++;
  }

  onEmptyKey(key: string): void {
    this.say(`Empty key ${quoteBytes(key)}, which a server skips`);
  }

  onModuleAux(moduleName: string): void {
    this.say(`MODULE AUX of ${moduleName}`);
  }

  onEnd(): void {
    this.isOver = true;
    this.say('Checksum OK');
    this.say('\\o/ RDB looks OK! \\o/');
    this.summarise();
  }

  private attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      this.isOver = true;
      const { state, key } = this.reader.activity;
      this.print('--- RDB ERROR DETECTED ---');
      this.print(`[offset ${error.offset}] ${error.reason}`);
      this.print(`[additional info] While doing: ${ACTIVITIES[state]}`);
      if (key !== null) this.print(`[additional info] Reading key ${quoteBytes(key)}`);
      this.summarise();
      return false;
    }
  }

  private say(text: string): void {
    this.print(`[offset ${this.reader.offset}] ${text}`);
  }

  private summarise(): void {
    this.print(`[info] ${this.keys} keys read`);
    this.print(`[info] ${this.expires} expires`);
    this.print(`[info] ${this.alreadyExpired} already expired`);
  }
}
