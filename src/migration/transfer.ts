/**
 * One MIGRATE at work: keys go out in a pipeline, and each is deleted here when the target has acknowledged it.
 *
 * What holds at every moment:
 * - A key is held (see key-holds.ts) from before it is serialised until its reply has been dealt with, so that the
 *   target has its last value. If it was changed all the same (by a script that did not declare it), it is sent again.
 * - A key is deleted here only after the target has said that it has it, and its DEL is propagated before anybody is
 *   told. What is not acknowledged stays.
 * - Nothing is deleted while writes are paused (a failover may be under way), nor once this server has another role.
 *
 * It works in slices, stops when the target does not take more, and gives up when the target shows no sign of life
 * for the given time.
 */
import { ReplyError, type Reply } from '../client/reply.js';
import type { Database } from '../keyspace/database.js';
import type { Entry } from '../keyspace/entry.js';
import { Deque } from '../keyspace/values/deque.js';
import type { DumpEncoder, DumpOptions } from '../persistence/rdb/dump-payload.js';
import { isLargeValue } from '../persistence/rdb/value-encoder.js';
import type { Timer } from '../platform/platform.js';
import type { Client } from '../server/client.js';
import type { KeyHold } from '../server/key-holds.js';
import { EventClass } from '../server/notifications.js';
import type { Server } from '../server/server.js';
import { LargePayload } from './large-payload.js';
import type { LinkCache } from './link-cache.js';
import type { MigrateRequest } from './request.js';
import { tailOf, type RestoreMessages } from './restore-messages.js';
import type { LinkFailure, LinkUser, TargetLink } from './target-link.js';

/** Serialised in one go; then others are served. */
const SLICE_BYTES = 64 * 1024;
const SLICE_KEYS = 256;
/** Sent and not acknowledged: more would only make writers wait longer. */
const WINDOW_BYTES = 1024 * 1024;

const CONNECTING_FAILED = 'IOERR error or timeout connecting to the client';
const WRITING_FAILED = 'IOERR error or timeout writing to target instance';
const READING_FAILED = 'IOERR error or timeout reading to target instance';
const SHUTTING_DOWN = 'ERR Server is shutting down, not all keys were moved';

/** What all transfers of a server share. */
export interface TransferContext {
  readonly server: Server;
  readonly links: LinkCache;
  readonly dumpOptions: () => DumpOptions;
  /** For values that are serialised in one go. */
  readonly dumps: DumpEncoder;
  /** Whoever adds to the batch takes it before it returns. */
  readonly messages: RestoreMessages;
}

/** A key that is held and on its way. */
class Parcel {
  sizeBytes = 0;

  constructor(
    readonly key: string,
    /** What the target has under this name is ours to replace. */
    readonly replaces: boolean,
    readonly entry: Entry,
    readonly hold: KeyHold,
    /** The payload in the making, for a large value. */
    readonly payload: LargePayload | null,
  ) {}
}

export class Transfer implements LinkUser {
  private link: TargetLink | null = null;
  private isReady = false;
  private hasRetried = false;
  private isStopping = false;
  private isOver = false;

  private nextKey = 0;
  /** Keys that the target may have, in a form that is not their last. */
  private sendAgain: { readonly key: string; readonly replaces: boolean }[] = [];
  private readonly sent = new Deque<Parcel>();
  private sentBytes = 0;
  /** Made, but not yet handed to the link, which is congested. */
  private readonly outgoing = new Deque<Buffer>();
  /** Being serialised; nothing else is meanwhile. */
  private large: Parcel | null = null;
  /** Acknowledged while nothing may be deleted. */
  private acknowledged: Parcel[] = [];
  private hasAcknowledgement = false;
  private refusal: ReplyError | null = null;

  private isScheduled = false;
  private timer: Timer | null = null;
  private lastSignMs = 0;

  /**
   * @param keys each once; the first one exists, and has been counted as found
   * @param client who waits for the outcome, blocked
   */
  constructor(
    private readonly context: TransferContext,
    private readonly request: MigrateRequest,
    private readonly keys: readonly string[],
    private readonly database: Database,
    private client: Client | null,
    private readonly onOver: (transfer: Transfer) => void,
  ) {}

  begin(): void {
    this.noteSign();
    this.watch(this.request.timeoutMs);
    this.use(this.context.links.take(this.request.host, this.request.port));
  }

  /** The client is gone, or has been answered by somebody else. The keys are moved all the same. */
  abandonClient(): void {
    this.client = null;
  }

  /** Finishes what is on its way and begins nothing new: the server is about to end. */
  stop(): void {
    this.isStopping = true;
    this.schedule();
  }

  /** Ends at once. What has not been deleted here stays. */
  abort(errorText: string): void {
    if (this.isOver) return;
    this.link?.close();
    this.end(errorText);
  }

  /** A pause of writes has ended or been weakened. */
  pauseChanged(): void {
    if (this.isHeldBack || this.isOver) return;
    const parcels = this.acknowledged;
    this.acknowledged = [];
    this.settle(parcels);
    this.schedule();
  }

  onReady(): void {
    this.isReady = true;
    this.noteSign();
    this.pump();
  }

  onRefused(error: ReplyError): void {
    this.context.server.beginTurn();
    this.refusal = error;
    this.finish();
  }

  /** What the target says of the keys still holds: those that it took all the same are moved. */
  onOutdatedCredentials(error: ReplyError): void {
    this.refusal ??= error;
  }

  onReplies(replies: readonly Reply[]): void {
    const { server } = this.context;
    server.beginTurn();
    this.noteSign();
    const parcels: Parcel[] = [];
    let isBeyond = false;
    for (const reply of replies) {
      const parcel = this.sent.popFront();
      if (parcel === undefined) {
        isBeyond = true;
        break;
      }
      this.sentBytes -= parcel.sizeBytes;
      if (reply instanceof ReplyError) {
        this.refusal ??= reply;
        server.keyHolds.release(parcel.hold);
      } else {
        parcels.push(parcel);
      }
    }
    if (parcels.length > 0) this.hasAcknowledgement = true;
    if (this.isHeldBack) this.acknowledged.push(...parcels);
    else this.settle(parcels);
    // More replies than questions: whatever that is, it is no Redis.
    if (isBeyond) this.abort(READING_FAILED);
    else this.pump();
  }

  onDrain(): void {
    this.noteSign();
    this.pump();
  }

  onFailed({ isUnreachable }: LinkFailure): void {
    this.context.server.beginTurn();
    if (!this.hasRetried && !this.hasAcknowledgement && !this.isStopping) this.retry();
    else this.end(isUnreachable ? CONNECTING_FAILED : this.stuckText());
  }

  private use(link: TargetLink): void {
    this.link = link;
    this.isReady = false;
    link.begin(this, this.request.credentials, this.request.databaseIndex);
  }

  /** Sends what may be sent now, at most a slice; ends when there is nothing left to do. */
  private pump(): void {
    const { link } = this;
    if (link === null || !this.isReady || this.isOver) return;
    const wasQuiet = this.sent.length === 0;
    const hasMore = !link.isCongested && this.fill();
    this.passOn(link);
    if (wasQuiet && this.sent.length > 0) this.noteSign();
    if (hasMore && !link.isCongested) this.schedule();
    this.endUnit();
    if (this.isDone) this.finish();
  }

  /** Serialises a slice. False when there is nothing more to serialise at the moment. */
  private fill(): boolean {
    let bytes = 0;
    for (let keys = 0; keys < SLICE_KEYS && bytes < SLICE_BYTES; keys++) {
      if (this.large?.payload) {
        bytes += this.serialiseMore(this.large, this.large.payload);
        continue;
      }
      const added = this.sentBytes < WINDOW_BYTES ? this.addNext() : null;
      if (added === null) {
        this.closeBatch();
        return false;
      }
      bytes += added;
    }
    this.closeBatch();
    return true;
  }

  /** Returns how many bytes the next key made; null when no key can be begun now. */
  private addNext(): number | null {
    const { server, messages, dumps } = this.context;
    if (this.isStopping || this.isHeldBack || this.hasNoMoreKeys) return null;
    const again = this.sendAgain.length > 0 ? this.sendAgain[0] : null;
    const key = again === null ? this.keys[this.nextKey] : again.key;
    const replaces = again === null ? this.request.replaces : again.replaces;
    const hold = server.keyHolds.hold(this.database, key, this.schedule);
    if (hold === null) return null;
    const isFound = again !== null || this.nextKey === 0;
    if (again === null) this.nextKey++;
    else this.sendAgain.shift();
    const entry = isFound ? this.database.peek(key) : this.database.readEntry(key);
    if (entry === undefined) {
      server.keyHolds.release(hold);
      return 0;
    }
    if (isLargeValue(entry.value)) {
      const payload = new LargePayload(entry.value, this.context.dumpOptions());
      this.large = new Parcel(key, replaces, entry, hold, payload);
      return 0;
    }
    const parcel = new Parcel(key, replaces, entry, hold, null);
    const payloadBytes = dumps.prepare(entry.value);
    this.track(parcel, messages.add(key, this.timeToLiveMs(entry), replaces, dumps, payloadBytes));
    if (messages.isBatchFull) this.closeBatch();
    return parcel.sizeBytes;
  }

  /** Returns how many bytes were made. */
  private serialiseMore(parcel: Parcel, payload: LargePayload): number {
    const made = payload.makeNext();
    if (made > 0) return made;
    const { server, messages } = this.context;
    const { key, replaces, entry, hold } = parcel;
    this.large = null;
    if (this.database.isExpired(entry)) {
      server.keyHolds.release(hold);
      return 0;
    }
    messages.addHead(key, this.timeToLiveMs(entry), replaces, payload.sizeBytes);
    this.closeBatch();
    for (const piece of payload.pieces) this.outgoing.pushBack(piece);
    this.outgoing.pushBack(tailOf(replaces));
    this.track(parcel, payload.sizeBytes);
    return 0;
  }

  private timeToLiveMs({ expiry }: Entry): number {
    return expiry === null ? 0 : Math.max(1, expiry.atMs - this.context.server.nowMs);
  }

  private track(parcel: Parcel, sizeBytes: number): void {
    parcel.sizeBytes = sizeBytes;
    this.sent.pushBack(parcel);
    this.sentBytes += sizeBytes;
    // A copy is of the value at this moment: nobody need wait.
    if (this.request.copies) this.context.server.keyHolds.release(parcel.hold);
  }

  private closeBatch(): void {
    const { messages } = this.context;
    if (messages.batchBytes > 0) this.outgoing.pushBack(messages.take());
  }

  private passOn(link: TargetLink): void {
    while (!link.isCongested) {
      const piece = this.outgoing.popFront();
      if (piece === undefined) return;
      link.write(piece);
    }
  }

  /** The target has these keys: they are deleted here, and those who waited for them go on. */
  private settle(parcels: readonly Parcel[]): void {
    const { server } = this.context;
    const { database } = this;
    const deleted: string[] = [];
    for (const { key, entry, hold } of this.request.copies ? [] : parcels) {
      const found = database.entries.get(key);
      if (found === entry && !hold.isChanged) {
        database.remove(entry);
        database.modified(key);
        server.notify(EventClass.Generic, 'del', key, database.index);
        deleted.push(key);
      } else if (found !== undefined) {
        // What the target has is not the last value; it is ours to replace.
        this.sendAgain.push({ key, replaces: true });
      }
    }
    if (deleted.length > 0) server.propagation.add(database.index, ['DEL', ...deleted]);
    for (const { hold } of parcels) server.keyHolds.release(hold);
    this.endUnit();
  }

  /** Propagates deletions (and expiries that a look at a key caused). */
  private endUnit(): void {
    const { server } = this.context;
    server.dispatcher.endUnit(true);
    if (this.client !== null) this.client.lastWriteOffset = server.replicationOffset;
    server.scheduleTurnEnd();
  }

  /** Writes are paused by an operator or for a failover. */
  private get isHeldBack(): boolean {
    const { pause } = this.context.server;
    return pause.isActive && pause.purposes.some((purpose) => purpose !== 'shutdown');
  }

  private get isDone(): boolean {
    return (
      !this.isAwaitingTarget && this.acknowledged.length === 0 && (this.isStopping || this.hasNoMoreKeys)
    );
  }

  private get isAwaitingTarget(): boolean {
    return !this.isReady || this.sent.length > 0 || this.outgoing.length > 0 || this.large !== null;
  }

  private get hasNoMoreKeys(): boolean {
    return this.sendAgain.length === 0 && this.nextKey === this.keys.length;
  }

  /** Runs {@link pump} when others have been served. */
  private readonly schedule = (): void => {
    if (this.isScheduled || this.isOver) return;
    this.isScheduled = true;
    const { server } = this.context;
    server.platform.timers.endOfTurn(() => {
      this.isScheduled = false;
      if (this.isOver) return;
      server.beginTurn();
      this.pump();
    });
  };

  private noteSign(): void {
    this.lastSignMs = this.context.server.platform.clock.monotonicMs();
  }

  private watch(delayMs: number): void {
    const { server } = this.context;
    this.timer = server.platform.timers.after(delayMs, () => {
      const { timeoutMs } = this.request;
      if (!this.isAwaitingTarget) this.noteSign();
      const silentMs = server.platform.clock.monotonicMs() - this.lastSignMs;
      if (silentMs < timeoutMs) {
        // Never less: a remainder below the clock's precision would not pass.
        this.watch(Math.max(1, timeoutMs - silentMs));
        return;
      }
      server.beginTurn();
      this.link?.close();
      this.end(this.link?.hasConnected === true ? this.stuckText() : CONNECTING_FAILED);
    });
  }

  /** What stock would have been doing when the connection failed: it writes everything before it reads. */
  private stuckText(): string {
    if (!this.isReady) return this.link?.hasConnected === true ? READING_FAILED : WRITING_FAILED;
    const isWriting = this.outgoing.length > 0 || this.large !== null || (this.link?.unwrittenBytes ?? 0) > 0;
    return isWriting ? WRITING_FAILED : READING_FAILED;
  }

  /** The connection may have lain in the cache for too long: once more over a new one. */
  private retry(): void {
    const { request, context } = this;
    this.hasRetried = true;
    const unanswered: Parcel[] = [];
    for (let parcel = this.sent.popFront(); parcel !== undefined; parcel = this.sent.popFront()) {
      unanswered.push(parcel);
    }
    if (this.large !== null) unanswered.push(this.large);
    this.large = null;
    this.sentBytes = 0;
    while (this.outgoing.popFront() !== undefined);
    for (const { hold } of unanswered) context.server.keyHolds.release(hold);
    this.sendAgain = [...unanswered, ...this.sendAgain];
    this.noteSign();
    this.use(context.links.open(request.host, request.port));
  }

  private finish(): void {
    if (this.isOver) return;
    // The command that began this has not returned yet.
    if (this.context.server.dispatcher.isExecuting) {
      this.schedule();
      return;
    }
    if (this.link !== null) this.context.links.give(this.link);
    const isIncomplete = this.isStopping && !this.hasNoMoreKeys;
    if (this.refusal !== null) {
      this.end(`ERR Target instance replied with error: ${this.refusal.message}`);
    } else {
      this.end(isIncomplete ? SHUTTING_DOWN : null);
    }
  }

  /** @param errorText null: all is well */
  private end(errorText: string | null): void {
    this.isOver = true;
    this.timer?.cancel();
    const { server } = this.context;
    const { keyHolds, blocking } = server;
    for (let i = 0; i < this.sent.length; i++) keyHolds.release(this.sent.at(i).hold);
    for (const { hold } of this.acknowledged) keyHolds.release(hold);
    if (this.large !== null) keyHolds.release(this.large.hold);
    this.endUnit();
    const { client } = this;
    this.client = null;
    if (client !== null) {
      if (errorText === null) client.reply.ok();
      else client.reply.error(errorText);
      blocking.release(client);
    }
    this.onOver(this);
  }
}
