/**
 * This server as a replica: the link to the master, where it may resume, and what the link's events do to the
 * history and the dataset.
 *
 * It exists while a master is configured; a promotion ends it. What it knows of the past (the history, the backlog)
 * belongs to {@link History} and outlives it.
 */
import type { Connection } from '../platform/platform.js';
import type { Server } from '../server/server.js';
import type { BeginIntake, DatasetIntake, IntakeListener, IntakeResult } from './dataset-intake.js';
import { isSameHistory as isSame, type HandshakeOptions } from './handshake.js';
import type { History } from './history.js';
import { START, type Offset, type ReplicationId } from './identity.js';
import { MasterLink, type LinkOwner, type Promised, type TransferProgress } from './master-link.js';
import type { Replicas } from './replicas.js';
import type { PayloadFrame } from './payload-framing.js';
import { StreamApplier } from './stream-applier.js';

/** Where the stream may be resumed: at the history's offset, with this database selected. */
export interface ResumePoint {
  /** -1: unknown, the stream will say it. */
  readonly databaseIndex: number;
}

/** What INFO shows of a replica's offsets. */
export interface ReplicaOffsets {
  readonly received: number;
  readonly applied: number;
}

/** INFO shows 1 while there is nothing to resume. */
const NEVER_SYNCHRONISED = 1 as Offset;

/** What a replica needs of the rest of replication. */
export interface ReplicaSurroundings {
  readonly server: Server;
  readonly history: History;
  readonly replicas: Replicas;
  readonly beginIntake: BeginIntake;
  /** FAILOVER has asked this master to become a replica of the one it now connects to. */
  readonly isHandingOver: () => boolean;
  /** Passes on how the master answered PSYNC; false: this role is over. */
  readonly onAnswered: (accepted: boolean) => boolean;
  /** The dataset and its place in the stream are the master's: the append-only log, if there is to be one, begins. */
  readonly resumeLog: () => void;
  /** Up to where the own append-only file is on disk; null without one. */
  readonly localDiskOffset: () => Offset | null;
}

export class ReplicaRole implements LinkOwner {
  readonly link: MasterLink;

  constructor(
    private readonly surroundings: ReplicaSurroundings,
    host: string,
    port: number,
    private resumePoint: ResumePoint | null,
    /** Since when the dataset has not been its master's, by an earlier role; 0: it never was. */
    staleSinceMs: number,
  ) {
    this.link = new MasterLink(surroundings.server, host, port, this, staleSinceMs);
  }

  /** Whether the stream can be resumed, and where: given to the next role. */
  get resume(): ResumePoint | null {
    const { applier } = this.link;
    return applier === null ? this.resumePoint : { databaseIndex: applier.databaseIndex };
  }

  /** The database selected in the stream at the applied offset; null when there is no such stream. */
  get streamDatabase(): number | null {
    const { resume } = this;
    return resume === null ? null : Math.max(resume.databaseIndex, 0);
  }

  get offsets(): ReplicaOffsets {
    const { applier } = this.link;
    if (applier !== null) return { received: applier.receivedOffset, applied: applier.appliedOffset };
    const offset = this.resumePoint === null ? NEVER_SYNCHRONISED : this.surroundings.history.offset;
    return { received: offset, applied: offset };
  }

  get progress(): TransferProgress | null {
    return this.link.progress;
  }

  /** Answers GETACK, and is called every so often. */
  acknowledge(): void {
    this.link.acknowledge(this.surroundings.localDiskOffset());
  }

  /** Leaves the master. The dataset and the history stay as they are. */
  close(): void {
    this.resumePoint = this.resume;
    this.link.close();
  }

  handshakeOptions(): HandshakeOptions {
    const { server, history, isHandingOver } = this.surroundings;
    const { values } = server.config;
    const announcedPort = values['replica-announce-port'];
    return {
      password: nullIfEmpty(values.masterauth),
      user: nullIfEmpty(values.masteruser),
      listeningPort: announcedPort === 0 ? values.port : announcedPort,
      announcedAddress: nullIfEmpty(values['replica-announce-ip']),
      resumeFrom:
        this.resumePoint === null ? null : { replid: history.identity.replid, offset: history.offset },
      failover: isHandingOver(),
    };
  }

  onAnswered(accepted: boolean): boolean {
    return this.surroundings.onAnswered(accepted);
  }

  onContinue(replid: ReplicationId | null, connection: Connection): StreamApplier {
    const { history, replicas, server } = this.surroundings;
    if (replid !== null && history.continueUnder(replid)) {
      server.log.notice(`Master replication ID changed to ${replid}`);
      // Sub-replicas learn the new id when they come back; they will miss nothing.
      replicas.disconnectAll();
    }
    // A server that was restarted from its snapshot has an offset but no backlog yet.
    history.keepBacklog();
    const databaseIndex = this.resumePoint?.databaseIndex ?? 0;
    return this.applierAt(history.offset, databaseIndex, connection);
  }

  /**
   * The dataset is being replaced: there is nothing left that could be resumed. Until then a full resynchronisation that
   * breaks off costs nothing, since the old stream can still be taken up.
   */
  forgetResumePoint(): void {
    if (this.resumePoint !== null) {
      this.surroundings.server.log.notice('Discarding previously cached master state.');
    }
    this.resumePoint = null;
  }

  beginIntake(frame: PayloadFrame, promised: Promised, listener: IntakeListener): DatasetIntake {
    const { beginIntake, history } = this.surroundings;
    const isSameHistory = promised !== null && isSame(promised.replid, history.identity.replid);
    return beginIntake({ frame, isSameHistory }, listener);
  }

  onLoaded(promised: Promised, result: IntakeResult, connection: Connection): StreamApplier {
    const { history, server, resumeLog } = this.surroundings;
    history.adopt(promised, START);
    server.replicationOffset = history.offset;
    resumeLog();
    return this.applierAt(history.offset, promised === null ? 0 : result.streamDatabase, connection);
  }

  onStreamLost(applier: StreamApplier): void {
    this.surroundings.server.log.notice('Caching the disconnected master state.');
    this.resumePoint = { databaseIndex: applier.databaseIndex };
  }

  private applierAt(offset: Offset, databaseIndex: number, connection: Connection): StreamApplier {
    const { server, history } = this.surroundings;
    const applier = new StreamApplier(server, history.stream, this.streamOwner(), connection, {
      offset,
      databaseIndex,
    });
    this.resumePoint = { databaseIndex };
    return applier;
  }

  private streamOwner(): {
    onCommandError(text: string, commandName: string): void;
    onProtocolError(text: string): void;
  } {
    const { server } = this.surroundings;
    return {
      onCommandError: (text, commandName) => {
        server.statistics.unexpectedErrorReplies++;
        server.log.warning(
          `== CRITICAL == This replica is sending an error to its master: '${text}' after processing the command '${commandName}'`,
        );
        this.panicIfWanted(commandName);
      },
      onProtocolError: (text) => {
        server.log.warning(`Protocol error in the master's stream: ${text}`);
        this.link.reconnect();
      },
    };
  }

  /** `propagation-error-behavior`: rather no replica than one whose dataset differs. */
  private panicIfWanted(commandName: string): void {
    const { config, log, platform } = this.surroundings.server;
    if (config.values['propagation-error-behavior'] === 'ignore' || !config.values['replica-read-only'])
      return;
    log.warning(
      `This replica panicked sending an error to its master after processing the command '${commandName}'`,
    );
    platform.processes.exit(1);
  }
}

/** An empty value of these directives means that they are not set. */
function nullIfEmpty(text: string): string | null {
  return text === '' ? null : text;
}
