/**
 * The history of writes that this instance's dataset belongs to: its ids, its offset and its backlog, and how they
 * change with the events of an instance's life.
 */
import {
  branchOff,
  continueSaved,
  newHistory,
  randomReplicationId,
  type Identity,
  type Offset,
  type ReplicationId,
} from './identity.js';
import { isSameHistory } from './handshake.js';
import { OutgoingStream } from './outgoing-stream.js';
import { decidePsync, type PsyncDecision, type PsyncRequest } from './psync-decision.js';

export class History {
  readonly stream: OutgoingStream;
  private current: Identity;

  constructor(
    private readonly randomHex: (length: number) => string,
    /** `repl-backlog-size` */
    private readonly backlogSizeBytes: () => number,
    onAppend: () => void,
  ) {
    this.stream = new OutgoingStream(onAppend);
    this.current = newHistory(this.freshId());
  }

  get identity(): Identity {
    return this.current;
  }

  get offset(): Offset {
    return this.stream.offset;
  }

  /** Whether a replica that asks so may go on without a snapshot. */
  decide(request: PsyncRequest): PsyncDecision {
    return decidePsync(request, this.current, this.stream.backlog);
  }

  /** The first replica asks for everything: until now nothing was kept, so the past has no name. */
  beginBacklog(): void {
    if (this.stream.backlog !== null) return;
    this.current = newHistory(this.freshId());
    this.stream.createBacklog(this.backlogSizeBytes());
  }

  /** Keeps the stream from here on, under the ids that hold now: a resumed replica, a master while it loads. */
  keepBacklog(): void {
    this.stream.createBacklog(this.backlogSizeBytes());
  }

  /** Nobody followed for long: what comes from here on is not kept, so it must not go by the old name. */
  endBacklog(): void {
    this.current = newHistory(this.freshId());
    this.stream.dropBacklog();
  }

  /** A replica becomes a master: a branch of its own, whose stream begins with SELECT. */
  promote(): void {
    this.current = branchOff(this.current, this.freshId(), this.offset);
    this.stream.forgetSelection();
  }

  /** The master continues our stream under its id. True if that is new, so that sub-replicas must learn it. */
  continueUnder(replid: ReplicationId): boolean {
    if (isSameHistory(replid, this.current.replid)) return false;
    this.current = branchOff(this.current, replid, this.offset);
    return true;
  }

  /** Takes another name for what is the same history, so that nobody can continue it. */
  forget(): void {
    this.current = newHistory(this.freshId());
  }

  /** A snapshot of the master's dataset is about to replace ours: what we kept of our stream is of no more use. */
  abandonBacklog(): void {
    this.stream.dropBacklog();
  }

  /** The snapshot is in place. `null`: the master of the old protocol did not name its history. */
  adopt(
    promised: { readonly replid: ReplicationId; readonly offset: Offset } | null,
    startOffset: Offset,
  ): void {
    this.current = newHistory(promised?.replid ?? this.freshId());
    this.stream.restartAt(promised?.offset ?? startOffset);
    this.keepBacklog();
  }

  /**
   * A master has loaded a snapshot with replication fields: it continues the saved history under a new id. What was
   * appended while loading (deletions of keys that had expired) comes after the saved offset.
   */
  continueFromSnapshot(replid: ReplicationId, offset: Offset): void {
    this.stream.restartAt(offset);
    this.keepBacklog();
    this.current = continueSaved(this.freshId(), replid, offset);
  }

  /** A replica has loaded a snapshot with replication fields: it is where the snapshot was. */
  resumeFromSnapshot(replid: ReplicationId, offset: Offset): void {
    this.current = newHistory(replid);
    this.stream.restartAt(offset);
  }

  private freshId(): ReplicationId {
    return randomReplicationId(this.randomHex);
  }
}
