/**
 * The replication stream that this instance produces or passes on, with the backlog it is kept in.
 *
 * A master's writes arrive through {@link append}, which puts SELECT before them where the database changes. A
 * replica passes on its master's bytes unchanged through {@link appendRaw}, so that offsets are the same along a
 * chain. While there is no backlog nothing is kept: nobody follows, and what is appended (as long as there is an
 * append-only log) only moves the offset on by one a command, so that it still tells one write from the next.
 */
import type { PropagationSink } from '../server/propagation.js';
import { encodeCommands } from './command-bytes.js';
import { Backlog } from './backlog.js';
import { advance, START, type Offset } from './identity.js';

/** Lower case, as stock sends it. */
const PING = Buffer.from('*1\r\n$4\r\nping\r\n', 'latin1');
const GETACK = Buffer.from('*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n', 'latin1');

/** No database is selected: the next command must be preceded by SELECT. */
const NONE = -1;

export class OutgoingStream implements PropagationSink {
  readonly destination = 'replicas';
  private currentBacklog: Backlog | null = null;
  private offsetWithoutBacklog: Offset = START;
  private lastWrite: Offset = START;
  private selected = NONE;
  private readonly selectCommands: Buffer[] = [];

  /** @param onAppend called after every append: there is something to send */
  constructor(private readonly onAppend: () => void) {}

  get backlog(): Backlog | null {
    return this.currentBacklog;
  }

  /** INFO's `master_repl_offset`. */
  get offset(): Offset {
    return this.currentBacklog?.offset ?? this.offsetWithoutBacklog;
  }

  /** The offset after the last write: what came since is only about the stream itself. */
  get lastWriteOffset(): Offset {
    return this.lastWrite;
  }

  /** The database that a follower has selected at this point; 0 when SELECT comes next anyway. */
  get selectedDatabase(): number {
    return this.selected === NONE ? 0 : this.selected;
  }

  /** Begins to keep the stream, from the present offset on. */
  createBacklog(sizeBytes: number): void {
    this.currentBacklog ??= new Backlog(sizeBytes, this.offset);
  }

  /** Stops keeping the stream. No cursor may be open. */
  dropBacklog(): void {
    this.offsetWithoutBacklog = this.offset;
    this.currentBacklog = null;
  }

  /** Continues at another offset, with an empty backlog if there was one: another history begins. */
  restartAt(offset: Offset): void {
    const sizeBytes = this.currentBacklog?.sizeBytes;
    this.offsetWithoutBacklog = offset;
    this.lastWrite = offset;
    this.currentBacklog = sizeBytes === undefined ? null : new Backlog(sizeBytes, offset);
    this.forgetSelection();
  }

  /** Forces SELECT before the next command: whoever begins to follow here has no database selected. */
  forgetSelection(): void {
    this.selected = NONE;
  }

  append(databaseIndex: number, encoded: Buffer): void {
    const backlog = this.currentBacklog;
    if (backlog === null) return this.count();
    if (databaseIndex >= 0 && databaseIndex !== this.selected) {
      this.selected = databaseIndex;
      backlog.append(this.selectCommand(databaseIndex));
    }
    backlog.append(encoded);
    this.lastWrite = backlog.offset;
    this.onAppend();
  }

  /** Passes on bytes of a master's stream. */
  appendRaw(bytes: Buffer): void {
    const backlog = this.currentBacklog;
    if (backlog === null) return;
    backlog.append(bytes);
    this.lastWrite = backlog.offset;
    this.onAppend();
  }

  /** Keeps replicas from timing out. */
  appendPing(): void {
    this.appendSign(PING);
  }

  /** Asks all replicas how far they are. */
  appendAckRequest(): void {
    this.appendSign(GETACK);
  }

  private count(): void {
    this.offsetWithoutBacklog = advance(this.offsetWithoutBacklog, 1);
    this.lastWrite = this.offsetWithoutBacklog;
    this.onAppend();
  }

  private appendSign(bytes: Buffer): void {
    this.currentBacklog?.append(bytes);
    this.onAppend();
  }

  private selectCommand(databaseIndex: number): Buffer {
    return (this.selectCommands[databaseIndex] ??= encodeCommands([['SELECT', String(databaseIndex)]]));
  }
}
