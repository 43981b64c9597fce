/**
 * FAILOVER: hands the role of master over to a replica without losing a write.
 *
 * Writes are paused until a replica has acknowledged everything; then this server becomes its replica, asking it to
 * promote itself in the same PSYNC. Until that is answered nothing is lost: on a refusal
 * this server is master again.
 */
import type { Timer } from '../platform/platform.js';
import type { Server } from '../server/server.js';
import type { Offset } from './identity.js';
import type { Replicas } from './replicas.js';

export interface FailoverTarget {
  readonly host: string;
  readonly port: number;
}

export interface FailoverOptions {
  /** Null: whichever replica is the first to have everything. */
  readonly target: FailoverTarget | null;
  /** When the time is over, fail over to the target even if it has not everything. */
  readonly force: boolean;
  /** 0: wait for ever. */
  readonly timeoutMs: number;
}

/** The changes of role that a failover asks for. */
export interface RoleChanger {
  readonly offset: Offset;
  follow(target: FailoverTarget): void;
  promote(): void;
}

type FailoverState =
  | { readonly kind: 'none' }
  | { readonly kind: 'waiting'; readonly options: FailoverOptions; readonly timer: Timer | null }
  | { readonly kind: 'handing-over'; readonly target: FailoverTarget };

/** As INFO names the states. */
const STATE_NAMES = {
  none: 'no-failover',
  waiting: 'waiting-for-sync',
  'handing-over': 'failover-in-progress',
} as const;

const NONE: FailoverState = { kind: 'none' };

export class CoordinatedFailover {
  private state: FailoverState = NONE;

  constructor(
    private readonly server: Server,
    private readonly replicas: Replicas,
    private readonly role: RoleChanger,
  ) {}

  get isActive(): boolean {
    return this.state.kind !== 'none';
  }

  /** The new master has been asked to take over. */
  get isHandingOver(): boolean {
    return this.state.kind === 'handing-over';
  }

  get stateName(): (typeof STATE_NAMES)[FailoverState['kind']] {
    return STATE_NAMES[this.state.kind];
  }

  begin(options: FailoverOptions): void {
    const { target, timeoutMs } = options;
    const whom = target === null ? 'any replica' : `${target.host}:${target.port}`;
    this.server.log.notice(`FAILOVER requested to ${whom}.`);
    const timer =
      timeoutMs === 0 ? null : this.server.platform.timers.after(timeoutMs, () => this.onTimeout());
    this.state = { kind: 'waiting', options, timer };
    this.server.pause.begin('failover', Infinity, true);
  }

  /** Ends the attempt; a handover that was not answered is taken back. */
  abort(reason: string): void {
    const { state } = this;
    if (state.kind === 'none') return;
    const target = state.kind === 'waiting' ? state.options.target : state.target;
    const whom = target === null ? 'any replica' : `${target.host}:${target.port}`;
    this.server.log.notice(`FAILOVER to ${whom} aborted: ${reason}`);
    if (state.kind === 'handing-over') this.role.promote();
    this.clear();
  }

  /** Replicas may have caught up. Called after acknowledgements, and once per second. */
  onProgress(): void {
    if (this.state.kind !== 'waiting') return;
    const { target } = this.state.options;
    const { offset } = this.role;
    for (const session of this.replicas.all()) {
      if (session.ackOffset !== offset) continue;
      const found = { host: session.address, port: session.port };
      if (target !== null && this.replicas.find(target.host, target.port) !== session) continue;
      this.server.log.notice(`Failover target ${found.host}:${found.port} is synced, failing over.`);
      this.handOver(target ?? found);
      return;
    }
  }

  /**
   * The new master has answered PSYNC.
   * @returns false when this server is master again, so that the link is of no more use
   */
  onAnswered(accepted: boolean): boolean {
    if (this.state.kind !== 'handing-over') return true;
    if (accepted) this.clear();
    else this.abort('Failover target rejected psync request');
    return accepted;
  }

  close(): void {
    if (this.state.kind === 'waiting') this.state.timer?.cancel();
  }

  private onTimeout(): void {
    if (this.state.kind !== 'waiting') return;
    this.server.beginTurn();
    const { target, force } = this.state.options;
    if (!force || target === null) {
      this.abort('Replica never caught up before timeout');
      return;
    }
    this.server.log.notice(`FAILOVER to ${target.host}:${target.port} time out exceeded, failing over.`);
    this.handOver(target);
  }

  private handOver(target: FailoverTarget): void {
    if (this.state.kind === 'waiting') this.state.timer?.cancel();
    this.state = { kind: 'handing-over', target };
    this.role.follow(target);
  }

  private clear(): void {
    if (this.state.kind === 'waiting') this.state.timer?.cancel();
    this.state = NONE;
    this.server.pause.end('failover');
  }
}
