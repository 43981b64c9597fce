/**
 * Checks an append-only log, or a single file of one, without a server: vedette-check-aof. Says up to which byte a file
 * is right and why no further, and can cut off the rest of the last file, in the form of redis-check-aof.
 */
import { dirname } from 'node:path';
import { CommandReader } from '../persistence/aof/command-reader.js';
import { filesToLoad, ManifestError, parseManifest } from '../persistence/aof/manifest.js';
import type { Platform } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import { isWord, textFromBytes } from '../resp/ascii.js';
import { parseSafeInteger } from '../resp/numbers.js';
import { RdbCheck } from './check-rdb.js';
import { fileBlocks, truncateFile } from './file-blocks.js';

/** Nothing more can be said; what is wrong has been. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
}

/** What to do besides checking. */
export interface CheckOptions {
  /** Cut off what is damaged. */
  readonly fix: boolean;
  /** Cut off what was written after this second; null: do not. */
  readonly toTimestamp: number | null;
}

export interface CheckTalk {
  readonly print: (text: string) => void;
  /** Asks a person whether to go on. */
  readonly confirm: (question: string) => Promise<boolean>;
}

type Verdict = 'ok' | 'empty' | 'truncated' | 'truncated to timestamp';

/** What a pass over a file found. */
interface Findings {
  /** Up to here it is right, between transactions. */
  readonly rightBytes: number;
  /** Lines counted from 1, up to where reading came. */
  readonly line: number;
  /** The place of the first command that is too late for a `toTimestamp`. */
  readonly tooLateAt: number | null;
}

const SNAPSHOT_MAGIC = 'REDIS';
const OFFSET_WIDTH = 16;

export class LogCheck {
  constructor(
    private readonly platform: Platform,
    private readonly options: CheckOptions,
    private readonly talk: CheckTalk,
  ) {}

  /**
   * Checks what a path names: a manifest with its files, or one file.
   * @throws CheckFailed
   */
  async check(path: string): Promise<void> {
    const beginning = await this.beginningOf(path);
    if (beginning.startsWith('file ') || (beginning.startsWith('#') && (await this.isManifest(path)))) {
      await this.checkManifest(path);
      return;
    }
    this.print('Start checking Old-Style AOF');
    const verdict = await this.checkFile(path, path, true, beginning.startsWith(SNAPSHOT_MAGIC));
    this.report(verdict, path, 'AOF');
  }

  private async checkManifest(path: string): Promise<void> {
    this.print('Start checking Multi Part AOF');
    const manifest = this.readManifest(path);
    const files = filesToLoad(manifest);
    let saysIncrements = true;
    for (const file of files) {
      const name = textFromBytes(file.name);
      const filePath = `${dirname(path)}/${name}`;
      const isBase = file === manifest.base;
      const hasSnapshot = (await this.beginningOf(filePath)).startsWith(SNAPSHOT_MAGIC);
      if (isBase) {
        this.print(`Start to check BASE AOF (${hasSnapshot ? 'RDB' : 'RESP'} format).`);
      } else if (saysIncrements) {
        saysIncrements = false;
        this.print('Start to check INCR files.');
      }
      const verdict = await this.checkFile(name, filePath, file === files.at(-1), hasSnapshot);
      this.report(verdict, name, isBase ? 'BASE AOF' : 'INCR AOF');
    }
    this.print('All AOF files and manifest are valid');
  }

  private readManifest(path: string): ReturnType<typeof parseManifest> {
    try {
      return parseManifest(this.platform.disk.readFileSync(path).latin1Slice());
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      for (const line of error.report) this.print(line);
      throw new CheckFailed();
    }
  }

  private async isManifest(path: string): Promise<boolean> {
    for await (const block of fileBlocks(this.platform.disk, path)) {
      return /^(#.*\n)*file /.test(block.latin1Slice());
    }
    return false;
  }

  private async checkFile(
    name: string,
    path: string,
    isLast: boolean,
    hasSnapshot: boolean,
  ): Promise<Verdict> {
    const { toTimestamp } = this.options;
    const size = this.platform.disk.statusSync(path)?.sizeBytes ?? 0;
    if (size === 0) return 'empty';
    const { rightBytes, line, tooLateAt } = await this.read(name, path, hasSnapshot);
    if (tooLateAt !== null) {
      await this.cutToTimestamp(path, tooLateAt, isLast);
      return 'truncated to timestamp';
    }
    const surplus = size - rightBytes;
    if (surplus === 0 && toTimestamp !== null) {
      this.print(`Truncate nothing in AOF ${name} to timestamp ${toTimestamp}`);
      return 'ok';
    }
    this.print(
      `AOF analyzed: filename=${name}, size=${size}, ok_up_to=${rightBytes}, ok_up_to_line=${line}, diff=${surplus}`,
    );
    if (surplus === 0) return 'ok';
    if (!this.options.fix) this.fail(`AOF ${name} is not valid. Use the --fix option to try fixing it.`);
    if (!isLast) this.fail(`Failed to truncate AOF ${name} because it is not the last file`);
    this.print(
      `This will shrink the AOF ${name} from ${size} bytes, with ${surplus} bytes, to ${rightBytes} bytes`,
    );
    if (!(await this.talk.confirm('Continue? [y/N]: '))) this.fail('Aborting...');
    await truncateFile(this.platform.disk, path, rightBytes);
    return 'truncated';
  }

  /** Reads a file as far as it is right, and says why it is not. */
  private async read(name: string, path: string, hasSnapshot: boolean): Promise<Findings> {
    const snapshot = hasSnapshot ? new RdbCheck(this.platform, name, (line) => this.print(line)) : null;
    let scan = hasSnapshot ? null : new CommandScan(path, 0, this.options.toTimestamp);
    for await (const block of fileBlocks(this.platform.disk, path)) {
      if (scan !== null) scan.push(block);
      else if (snapshot?.push(block) === false) this.fail(INSANE_PREAMBLE);
      if (scan === null && snapshot?.isComplete === true) {
        this.print('RDB preamble is OK, proceeding with AOF tail...');
        scan = new CommandScan(path, snapshot.offset, this.options.toTimestamp);
        scan.push(snapshot.takeRest());
      }
      if (scan?.isOver === true) break;
    }
    if (scan === null) {
      snapshot?.end();
      return this.fail(INSANE_PREAMBLE);
    }
    scan.end();
    if (scan.isForeign) this.print(`AOF ${name} format error`);
    if (scan.problem !== null) {
      const { offset, reason } = scan.problem;
      this.print(`0x${offset.toString(16).padStart(OFFSET_WIDTH)}: ${reason}`);
    }
    return { rightBytes: scan.rightBytes, line: scan.line, tooLateAt: scan.tooLateAt };
  }

  private async cutToTimestamp(path: string, offset: number, isLast: boolean): Promise<void> {
    const timestamp = this.options.toTimestamp;
    if (offset === 0) this.fail(`AOF ${path} has nothing before timestamp ${timestamp}, aborting...`);
    if (!isLast) {
      this.print(
        `Failed to truncate AOF ${path} to timestamp ${timestamp} to offset ${offset} because it is not the last file.`,
      );
      this.fail(
        'If you insist, please delete all files after this file according to the manifest file and delete the ' +
          'corresponding records in manifest file manually. Then re-run vedette-check-aof.',
      );
    }
    await truncateFile(this.platform.disk, path, offset);
  }

  private report(verdict: Verdict, name: string, kind: string): void {
    switch (verdict) {
      case 'ok':
        return this.print(`${kind} ${name} is valid`);
      case 'empty':
        return this.print(`${kind} ${name} is empty`);
      case 'truncated':
        return this.print(`Successfully truncated AOF ${name}`);
      case 'truncated to timestamp':
        return this.print(`Successfully truncated AOF ${name} to timestamp ${this.options.toTimestamp}`);
    }
  }

  private async beginningOf(path: string): Promise<string> {
    try {
      for await (const block of fileBlocks(this.platform.disk, path))
        return block.subarray(0, 16).latin1Slice();
      return '';
    } catch (error) {
      return this.fail(`Cannot open file ${path}: ${systemErrorText(error)}, aborting...`);
    }
  }

  private print(line: string): void {
    this.talk.print(`${line}\n`);
  }

  private fail(line: string): never {
    this.print(line);
    throw new CheckFailed(line);
  }
}

const INSANE_PREAMBLE = 'RDB preamble of AOF file is not sane, aborting.';

/** A pass over the commands of a file. */
class CommandScan {
  rightBytes: number;
  problem: { readonly offset: number; readonly reason: string } | null = null;
  /** What comes is neither a command nor an annotation. */
  isForeign = false;
  tooLateAt: number | null = null;
  private readonly reader: CommandReader;
  private isInTransaction = false;

  constructor(
    private readonly path: string,
    startOffset: number,
    private readonly toTimestamp: number | null,
  ) {
    this.reader = new CommandReader(startOffset);
    this.rightBytes = startOffset;
  }

  get isOver(): boolean {
    return this.problem !== null || this.isForeign || this.tooLateAt !== null;
  }

  get line(): number {
    return this.reader.lines + 1;
  }

  push(block: Buffer): void {
    const { reader } = this;
    reader.feed(block);
    while (!this.isOver) {
      const start = reader.wholeBytes;
      const found = reader.next();
      if (found === 'more') return;
      if (found === 'malformed') {
        const { malformation } = reader;
        // At the place where a command should begin, stock just says that this is none.
        this.isForeign = malformation?.offset === start;
        if (!this.isForeign) this.problem = malformation;
        return;
      }
      if (found === 'annotation') this.annotation(reader.annotation, start);
      else this.command(reader.args[0], start);
      if (!this.isInTransaction && !this.isOver) this.rightBytes = reader.wholeBytes;
    }
  }

  /** The file has ended. */
  end(): void {
    if (this.isOver) return;
    const { reader } = this;
    if (reader.missing !== null) {
      const { offset, wanted, got } = reader.missing;
      this.problem = { offset, reason: `Expected to read ${wanted} bytes, got ${got} bytes` };
    } else if (this.isInTransaction) {
      this.problem = { offset: reader.wholeBytes, reason: 'Reached EOF before reading EXEC for MULTI' };
    }
  }

  private annotation(text: string, start: number): void {
    if (this.toTimestamp === null || !text.startsWith('#TS:')) return;
    const seconds = parseSafeInteger(text.slice(4));
    if (Number.isNaN(seconds)) this.problem = { offset: start, reason: 'Invalid timestamp annotation' };
    else if (seconds > this.toTimestamp) this.tooLateAt = start;
  }

  private command(name: string, start: number): void {
    const isBegin = isWord(name, 'multi');
    if (isBegin === this.isInTransaction && (isBegin || isWord(name, 'exec'))) {
      const word = isBegin ? 'MULTI' : 'EXEC';
      this.problem = { offset: start, reason: `Unexpected ${word} in AOF ${this.path}` };
    } else if (isBegin) {
      this.isInTransaction = true;
    } else if (isWord(name, 'exec')) {
      this.isInTransaction = false;
    }
  }
}
