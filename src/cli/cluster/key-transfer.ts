/**
 * Moves the keys of one slot from one node to another with MIGRATE, without touching who owns the slot.
 *
 * The source deletes keys only when the target has acknowledged them, so a failure between two batches loses nothing. The
 * question whether keys are left is sent right behind the last batch, which is executed before it is answered.
 */
import type { Credentials } from '../../client/connection.js';
import { ReplyError, type Reply } from '../../client/reply.js';
import type { Clock } from '../../platform/platform.js';
import { BatchSize } from './batch-size.js';
import { ClusterManagerError, GaveUp, NodeReplyError } from './errors.js';
import type { ClusterNode } from './node.js';
import type { Report } from './report.js';
import { findDifferentValues } from './value-comparison.js';

export interface TransferSettings {
  /** Of each step of a MIGRATE. */
  readonly timeoutMs: number;
  /** Null: by how long they take. */
  readonly keysPerMigrate: number | null;
  /** Overwrites keys at the target whatever their values are. */
  readonly replaces: boolean;
  /** Makes the target the owner in the eyes of a source that knows none; only `fix` may. */
  readonly assignsUnservedSlot: boolean;
  readonly credentials: Credentials;
}

/** What of a node takes part in a move. */
export type MovingNode = Pick<
  ClusterNode,
  | 'id'
  | 'host'
  | 'port'
  | 'address'
  | 'slots'
  | 'servesDuringMigrate'
  | 'ask'
  | 'entries'
  | 'keysInSlot'
  | 'setSlot'
> & { ways(count: number): Promise<readonly MovingNode[]> };

export interface SlotMove {
  readonly slot: number;
  readonly source: MovingNode;
  readonly target: MovingNode;
}

/** Enough that most slots are read at once, and not so many that a node stands still for it. */
const KEYS_PER_QUESTION = 1000;
/** For one MIGRATE where it keeps nobody waiting: what most slots hold, and not so much that nobody sees it go on. */
const KEYS_IN_BACKGROUND = 500;

/** Keys to be moved. Sent behind SETSLOT MIGRATING: from then on no key appears at the source. */
export function keysToMove({ source, slot }: SlotMove): Promise<string[]> {
  return source.keysInSlot(slot, KEYS_PER_QUESTION);
}

export class KeyTransfer {
  /** Sources differ in what they can do. */
  private readonly sizes = new Map<MovingNode, BatchSize>();

  constructor(
    private readonly settings: TransferSettings,
    private readonly report: Report,
    private readonly clock: Clock,
  ) {}

  /**
   * Moves every key.
   * @param first what {@link keysToMove} gave
   * @param onMoved called with the number of keys after each batch
   * @throws ClusterManagerError when a batch could not be moved; all that was sent is answered by then
   */
  async moveAll(move: SlotMove, first: readonly string[], onMoved: (count: number) => void): Promise<void> {
    let keys = first;
    while (keys.length > 0) keys = await this.moveSome(move, keys, onMoved);
  }

  /** @returns keys that are left */
  private async moveSome(
    move: SlotMove,
    keys: readonly string[],
    onMoved: (count: number) => void,
  ): Promise<string[]> {
    const size = this.sizeFor(move.source);
    let left: Promise<string[]> | null = null;
    for (let start = 0; start < keys.length;) {
      const batch = keys.slice(start, start + size.keys);
      start += batch.length;
      const sentMs = this.clock.monotonicMs();
      const moved = this.moveBatch(move, batch);
      if (start === keys.length) left = keysToMove(move);
      await Promise.all([moved, left]);
      size.learn(batch.length, sentMs, this.clock.monotonicMs());
      onMoved(batch.length);
    }
    return (await left) ?? [];
  }

  private sizeFor(source: MovingNode): BatchSize {
    const known = this.sizes.get(source);
    if (known !== undefined) return known;
    const inBackground = source.servesDuringMigrate ? KEYS_IN_BACKGROUND : null;
    const size = new BatchSize(this.settings.keysPerMigrate ?? inBackground);
    this.sizes.set(source, size);
    return size;
  }

  private async moveBatch(move: SlotMove, keys: readonly string[]): Promise<void> {
    const reply = await this.migrate(move, keys, false);
    if (!(reply instanceof ReplyError)) return;
    const isBusy = reply.message.includes('BUSYKEY');
    if (isBusy) await this.allowReplacing(move, keys);
    else if (!(await this.assignIfUnserved(move)))
      throw new NodeReplyError(move.source.address, reply.message);
    const second = await this.migrate(move, keys, isBusy);
    if (second instanceof ReplyError) throw new NodeReplyError(move.source.address, second.message);
  }

  private migrate({ source, target }: SlotMove, keys: readonly string[], replaces: boolean): Promise<Reply> {
    const { timeoutMs, credentials } = this.settings;
    return source.ask(
      ...['MIGRATE', target.host, String(target.port), '', '0', String(timeoutMs)],
      ...(replaces ? ['REPLACE'] : []),
      ...migrateCredentials(credentials),
      ...['KEYS', ...keys],
    );
  }

  /** @throws ClusterManagerError when a key has another value at the target, and nobody said which is right */
  private async allowReplacing({ source, target }: SlotMove, keys: readonly string[]): Promise<void> {
    const { report } = this;
    report.warning('\n*** Target key exists');
    if (!this.settings.replaces) {
      report.warning('*** Checking key values on both nodes...');
      const different = await this.compareValues(source, target, keys);
      if (different.length > 0) {
        report.error(
          `*** Found ${different.length} key(s) in both source node and target node having different values.`,
        );
        report.error(`    Source node: ${source.address}\n    Target node: ${target.address}\n    Keys(s):`);
        for (const key of different) report.error(`    - ${key}`);
        report.error('Please fix the above key(s) manually and try again or relaunch the command ');
        report.error('with --cluster-replace option to force key overriding.');
        throw new GaveUp();
      }
    }
    report.warning('*** Replacing target keys...');
  }

  private async compareValues(
    source: MovingNode,
    target: MovingNode,
    keys: readonly string[],
  ): Promise<readonly string[]> {
    try {
      return await findDifferentValues(source, target, keys);
    } catch (error) {
      if (!(error instanceof ClusterManagerError)) throw error;
      this.report.error(error.message);
      this.report.error('*** Value check failed!');
      throw new GaveUp();
    }
  }

  /** MIGRATE is refused like any command where the slot has no owner. @returns whether it is worth trying again */
  private async assignIfUnserved({ slot, source, target }: SlotMove): Promise<boolean> {
    if (!this.settings.assignsUnservedSlot) return false;
    const entries = await source.entries();
    if (entries.some(({ slots }) => slots.has(slot))) return false;
    this.report.warning(`*** Slot was not served, setting owner to node ${target.address}.`);
    await source.setSlot(slot, 'NODE', target);
    return true;
  }
}

/** What makes the target let the source in. */
export function migrateCredentials({ username, password }: Credentials): string[] {
  if (password === undefined) return [];
  return username === undefined ? ['AUTH', password] : ['AUTH2', username, password];
}
