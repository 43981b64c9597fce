/**
 * A replica's link to its master: connecting, handshake, payload, stream, and all over again when it breaks.
 *
 * One link lives from REPLICAOF to the next change of role. It owns the connection and the timers; what the
 * handshake says is decided in handshake.ts, where a snapshot goes by the intake, and what all of it means for ids and
 * offsets by the owner. Nothing that a master sends can end the process or damage the dataset it would replace.
 */
import type { Connection, ConnectionHandler, Timer } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import type { Server } from '../server/server.js';
import { encodeCommands } from './command-bytes.js';
import type { DatasetIntake, IntakeListener, IntakeResult } from './dataset-intake.js';
import { Handshake, type HandshakeOptions, type HandshakeStep } from './handshake.js';
import type { Offset, ReplicationId } from './identity.js';
import { PayloadFraming, type PayloadFrame, type PayloadSink } from './payload-framing.js';
import { retryDelayMs } from './retry-schedule.js';
import type { StreamApplier } from './stream-applier.js';

/** A line of the handshake that is longer than this comes from no master. */
const LINE_LIMIT_BYTES = 1024;
const LF = 10;
const KEEPALIVE = Buffer.from('\n', 'latin1');
const LEGACY_SYNC = Buffer.from('SYNC\r\n', 'latin1');

/** What a full resynchronisation promises: null when the master only knows SYNC, and thus no offsets. */
export type Promised = { readonly replid: ReplicationId; readonly offset: Offset } | null;

/** Decides what the events of the link mean for the dataset's identity. */
export interface LinkOwner {
  /** What to say in the next handshake. */
  handshakeOptions(): HandshakeOptions;
  /** How the master answered PSYNC, before anything is done about it. False: the link is not wanted any more. */
  onAnswered(accepted: boolean): boolean;
  /** The master continues the stream. `replid` is null if it did not name its history. */
  onContinue(replid: ReplicationId | null, connection: Connection): StreamApplier;
  /** The payload begins. */
  beginIntake(frame: PayloadFrame, promised: Promised, listener: IntakeListener): DatasetIntake;
  /** The snapshot is the dataset now; the stream follows. */
  onLoaded(promised: Promised, result: IntakeResult, connection: Connection): StreamApplier;
  /** The stream broke off. */
  onStreamLost(applier: StreamApplier): void;
}

interface Transfer {
  readonly connection: Connection;
  readonly promised: Promised;
  readonly framing: PayloadFraming;
  intake: DatasetIntake | null;
  frame: PayloadFrame | null;
  receivedBytes: number;
  /** The payload is complete and being loaded; what comes meanwhile belongs to the stream. */
  loading: boolean;
  readonly early: Buffer[];
}

type LinkState =
  | { readonly kind: 'waiting'; readonly timer: Timer | null }
  | { readonly kind: 'connecting'; readonly connection: Connection }
  | {
      readonly kind: 'handshake';
      readonly connection: Connection;
      readonly handshake: Handshake;
      line: string;
    }
  | { readonly kind: 'transfer'; readonly transfer: Transfer }
  | {
      readonly kind: 'connected';
      readonly connection: Connection;
      readonly applier: StreamApplier;
      /** A master of the old protocol expects no acknowledgements. */
      readonly acknowledges: boolean;
    }
  | { readonly kind: 'closed' };

/** As ROLE names the states. */
const STATE_NAMES = {
  waiting: 'connect',
  connecting: 'connecting',
  handshake: 'handshake',
  transfer: 'sync',
  connected: 'connected',
  closed: 'none',
} as const;

/** Progress of a payload, for INFO. */
export interface TransferProgress {
  /** 0 when only its end is marked. */
  readonly totalBytes: number;
  readonly receivedBytes: number;
}

export class MasterLink {
  private state: LinkState = { kind: 'waiting', timer: null };
  private failures = 0;
  private lastTrouble = '';
  private lastIoMs: number;

  constructor(
    private readonly server: Server,
    readonly host: string,
    readonly port: number,
    private readonly owner: LinkOwner,
    /** When the stream broke off; 0 while it is up or if it never was. */
    private downSinceMs: number,
  ) {
    this.lastIoMs = server.steadyNowMs;
  }

  get stateName(): (typeof STATE_NAMES)[LinkState['kind']] {
    return STATE_NAMES[this.state.kind];
  }

  /** The stream is up: this server is as fresh as its master. */
  get isUp(): boolean {
    return this.state.kind === 'connected';
  }

  /** The stream being applied, null while the link is down. */
  get applier(): StreamApplier | null {
    return this.state.kind === 'connected' ? this.state.applier : null;
  }

  /** The payload being received, null at other times. */
  get progress(): TransferProgress | null {
    if (this.state.kind !== 'transfer') return null;
    const { frame, receivedBytes } = this.state.transfer;
    return { totalBytes: frame?.kind === 'length' ? frame.bytes : 0, receivedBytes };
  }

  /** When something last came from the master. */
  get lastHeardMs(): number {
    return this.lastIoMs;
  }

  /** Since when the stream is down, 0 if it is up or never was. */
  get brokenSinceMs(): number {
    return this.downSinceMs;
  }

  /** Connects, now. */
  start(): void {
    this.say(`Connecting to MASTER ${this.host}:${this.port}`);
    this.connect();
  }

  /** Ends the link for good. The owner hears nothing of it. */
  close(): void {
    const { state } = this;
    this.state = { kind: 'closed' };
    this.letGo(state);
  }

  /** Breaks the connection and connects anew, as after a loss. */
  reconnect(): void {
    this.lose(null);
  }

  /** Tells the master how far this replica is, if there is one that wants to hear it. */
  acknowledge(diskOffset: Offset | null): void {
    const { state } = this;
    if (state.kind !== 'connected' || !state.acknowledges) return;
    const command = ['REPLCONF', 'ACK', String(state.applier.appliedOffset)];
    if (diskOffset !== null) command.push('FACK', String(diskOffset));
    state.connection.write(encodeCommands([command]));
  }

  /** Once per second: time limits, and a sign of life while a payload is being loaded. */
  everySecond(nowMs: number): void {
    const timedOut = nowMs - this.lastIoMs > this.server.config.values['repl-timeout'] * 1000;
    const { state } = this;
    switch (state.kind) {
      case 'waiting':
      case 'closed':
        return;
      case 'connecting':
      case 'handshake':
        if (timedOut) this.lose('Timeout connecting to the MASTER...');
        return;
      case 'transfer':
        if (state.transfer.loading) {
          state.transfer.connection.write(KEEPALIVE);
        } else if (timedOut) {
          this.lose(
            'Timeout receiving bulk data from MASTER... If the problem persists try to set the ' +
              "'repl-timeout' parameter in redis.conf to a larger value.",
          );
        }
        return;
      case 'connected':
        if (timedOut) this.lose('MASTER timeout: no data nor PING received...');
    }
  }

  /** The client that stands for the master was closed (CLIENT KILL): so is the link. */
  onClientClosed(applier: StreamApplier): void {
    if (this.state.kind === 'connected' && this.state.applier === applier) this.lose(null);
  }

  private connect(): void {
    const { server } = this;
    this.lastIoMs = server.steadyClock.nowMs();
    const handler = new LinkHandler(this);
    const sourceAddress = server.config.values['bind-source-addr'];
    const connection = server.platform.network.connect(
      { host: this.host, port: this.port },
      sourceAddress === '' ? {} : { sourceAddress },
      handler,
    );
    handler.connection = connection;
    this.state = { kind: 'connecting', connection };
    this.say('MASTER <-> REPLICA sync started');
  }

  /** @internal */
  onConnected(connection: Connection): void {
    if (this.state.kind !== 'connecting' || this.state.connection !== connection) return;
    this.say('Non blocking connect for SYNC fired the event.');
    const handshake = new Handshake(this.owner.handshakeOptions(), ({ level, text }) =>
      level === 'warning' ? this.warn(text) : this.say(text),
    );
    this.state = { kind: 'handshake', connection, handshake, line: '' };
    this.takeStep(handshake.start(), handshake, connection);
  }

  /** @internal */
  onData(connection: Connection, chunk: Buffer): void {
    this.lastIoMs = this.server.steadyClock.nowMs();
    const { state } = this;
    switch (state.kind) {
      case 'handshake':
        if (state.connection === connection) this.receiveLines(state, chunk);
        return;
      case 'transfer':
        if (state.transfer.connection !== connection) return;
        if (state.transfer.loading) state.transfer.early.push(Buffer.from(chunk));
        else state.transfer.framing.push(chunk);
        return;
      case 'connected':
        if (state.connection === connection) state.applier.feed(chunk);
        return;
      case 'waiting':
      case 'connecting':
      case 'closed':
        return;
    }
  }

  /** @internal */
  onClosed(connection: Connection, error: Error | null): void {
    const { state } = this;
    switch (state.kind) {
      case 'connecting':
        if (state.connection === connection) {
          this.lose(`Error condition on socket for SYNC: ${describe(error)}`);
        }
        return;
      case 'handshake':
        if (state.connection === connection) {
          this.lose(`Master did not respond to command during SYNC handshake: ${describe(error)}`);
        }
        return;
      case 'transfer':
        if (state.transfer.connection === connection) {
          this.lose(`I/O error trying to sync with MASTER: ${describe(error)}`);
        }
        return;
      case 'connected':
        if (state.connection !== connection) return;
        this.server.log.notice('Connection with master lost.');
        this.lose(null);
        return;
      case 'waiting':
      case 'closed':
        return;
    }
  }

  private receiveLines(state: LinkState & { kind: 'handshake' }, chunk: Buffer): void {
    let position = 0;
    while (this.state === state) {
      const end = chunk.indexOf(LF, position);
      state.line += chunk.latin1Slice(position, end === -1 ? chunk.length : end);
      if (state.line.length > LINE_LIMIT_BYTES) {
        this.lose(`Bad protocol from MASTER: ${state.line.slice(0, 64)}`);
        return;
      }
      if (end === -1) return;
      position = end + 1;
      const line = state.line.endsWith('\r') ? state.line.slice(0, -1) : state.line;
      state.line = '';
      this.takeStep(state.handshake.receive(line), state.handshake, state.connection);
    }
    // What comes behind the last line of the handshake is payload or stream already.
    if (position < chunk.length) this.onData(state.connection, chunk.subarray(position));
  }

  private takeStep(step: HandshakeStep, handshake: Handshake, connection: Connection): void {
    switch (step.kind) {
      case 'wait':
        return;
      case 'send':
        connection.write(encodeCommands(step.commands));
        return;
      case 'give-up':
        if (!handshake.hasAskedToSync || this.owner.onAnswered(false)) this.lose(null);
        return;
      case 'continue':
        if (!this.owner.onAnswered(true)) return;
        this.say('Successful partial resynchronization with master.');
        this.goUp(connection, this.owner.onContinue(step.replid, connection), true);
        this.say('MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.');
        return;
      case 'full':
        if (!this.owner.onAnswered(true)) return;
        this.beginTransfer(connection, { replid: step.replid, offset: step.offset });
        return;
      case 'legacy':
        if (!this.owner.onAnswered(false)) return;
        this.say('Retrying with SYNC...');
        connection.write(LEGACY_SYNC);
        this.beginTransfer(connection, null);
    }
  }

  private beginTransfer(connection: Connection, promised: Promised): void {
    const transfer: Transfer = {
      connection,
      promised,
      framing: new PayloadFraming(this.payloadSink(() => transfer)),
      intake: null,
      frame: null,
      receivedBytes: 0,
      loading: false,
      early: [],
    };
    this.state = { kind: 'transfer', transfer };
  }

  private payloadSink(transferOf: () => Transfer): PayloadSink {
    return {
      onFrame: (frame) => {
        const transfer = transferOf();
        transfer.frame = frame;
        transfer.intake = this.owner.beginIntake(frame, transfer.promised, this.intakeListener(transfer));
      },
      onBytes: (bytes) => {
        const transfer = transferOf();
        transfer.receivedBytes += bytes.length;
        transfer.intake?.push(bytes);
      },
      onEnd: (rest) => {
        const transfer = transferOf();
        transfer.loading = true;
        if (rest.length > 0) transfer.early.push(Buffer.from(rest));
        transfer.connection.pause();
        transfer.intake?.finish();
      },
      onError: (reason) => this.lose(reason),
    };
  }

  private intakeListener(transfer: Transfer): IntakeListener {
    const isCurrent = (): boolean => this.state.kind === 'transfer' && this.state.transfer === transfer;
    return {
      onLoaded: (result) => {
        if (isCurrent()) this.finishTransfer(transfer, result);
      },
      onFailed: (reason) => {
        if (isCurrent()) this.lose(reason);
      },
      onBackpressure: (paused) => {
        if (!isCurrent() || transfer.loading) return;
        if (paused) transfer.connection.pause();
        else transfer.connection.resume();
      },
    };
  }

  private finishTransfer(transfer: Transfer, result: IntakeResult): void {
    const { connection, promised } = transfer;
    this.lastIoMs = this.server.steadyClock.nowMs();
    const applier = this.owner.onLoaded(promised, result, connection);
    this.goUp(connection, applier, promised !== null);
    this.say('MASTER <-> REPLICA sync: Finished with success');
    connection.resume();
    for (const chunk of transfer.early) if (this.applier === applier) applier.feed(chunk);
  }

  /** The stream is up. The master hears at once how far we are: it may wait for that before it sends anything. */
  private goUp(connection: Connection, applier: StreamApplier, acknowledges: boolean): void {
    this.state = { kind: 'connected', connection, applier, acknowledges };
    this.failures = 0;
    this.lastTrouble = '';
    this.downSinceMs = 0;
    this.acknowledge(null);
  }

  /** The connection is of no more use: say why, and try again. */
  private lose(reason: string | null): void {
    const { state } = this;
    if (state.kind === 'closed' || state.kind === 'waiting') return;
    if (reason !== null) this.warn(reason);
    this.state = { kind: 'waiting', timer: null };
    if (state.kind === 'connected') {
      this.downSinceMs = this.server.steadyClock.nowMs();
      this.owner.onStreamLost(state.applier);
    }
    this.letGo(state);
    if (this.state.kind !== 'waiting') return;
    const delayMs = state.kind === 'connected' ? 0 : retryDelayMs(++this.failures);
    if (delayMs === 0) {
      this.server.log.notice(`Reconnecting to MASTER ${this.host}:${this.port}`);
      this.connect();
    } else {
      this.state = { kind: 'waiting', timer: this.server.platform.timers.after(delayMs, () => this.retry()) };
    }
  }

  private retry(): void {
    if (this.state.kind !== 'waiting') return;
    this.server.beginTurn();
    this.say(`Connecting to MASTER ${this.host}:${this.port}`);
    this.connect();
  }

  /** Frees what belongs to a state that has been left. */
  private letGo(state: LinkState): void {
    switch (state.kind) {
      case 'waiting':
        state.timer?.cancel();
        return;
      case 'connecting':
      case 'handshake':
        state.connection.destroy();
        return;
      case 'transfer':
        state.transfer.framing.stop();
        state.transfer.intake?.abandon();
        state.transfer.connection.destroy();
        return;
      case 'connected':
        state.applier.close();
        state.connection.destroy();
        return;
      case 'closed':
        return;
    }
  }

  /** While attempt after attempt fails, only what changes is said: an unreachable master does not fill the log. */
  private say(text: string): void {
    if (this.failures === 0) this.server.log.notice(text);
  }

  private warn(text: string): void {
    if (this.lastTrouble === text) return;
    this.lastTrouble = text;
    this.server.log.warning(text);
  }
}

/** Ties events to the connection they come from: a late event of an old connection must not touch the new one. */
class LinkHandler implements ConnectionHandler {
  connection: Connection | null = null;

  constructor(private readonly link: MasterLink) {}

  onConnect(): void {
    if (this.connection !== null) this.link.onConnected(this.connection);
  }

  onData(chunk: Buffer): void {
    if (this.connection !== null) this.link.onData(this.connection, chunk);
  }

  onDrain(): void {}

  onEnd(): void {
    this.connection?.destroy();
  }

  onClose(error: Error | null): void {
    if (this.connection !== null) this.link.onClosed(this.connection, error);
  }
}

function describe(error: Error | null): string {
  return error === null ? 'connection lost' : systemErrorText(error);
}
