/**
 * Takes in a snapshot by parsing it as it comes. With `swapdb` the old dataset stays until the new one is complete, and
 * is served meanwhile if both belong to the same history; otherwise there was nothing to lose.
 */
import { DatasetBuilder } from './dataset-builder.js';
import type { AnnouncedPayload, DatasetIntake, IntakeListener } from './dataset-intake.js';
import { giveUpDataset, type IntakeSurroundings } from './dataset-replacement.js';
import { Loading } from './loading.js';

export class ParsingIntake implements DatasetIntake {
  private readonly builder: DatasetBuilder;
  private readonly loading: Loading;
  private over = false;

  constructor(
    private readonly around: IntakeSurroundings,
    private readonly listener: IntakeListener,
    { frame, isSameHistory }: AnnouncedPayload,
    /** Keep the old dataset until the new one is complete (`swapdb`). */
    private readonly keepsOld: boolean,
  ) {
    const { server } = around;
    const isAsync = keepsOld && isSameHistory;
    if (!keepsOld) giveUpDataset(around);
    server.log.notice('MASTER <-> REPLICA sync: Loading DB in memory');
    this.builder = new DatasetBuilder(server);
    this.loading = new Loading(server, frame.kind === 'length' ? frame.bytes : 0, isAsync);
  }

  push(bytes: Buffer): void {
    if (this.over) return;
    this.loading.advance(bytes.length);
    const problem = this.builder.push(bytes);
    if (problem !== null) this.fail(problem);
  }

  finish(): void {
    if (this.over) return;
    const problem = this.builder.end();
    if (problem !== null) {
      this.fail(problem);
      return;
    }
    this.stop();
    if (this.keepsOld) {
      this.around.detachFollowers();
      this.around.server.log.notice('MASTER <-> REPLICA sync: Swapping active DB with loaded DB');
    }
    this.builder.install();
    this.listener.onLoaded({ streamDatabase: this.builder.streamDatabase });
  }

  abandon(): void {
    if (this.over) return;
    this.stop();
    if (this.keepsOld) {
      this.around.server.log.notice('MASTER <-> REPLICA sync: Discarding temporary DB in background');
    }
  }

  private fail(problem: string): void {
    const { log } = this.around.server;
    log.warning(problem);
    log.warning('Failed trying to load the MASTER synchronization DB from socket, check server logs.');
    this.abandon();
    this.listener.onFailed(problem);
  }

  private stop(): void {
    this.over = true;
    this.loading.end();
  }
}
