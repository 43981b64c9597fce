/**
 * Full resynchronisation, the master's side: when a snapshot is taken for the replicas that wait, who takes part in
 * it, and how it reaches them.
 *
 * A snapshot begins between execution units, with the offset of that moment; what comes after it waits in the
 * backlog behind each replica's cursor. Either it is saved to the RDB file, which is then sent with its length, or its
 * bytes go straight to the replicas, ended by a mark.
 */
import type { ReplicaSnapshots, SnapshotJob } from '../persistence/replica-snapshots.js';
import type { StreamPosition } from '../persistence/snapshot/snapshot-frame.js';
import type { Timer } from '../platform/platform.js';
import type { Server } from '../server/server.js';
import type { BacklogCursor } from './backlog.js';
import type { History } from './history.js';
import { advance, type Offset } from './identity.js';
import { FileSender, PieceSender } from './payload-senders.js';
import type { ReplicaSession } from './replica-session.js';
import type { Replicas } from './replicas.js';

const MARK_HEX_DIGITS = 40;
/** The snapshot is held back while even the fastest replica has this much of it to take. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

/** A snapshot under way for replicas. */
type Transfer =
  | { readonly kind: 'file'; readonly offset: Offset; job: SnapshotJob | null }
  | {
      readonly kind: 'sockets';
      readonly senders: Map<ReplicaSession, PieceSender>;
      job: SnapshotJob | null;
      complete: boolean;
      paused: boolean;
    };

/** What full resynchronisation needs of the rest. */
export interface FullSyncSurroundings {
  readonly server: Server;
  readonly history: History;
  readonly replicas: Replicas;
  readonly source: ReplicaSnapshots;
  /** Where the stream stands now; null when a snapshot would say nothing useful of it. */
  readonly position: () => StreamPosition | null;
  /** Has {@link FullSync.check} called at the end of this turn. */
  readonly requestCheck: () => void;
  /** A replica has come online. */
  readonly onOnline: () => void;
}

export class FullSync {
  private transfer: Transfer | null = null;
  private delay: Timer | null = null;
  /** The RDB file was written for replicas and is to go when they have it (`rdb-del-sync-files`). */
  private fileIsDisposable = false;

  constructor(private readonly around: FullSyncSurroundings) {
    around.source.onIdle(() => around.requestCheck());
  }

  /** A replica waits for a snapshot: it may join the one that is being saved, or has to wait for the next. */
  request(session: ReplicaSession): void {
    const { server, requestCheck, source } = this.around;
    const { log } = server;
    if (this.transfer?.kind === 'file') {
      if (this.join(session, this.transfer.offset)) log.notice('Waiting for end of BGSAVE for SYNC');
      else {
        log.notice("Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC");
      }
      return;
    }
    if (this.transfer?.kind === 'sockets') {
      log.notice('Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC');
      return;
    }
    if (source.isBusy) {
      log.notice('No BGSAVE in progress, but another BG operation is active. BGSAVE for replication delayed');
      return;
    }
    requestCheck();
  }

  /** Begins a snapshot if somebody waits for one and it is time. Only to be called between execution units. */
  check(): void {
    if (this.transfer !== null || this.around.source.isBusy) return;
    const waiting = [...this.around.replicas.all()].filter((session) => session.state.kind === 'waiting');
    if (waiting.length === 0) return;
    const { filter } = waiting[0].introduction;
    const group = waiting.filter(
      ({ introduction }) =>
        introduction.filter.data === filter.data && introduction.filter.functions === filter.functions,
    );
    const isFiltered = !filter.data || !filter.functions;
    const { values } = this.around.server.config;
    const toSockets =
      (values['repl-diskless-sync'] || isFiltered) &&
      group.every(({ introduction }) => introduction.canReadEndMark);
    if (toSockets && values['repl-diskless-sync'] && this.postponed(group)) return;
    this.delay?.cancel();
    this.delay = null;
    this.begin(group, toSockets);
  }

  /** Once per second: replicas that take nothing of their snapshot. */
  everySecond(nowMs: number): void {
    const { server, replicas } = this.around;
    const timeoutMs = server.config.values['repl-timeout'] * 1000;
    for (const session of [...replicas.all()]) {
      const { state } = session;
      if (state.kind !== 'snapshot' || (state.sender?.stalledMs(nowMs) ?? 0) <= timeoutMs) continue;
      server.log.warning(`Disconnecting timedout replica (full sync): ${session.name}`);
      session.client.close();
    }
    if (this.fileIsDisposable) this.disposeOfFile();
    this.around.requestCheck();
  }

  /** A replica has gone. The snapshot ends with the last one that it was for. */
  onReplicaGone(session: ReplicaSession): void {
    const { transfer } = this;
    if (transfer === null) return;
    if (transfer.kind === 'sockets') {
      if (!transfer.senders.delete(session) || transfer.senders.size > 0 || transfer.complete) return;
      this.around.server.log.warning('Diskless rdb transfer, last replica dropped, killing fork child.');
    } else {
      // Without replicas the file is worth finishing only as a save, where saves are wanted.
      const isSave = this.around.server.config.values.save.length > 0;
      if (isSave || this.receivers().length > 0) return;
    }
    transfer.job?.abort();
    this.end();
  }

  /** FLUSHALL: what is under way would be thrown away at once. The replicas come back for what there is now. */
  onFlushAll(): void {
    const { transfer } = this;
    if (transfer?.kind !== 'sockets') return;
    transfer.job?.abort();
    this.end();
    for (const session of [...transfer.senders.keys()]) session.client.close();
  }

  close(): void {
    this.delay?.cancel();
    this.transfer?.job?.abort();
    this.transfer = null;
  }

  /** Whether to let other replicas join first; if so, a timer is set. */
  private postponed(group: readonly ReplicaSession[]): boolean {
    const { server, requestCheck } = this.around;
    const { values } = server.config;
    const enough = values['repl-diskless-sync-max-replicas'];
    if (enough > 0 && group.length >= enough) return false;
    const nowMs = server.steadyClock.nowMs();
    const sinceMs = Math.min(...group.map(({ state }) => (state.kind === 'waiting' ? state.sinceMs : nowMs)));
    const remainingMs = sinceMs + values['repl-diskless-sync-delay'] * 1000 - nowMs;
    if (remainingMs <= 0) return false;
    if (this.delay === null) {
      server.log.notice('Delay next BGSAVE for diskless SYNC');
      this.delay = server.platform.timers.after(remainingMs, () => {
        this.delay = null;
        server.beginTurn();
        requestCheck();
      });
    }
    return true;
  }

  private begin(group: readonly ReplicaSession[], toSockets: boolean): void {
    const { server, history } = this.around;
    server.log.notice(`Starting BGSAVE for SYNC with target: ${toSockets ? 'replicas sockets' : 'disk'}`);
    const position = this.around.position();
    const { offset } = history;
    // The stream behind the snapshot begins with SELECT.
    history.stream.forgetSelection();
    const begun = toSockets ? this.streamTo(group, position, offset) : this.saveFor(group, position, offset);
    if (begun) return;
    server.log.warning('BGSAVE for replication failed');
    this.transfer = null;
    for (const session of group) this.refuse(session);
  }

  private saveFor(
    group: readonly ReplicaSession[],
    position: StreamPosition | null,
    offset: Offset,
  ): boolean {
    const transfer: Transfer = { kind: 'file', offset, job: null };
    this.transfer = transfer;
    transfer.job = this.around.source.saveFile(position, (error) => this.onSaved(transfer, error));
    if (transfer.job === null) return false;
    for (const session of group) this.announce(session, offset, this.openCursor(session, offset));
    return true;
  }

  private streamTo(
    group: readonly ReplicaSession[],
    position: StreamPosition | null,
    offset: Offset,
  ): boolean {
    const { server, source } = this.around;
    const mark = server.platform.random.hex(MARK_HEX_DIGITS);
    const senders = new Map<ReplicaSession, PieceSender>();
    const transfer: Transfer = { kind: 'sockets', senders, job: null, complete: false, paused: false };
    this.transfer = transfer;
    const { filter } = group[0].introduction;
    const job = source.stream(position, filter, {
      onBytes: (bytes) => {
        for (const sender of [...senders.values()]) sender.send(bytes);
        this.balance(transfer);
      },
      onEnd: (error) => this.onStreamed(transfer, mark, error),
    });
    if (job === null) return false;
    transfer.job = job;
    server.log.notice(`Background RDB transfer started by pid ${server.platform.processes.pid}`);
    for (const session of group) {
      const sender = new PieceSender(session, () => this.balance(transfer));
      senders.set(session, sender);
      this.announce(session, offset, this.openCursor(session, offset), sender);
      sender.send(Buffer.from(`$EOF:${mark}\r\n`, 'latin1'));
    }
    return true;
  }

  /** Tells a replica that its snapshot has begun, and at which offset. */
  private announce(
    session: ReplicaSession,
    offset: Offset,
    cursor: BacklogCursor | null,
    sender: PieceSender | null = null,
  ): void {
    session.state = { kind: 'snapshot', sender, cursor };
    if (session.isLegacy) return;
    const { replid } = this.around.history.identity;
    session.send(Buffer.from(`+FULLRESYNC ${replid} ${offset}\r\n`, 'latin1'));
  }

  private openCursor(session: ReplicaSession, offset: Offset): BacklogCursor | null {
    const { backlog } = this.around.history.stream;
    if (session.introduction.snapshotOnly || backlog === null) return null;
    return backlog.open(advance(offset, 1));
  }

  /** Lets a replica share the snapshot that is being saved, if one that takes part already buffers what it needs. */
  private join(session: ReplicaSession, offset: Offset): boolean {
    const { introduction } = session;
    for (const other of this.receivers()) {
      if (other.state.kind !== 'snapshot' || other === session) continue;
      const theirs = other.introduction;
      const { cursor } = other.state;
      if (theirs.canReadEndMark && !introduction.canReadEndMark) continue;
      if (theirs.knowsPsync2 && !introduction.knowsPsync2) continue;
      if (!introduction.filter.data || !introduction.filter.functions) continue;
      if (cursor === null && !introduction.snapshotOnly) continue;
      this.around.history.stream.forgetSelection();
      this.announce(session, offset, introduction.snapshotOnly ? null : (cursor?.fork() ?? null));
      return true;
    }
    return false;
  }

  /** The replicas that the snapshot under way is for. */
  private receivers(): ReplicaSession[] {
    return [...this.around.replicas.all()].filter((session) => session.state.kind === 'snapshot');
  }

  private onSaved(transfer: Transfer, error: Error | null): void {
    if (this.transfer !== transfer) return;
    const { server, source } = this.around;
    const sessions = this.receivers();
    this.end();
    this.fileIsDisposable = error === null && server.config.values['rdb-del-sync-files'];
    for (const session of sessions) {
      if (session.state.kind !== 'snapshot') continue;
      if (error !== null) {
        server.log.warning('SYNC failed. BGSAVE child returned an error');
        session.client.close();
        continue;
      }
      const sender = new FileSender(session, server.platform, source.filePath, (problem) => {
        if (problem === null) {
          this.goOnline(session, false);
          return;
        }
        server.log.warning(`Read error sending DB to replica: ${problem.message}`);
        session.client.close();
      });
      session.state = { kind: 'bulk', sender, cursor: session.state.cursor };
    }
  }

  private onStreamed(transfer: Transfer & { kind: 'sockets' }, mark: string, error: Error | null): void {
    if (this.transfer !== transfer) return;
    const { server } = this.around;
    transfer.complete = true;
    if (error !== null) {
      server.log.warning(`SYNC failed. BGSAVE child returned an error: ${error.message}`);
      this.end();
      for (const session of [...transfer.senders.keys()]) session.client.close();
      return;
    }
    server.log.notice(
      `Diskless rdb transfer, done reading from pipe, ${transfer.senders.size} replicas still up.`,
    );
    this.end();
    for (const [session, sender] of [...transfer.senders]) {
      sender.send(Buffer.from(mark, 'latin1'));
      sender.finish(() => {
        if (session.client.closed) return;
        server.log.notice(
          `Streamed RDB transfer with replica ${session.name} succeeded (socket). ` +
            'Waiting for REPLCONF ACK from replica to enable streaming',
        );
        this.goOnline(session, true);
      });
    }
  }

  /** The replica has the snapshot; it follows the stream, or ends here if it wanted nothing else. */
  private goOnline(session: ReplicaSession, afterAck: boolean): void {
    const { state } = session;
    if (state.kind !== 'snapshot' && state.kind !== 'bulk') return;
    const { server, onOnline } = this.around;
    if (state.cursor === null) {
      server.log.notice(
        `RDB transfer completed, rdb only replica (${session.name}) should be disconnected asap`,
      );
      session.client.closeAfterReply = true;
      session.connection.end();
      return;
    }
    session.goOnline(state.cursor, afterAck, server.steadyClock.nowMs());
    server.log.notice(`Synchronization with replica ${session.name} succeeded`);
    onOnline();
  }

  /** Holds the snapshot back while no replica takes anything, and lets it go on when one does. */
  private balance(transfer: Transfer & { kind: 'sockets' }): void {
    if (transfer.job === null || transfer.complete) return;
    let least = Infinity;
    for (const sender of transfer.senders.values()) least = Math.min(least, sender.queuedBytes);
    const shouldPause = least > MAX_QUEUED_BYTES && transfer.senders.size > 0;
    if (shouldPause === transfer.paused) return;
    transfer.paused = shouldPause;
    if (shouldPause) transfer.job.pause();
    else transfer.job.resume();
  }

  /** Removes the file once no replica is being sent it, if nothing else needs it. */
  private disposeOfFile(): void {
    const { server, replicas, source } = this.around;
    const { values } = server.config;
    if (this.transfer?.kind === 'file' || [...replicas.all()].some(({ state }) => state.kind === 'bulk'))
      return;
    this.fileIsDisposable = false;
    if (values.save.length > 0 || values.appendonly) return;
    server.log.notice('Removing the RDB file used to feed replicas in a persistence-less instance');
    server.platform.disk.unlink(source.filePath, () => undefined);
  }

  private refuse(session: ReplicaSession): void {
    session.send(Buffer.from("-ERR BGSAVE failed, replication can't continue\r\n", 'latin1'));
    session.client.closeAfterReply = true;
    session.connection.end();
  }

  private end(): void {
    this.transfer = null;
    // Others may have come in the meantime.
    this.around.requestCheck();
  }
}
