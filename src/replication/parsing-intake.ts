/**
 * Takes in a snapshot by parsing it as it comes, into a dataset beside the old one. With `swapdb` the old one stays until
 * the new one is complete, and is served meanwhile if both belong to the same history; otherwise there was nothing to
 * lose.
 */
import type { Keyspace } from '../keyspace/keyspace.js';
import type { KeyspaceLoader } from '../persistence/loading/keyspace-loader.js';
import { RdbError } from '../persistence/rdb/errors.js';
import type { Timer } from '../platform/platform.js';
import type { AnnouncedPayload, DatasetIntake, IntakeListener } from './dataset-intake.js';
import { giveUpDataset, welcomeDataset, type IntakeSurroundings } from './dataset-replacement.js';

export class ParsingIntake implements DatasetIntake {
  private readonly built: Keyspace;
  private readonly loader: KeyspaceLoader;
  /** Set while `key-load-delay` holds the reader back. */
  private delay: Timer | null = null;
  private receivedBytes = 0;
  private isComplete = false;
  private isOver = false;

  constructor(
    private readonly around: IntakeSurroundings,
    private readonly listener: IntakeListener,
    { frame, isSameHistory }: AnnouncedPayload,
    /** Keep the old dataset until the new one is complete (`swapdb`). */
    private readonly keepsOld: boolean,
  ) {
    const { server, persistence } = around;
    const { keyspace } = server;
    if (!keepsOld) giveUpDataset(around);
    server.log.notice('MASTER <-> REPLICA sync: Loading DB in memory');
    this.built = keyspace.emptyTwin();
    this.loader = persistence.loading.newLoader(this.built, false);
    persistence.loading.begin(frame.kind === 'length' ? frame.bytes : 0, keepsOld && isSameHistory);
  }

  push(bytes: Buffer): void {
    if (this.isOver) return;
    this.receivedBytes += bytes.length;
    this.around.persistence.loading.setLoadedBytes(this.receivedBytes);
    this.read(() => this.loader.reader.push(bytes));
  }

  finish(): void {
    this.isComplete = true;
    if (this.delay === null) this.end();
  }

  abandon(): void {
    if (this.isOver) return;
    this.fail({ offset: this.loader.reader.offset, reason: 'the connection to the master is gone' }, false);
  }

  private fail({ offset, reason }: Pick<RdbError, 'offset' | 'reason'>, tells = true): void {
    const { log } = this.around.server;
    const problem = `Internal error in RDB reading offset ${offset}: ${reason}`;
    log.warning(problem);
    log.warning('Failed trying to load the MASTER synchronization DB from socket, check server logs.');
    this.stop();
    if (this.keepsOld) {
      log.notice('MASTER <-> REPLICA sync: Discarding temporary DB in background');
    }
    if (tells) this.listener.onFailed(problem);
  }

  private read(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      this.fail(error);
      return;
    }
    if (!this.loader.reader.paused || this.delay !== null) return;
    this.listener.onBackpressure(true);
    this.delay = this.around.server.platform.timers.after(this.loader.takeDelayMs(), () => {
      this.delay = null;
      this.read(() => this.loader.reader.resume());
      if (this.isOver || this.delay !== null) return;
      this.listener.onBackpressure(false);
      if (this.isComplete) this.end();
    });
  }

  private end(): void {
    this.read(() => this.loader.reader.end());
    if (!this.isOver) this.install();
  }

  private install(): void {
    const { around, loader } = this;
    const { server, persistence } = around;
    const problem = persistence.snapshots.takeFunctions(loader.facts.functions);
    if (problem !== null) return this.fail({ offset: loader.reader.offset, reason: problem });
    this.stop();
    if (this.keepsOld) {
      around.detachFollowers();
      server.log.notice('MASTER <-> REPLICA sync: Swapping active DB with loaded DB');
    }
    persistence.loading.recordResult(loader);
    server.keyspace.databases.forEach((database, index) => {
      const { entries, expiries } = this.built.databases[index];
      database.replaceContents(entries, expiries);
    });
    welcomeDataset(around);
    this.listener.onLoaded({ streamDatabase: loader.facts.streamDatabase });
  }

  private stop(): void {
    this.isOver = true;
    this.delay?.cancel();
    this.delay = null;
    this.around.persistence.loading.end();
  }
}
