/**
 * A failover that an operator asks for: CLUSTER FAILOVER in its three forms, on the replica's and on the master's side.
 *
 * Coordinated: the master stops writes and tells where its stream ends; the replica gets there, then stands for
 * election. Nothing is lost, and nobody need have failed.
 */
import type { BusLink } from './bus/link.js';
import type { MessageHeader } from './bus/message.js';
import type { Cluster } from './cluster.js';
import { describeNode } from './events.js';
import type { ClusterNode } from './view/node.js';

/** Redis's CLUSTER_MF_TIMEOUT; writes stand still for twice as long at most, should the replica win late. */
const TIMEOUT_MS = 5000;
const PAUSE_MS = 2 * TIMEOUT_MS;
/** How often a paused master shows its replica that it is. */
const SHOW_INTERVAL_MS = 100;

type State =
  | { readonly kind: 'none' }
  /** As a replica: until the master says where its stream ends. */
  | { readonly kind: 'asking'; readonly endMs: number }
  | { readonly kind: 'catching-up'; readonly endMs: number; readonly offset: number }
  | { readonly kind: 'ready'; readonly endMs: number }
  /** As a master: writes wait. */
  | { readonly kind: 'pausing'; readonly endMs: number; readonly replica: ClusterNode; nextShowMs: number };

const NONE: State = { kind: 'none' };

export class ManualFailover {
  private state: State = NONE;

  constructor(private readonly cluster: Cluster) {}

  /** As a master: the offset of the stream stands still for a replica's sake. */
  get isPausing(): boolean {
    return this.state.kind === 'pausing';
  }

  get isActive(): boolean {
    return this.state.kind !== 'none';
  }

  /** As a replica: the election may begin. */
  get isReady(): boolean {
    return this.state.kind === 'ready';
  }

  /** An operator's word on a replica. What this replica has done in elections before does not count in this one. */
  begin(kind: 'coordinated' | 'force'): void {
    const { nowMs, view, log, messenger, candidate } = this.cluster;
    this.reset();
    candidate.reset();
    const endMs = nowMs + TIMEOUT_MS;
    if (kind === 'force') {
      log.notice('Forced failover user request accepted.');
      this.state = { kind: 'ready', endMs };
      return;
    }
    log.notice('Manual failover user request accepted.');
    this.state = { kind: 'asking', endMs };
    if (view.myself.master !== null) messenger.startManualFailover(view.myself.master);
  }

  /** A replica of this master wants to take over. */
  requestedBy(replica: ClusterNode, link: BusLink): void {
    const { view, nowMs, server, log, messenger } = this.cluster;
    if (!view.myself.isMaster || replica.master !== view.myself) return;
    this.reset();
    this.state = {
      kind: 'pausing',
      endMs: nowMs + TIMEOUT_MS,
      replica,
      nextShowMs: nowMs + SHOW_INTERVAL_MS,
    };
    server.pause.begin('failover', PAUSE_MS, true);
    log.notice(`Manual failover requested by replica ${describeNode(replica)}.`);
    messenger.showPaused(link);
  }

  /** The master says where its stream stands still. */
  takeHeader(sender: ClusterNode, header: MessageHeader): void {
    const { state } = this;
    const { view, log, server } = this.cluster;
    if (state.kind !== 'asking' || !header.isPaused || sender !== view.myself.master) return;
    log.notice(`Received replication offset for paused master manual failover: ${header.offset}`);
    this.state = { kind: 'catching-up', endMs: state.endMs, offset: header.offset };
    this.checkProgress();
    server.scheduleTurnEnd();
  }

  /** The stream may have reached its end. Called whenever a turn has brought something. */
  checkProgress(): void {
    const { state } = this;
    if (state.kind !== 'catching-up' || this.cluster.replication.processedOffset !== state.offset) return;
    this.cluster.log.notice('All master replication stream processed, manual failover can start.');
    this.state = { kind: 'ready', endMs: state.endMs };
    this.cluster.wake();
  }

  /** Ends it if its time is over. Returns when to look again. */
  look(nowMs: number): number {
    const { state } = this;
    if (state.kind === 'none') return Infinity;
    if (nowMs > state.endMs) {
      this.cluster.log.warning('Manual failover timed out.');
      this.reset();
      return Infinity;
    }
    if (state.kind !== 'pausing') return state.endMs + 1;
    if (nowMs >= state.nextShowMs) {
      this.cluster.messenger.ping(state.replica);
      state.nextShowMs = nowMs + SHOW_INTERVAL_MS;
    }
    return Math.min(state.nextShowMs, state.endMs + 1);
  }

  /** There is no manual failover any more: clients go on. */
  reset(): void {
    const { state } = this;
    this.state = NONE;
    if (state.kind === 'pausing') this.cluster.server.pause.end('failover');
  }
}
