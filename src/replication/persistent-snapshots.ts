/** The snapshots that replication sends, taken by persistence: to the RDB file, or streamed as they are made. */
import type { Persistence } from '../persistence/persistence.js';
import type { SnapshotFrame } from '../persistence/snapshot/snapshot-frame.js';
import type { SnapshotReceiver as WalkReceiver } from '../persistence/snapshot/snapshot-walk.js';
import type { SnapshotFilter } from './replica-session.js';
import type { SnapshotJob, SnapshotReceiver, SnapshotSource, StreamPosition } from './snapshot-source.js';

const NOTHING_TO_DO = (): void => undefined;

export class PersistentSnapshots implements SnapshotSource {
  constructor(private readonly persistence: Persistence) {}

  get isBusy(): boolean {
    return this.persistence.snapshots.isRunning || this.persistence.saving.isRunning;
  }

  get filePath(): string {
    return this.persistence.saving.path;
  }

  onIdle(callback: () => void): void {
    this.persistence.snapshots.idleListeners.push(callback);
  }

  saveFile(_position: StreamPosition | null, done: (error: Error | null) => void): SnapshotJob {
    let wanted = true;
    this.persistence.saving.begin((error) => {
      if (wanted) done(error);
    });
    return {
      abort: () => {
        wanted = false;
        this.persistence.saving.abort('no replica waits for it any more');
      },
      pause: NOTHING_TO_DO,
      resume: NOTHING_TO_DO,
    };
  }

  stream(_position: StreamPosition | null, filter: SnapshotFilter, receiver: SnapshotReceiver): SnapshotJob {
    const { snapshots } = this.persistence;
    const frame = snapshots.newFrame(filter.functions);
    const adapter = new ReceiverAdapter(receiver, frame, filter.data);
    const walk = snapshots.begin([adapter], () => undefined);
    return {
      abort: () => {
        adapter.isWanted = false;
        walk.abort('no replica takes it any more');
      },
      pause: () => {
        adapter.isHeldBack = true;
      },
      resume: () => {
        adapter.isHeldBack = false;
        walk.wake();
      },
    };
  }
}

/**
 * Puts header and trailer around the body, or leaves the body out, for receivers that want no data. Nothing is
 * given before the walk's first bytes: the receiver is not ready while it is still asking for the snapshot.
 */
class ReceiverAdapter implements WalkReceiver {
  isHeldBack = false;
  isWanted = true;
  private begun = false;

  constructor(
    private readonly receiver: SnapshotReceiver,
    private readonly frame: SnapshotFrame,
    private readonly takesData: boolean,
  ) {}

  /** The walk waits while its receivers are behind; how far does not matter to it. */
  get pendingBytes(): number {
    return this.isHeldBack ? Infinity : 0;
  }

  onBytes(bytes: Buffer): void {
    if (!this.isWanted) return;
    this.begin();
    if (!this.takesData) return;
    this.frame.body(bytes);
    this.receiver.onBytes(bytes);
  }

  onComplete(): void {
    if (!this.isWanted) return;
    this.begin();
    this.receiver.onBytes(this.frame.trailer());
    this.receiver.onEnd(null);
  }

  onAborted(reason: string): void {
    if (this.isWanted) this.receiver.onEnd(new Error(reason));
  }

  private begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.receiver.onBytes(this.frame.header());
  }
}
