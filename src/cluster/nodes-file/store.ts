/**
 * Keeps nodes.conf up to date without ever standing still for the disk.
 *
 * All changes of one turn of the event loop share a write, and all that come while one is under way share the next. A
 * change that others must not hear of before it is durable (a vote, an epoch, a role) is a binding one: from its
 * saving on, what is to be sent waits in {@link NodesStore.whenBindingSaved} for the disk. What was only promised to
 * whoever asked for it (a slot that is open) keeps his reply back, and nothing else.
 *
 * A write and its fsync cost a node more than the rest of a slot's move does, and slots are moved by the thousand. So
 * there is a pause between two writes, unless the second is for something that cannot wait.
 */
import type { Logger } from '../../log/logger.js';
import type { Disk, Timer, Timers } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';

const FILE_MODE = 0o644;
/** Between the beginnings of two writes that are not urgent. */
const PACE_MS = 10;

export interface NodesStoreParts {
  readonly path: string;
  /** The file as it has to be now. */
  readonly content: () => string;
  readonly disk: Disk;
  readonly timers: Timers;
  readonly log: Logger;
  /** The file cannot be written: this node cannot keep its promises any more. */
  readonly onFailure: () => void;
}

interface Waiting {
  /** Runs when the change of this number is durable. */
  readonly ticket: number;
  readonly run: () => void;
}

export class NodesStore {
  private isDirty = false;
  private isScheduled = false;
  private isWriting = false;
  private isClosed = false;
  /** There is something to be written that does not wait for the pause to end. */
  private isUrgent = false;
  private pause: Timer | null = null;
  /** Numbers of changes that somebody waits for: the last one, the last binding one, and the last that is durable. */
  private lastTicket = 0;
  private bindingTicket = 0;
  private durableTicket = 0;
  private waiting: Waiting[] = [];

  constructor(private readonly parts: NodesStoreParts) {}

  /** Something changed that the file should hold; whoever hears of it earlier is told nothing wrong. */
  save(): void {
    this.isDirty = true;
    this.schedule();
  }

  /**
   * Something changed that must be durable before anybody is told.
   * @param haste `paced`: nobody waits for what this node will say of it, so that a few changes may share a write
   */
  saveBinding(haste: 'at-once' | 'paced' = 'at-once'): void {
    this.bindingTicket = ++this.lastTicket;
    if (haste === 'at-once') this.isUrgent = true;
    this.save();
  }

  /** Something changed that must be durable before whoever asked for it is answered; others may hear of it. */
  saveForReply(): void {
    this.lastTicket++;
    this.isUrgent = true;
    this.save();
  }

  /** How many changes there have been that a reply waits for, binding ones among them. */
  get promises(): number {
    return this.lastTicket;
  }

  /** All binding changes are durable. */
  get isBindingSaved(): boolean {
    return this.durableTicket >= this.bindingTicket;
  }

  /** Calls back when all binding changes made so far are durable, in the order of asking; at once if they are. */
  whenBindingSaved(run: () => void): void {
    this.whenDurable(this.bindingTicket, run);
  }

  /** The same for all {@link promises} made so far. */
  whenPromisesSaved(run: () => void): void {
    this.whenDurable(this.lastTicket, run);
  }

  private whenDurable(ticket: number, run: () => void): void {
    if (this.durableTicket >= ticket) run();
    else this.waiting.push({ ticket, run });
  }

  /**
   * Writes now, before anything goes on. Returns the system's reason when that fails. A write that is under way would put
   * an older file in the place of the new one: then it is a binding change instead, which the reply waits for.
   */
  saveNow(): string | null {
    if (this.isWriting) {
      this.saveBinding();
      return null;
    }
    const { disk, path, content } = this.parts;
    try {
      disk.replaceFileSync(path, Buffer.from(content(), 'latin1'), FILE_MODE);
      return null;
    } catch (error) {
      return systemErrorText(error);
    }
  }

  close(): void {
    this.isClosed = true;
    this.pause?.cancel();
    this.waiting = [];
  }

  private schedule(): void {
    if (this.isScheduled || this.isWriting || this.isClosed) return;
    if (this.pause !== null && !this.isUrgent) return;
    this.isScheduled = true;
    this.parts.timers.endOfTurn(() => {
      this.isScheduled = false;
      this.write();
    });
  }

  private write(): void {
    if (this.isClosed) return;
    const { disk, path, content, log, onFailure } = this.parts;
    const ticket = this.lastTicket;
    this.isDirty = false;
    this.isUrgent = false;
    this.isWriting = true;
    this.beginPause();
    disk.replaceFile(path, Buffer.from(content(), 'latin1'), FILE_MODE, (error) => {
      this.isWriting = false;
      if (this.isClosed) return;
      if (error !== null) {
        log.warning(`Fatal: can't update cluster config file. (${systemErrorText(error)})`);
        onFailure();
        return;
      }
      this.durableTicket = ticket;
      if (this.isDirty) this.schedule();
      this.release();
    });
  }

  private beginPause(): void {
    this.pause?.cancel();
    this.pause = this.parts.timers.after(PACE_MS, () => {
      this.pause = null;
      if (this.isDirty) this.schedule();
    });
  }

  private release(): void {
    const { waiting, durableTicket } = this;
    this.waiting = waiting.filter(({ ticket }) => ticket > durableTicket);
    for (const { ticket, run } of waiting) if (ticket <= durableTicket) run();
  }
}
