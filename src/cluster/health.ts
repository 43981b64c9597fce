/**
 * Who is down: suspicion of each node, the masters' reports about it, and the agreement that it has failed.
 *
 * The rules are those of failover/; here they meet messages and time. A suspicion is told to the masters at once, an
 * extra PING never moves a pending one, and only the answer to our own PING closes the window.
 */
import { Agreement, FailureReports } from '../failover/agreement.js';
import { Suspicion } from '../failover/suspicion.js';
import type { Cluster } from './cluster.js';
import { describeNode } from './events.js';
import { majorityOf } from './rules/serving-state.js';
import type { ClusterNode } from './view/node.js';

/** Every so often the node that has been silent longest, of a few taken at random, is pinged. */
const SAMPLE_INTERVAL_MS = 1000;
const SAMPLE_SIZE = 5;
/**
 * Redis looks every 100 ms (clusterCron): a shorter timeout never means less than that to it. Taken at its word it would
 * have nodes suspect each other for a round trip, and do nothing but ping.
 */
const SHORTEST_TIMEOUT_MS = 100;

interface Patient {
  readonly suspicion: Suspicion;
  readonly reports: FailureReports;
  readonly agreement: Agreement;
}

export class Health {
  private readonly patients = new Map<ClusterNode, Patient>();
  private nextSampleMs = 0;

  constructor(private readonly cluster: Cluster) {}

  private of(node: ClusterNode): Patient {
    const known = this.patients.get(node);
    if (known !== undefined) return known;
    const patient: Patient = {
      suspicion: new Suspicion(this.cluster.nowMs),
      reports: new FailureReports(() => 2 * this.timeoutMs),
      agreement: new Agreement('sticks'),
    };
    if (node.health === 'failed') patient.agreement.adopt(this.cluster.nowMs);
    this.patients.set(node, patient);
    return patient;
  }

  forget(node: ClusterNode): void {
    this.patients.delete(node);
    for (const { reports } of this.patients.values()) reports.withdraw(node.id);
  }

  private get timeoutMs(): number {
    return Math.max(this.cluster.nodeTimeoutMs, SHORTEST_TIMEOUT_MS);
  }

  private get pingIntervalMs(): number {
    const configured = this.cluster.values['cluster-ping-interval'];
    return configured === 0 ? Math.floor(this.timeoutMs / 2) : configured;
  }

  /** A PING went out, or would have if there were a connection. One that is pending already stays where it is. */
  probed(node: ClusterNode): void {
    if (node.pingSentMs === 0) node.pingSentMs = this.cluster.nowMs;
    this.of(node).suspicion.probed(this.cluster.nowMs);
  }

  /** The PING that is pending has left. It may have waited for the disk: the node has the whole timeout from now on. */
  asked(node: ClusterNode): void {
    if (node.pingSentMs !== 0) this.of(node).suspicion.heard(this.cluster.nowMs);
  }

  /** The connection to the node broke: from now on it owes us an answer. */
  broken(node: ClusterNode): void {
    if (node.membership === 'member') this.probed(node);
  }

  /** Something came from the node. */
  heard(node: ClusterNode): void {
    node.dataReceivedMs = this.cluster.nowMs;
    this.of(node).suspicion.heard(this.cluster.nowMs);
  }

  /** The node answered a PING of ours. */
  answered(node: ClusterNode): void {
    const { nowMs, store } = this.cluster;
    node.pongReceivedMs = nowMs;
    node.pingSentMs = 0;
    this.of(node).suspicion.alive(nowMs);
    if (node.health === 'suspected') {
      node.health = 'alive';
      store.save();
      this.cluster.events.tell({ kind: 'cleared', ...this.cluster.events.about(node) });
    } else if (node.health === 'failed') this.clearFailure(node);
  }

  /** A node heard of it lately, as others say: it need not be asked so soon. */
  heardOf(node: ClusterNode, pongReceivedMs: number): void {
    const isHealthy = node.health === 'alive' && node.pingSentMs === 0;
    if (!isHealthy || this.of(node).reports.count(this.cluster.nowMs) > 0) return;
    if (pongReceivedMs <= this.cluster.nowMs + 500) {
      node.pongReceivedMs = Math.max(node.pongReceivedMs, pongReceivedMs);
    }
  }

  /** A master says that a node is down. */
  reported(reporter: ClusterNode, node: ClusterNode): void {
    const { nowMs, log } = this.cluster;
    const { reports } = this.of(node);
    if (!reports.has(reporter.id, nowMs)) {
      log.verbose(`Node ${describeNode(reporter)} reported node ${describeNode(node)} as not reachable.`);
    }
    reports.report(reporter.id, nowMs);
    this.weigh(node);
  }

  /** A master says that a node is well. */
  withdrawn(reporter: ClusterNode, node: ClusterNode): void {
    const { nowMs, log } = this.cluster;
    const { reports } = this.of(node);
    if (!reports.has(reporter.id, nowMs)) return;
    reports.withdraw(reporter.id);
    log.verbose(`Node ${describeNode(reporter)} reported node ${describeNode(node)} is back online.`);
  }

  reportsAbout(node: ClusterNode): number {
    return this.of(node).reports.count(this.cluster.nowMs);
  }

  /** Somebody has a majority's word that a node has failed. */
  adoptFailure(sender: ClusterNode, node: ClusterNode): void {
    if (node === this.cluster.view.myself) return;
    if (node.health === 'failed') return;
    this.cluster.log.notice(`FAIL message received from ${describeNode(sender)} about ${describeNode(node)}`);
    this.of(node).agreement.adopt(this.cluster.nowMs);
    this.fail(node);
  }

  /** What is due: pings, suspicions, links that are stuck. Returns when to look again. */
  look(nowMs: number): number {
    let nextMs = this.sample(nowMs);
    for (const node of [...this.cluster.view.nodes]) {
      if (node === this.cluster.view.myself || node.hasNoAddress || node.membership !== 'member') continue;
      nextMs = Math.min(nextMs, this.lookAt(node, nowMs));
    }
    return nextMs;
  }

  private lookAt(node: ClusterNode, nowMs: number): number {
    const { timeoutMs, pingIntervalMs } = this;
    this.replaceStuckLink(node, nowMs);
    if (node.pingSentMs === 0 && nowMs > node.pongReceivedMs + pingIntervalMs) this.probe(node);
    const { suspicion } = this.of(node);
    // Later than the timeout, not at it, as Redis has it.
    const toleranceMs = timeoutMs + 1;
    if (node.health === 'alive' && suspicion.isOverdue(nowMs, toleranceMs)) this.suspect(node);
    const pingMs = node.pingSentMs === 0 ? node.pongReceivedMs + pingIntervalMs + 1 : Infinity;
    const suspectMs = node.health === 'alive' ? (suspicion.deadlineMs(toleranceMs) ?? Infinity) : Infinity;
    return Math.min(pingMs, suspectMs, this.stuckMs(node));
  }

  /** Asks for a sign of life, or begins to wait for one where there is no connection to ask on. */
  private probe(node: ClusterNode): void {
    if (this.cluster.bus.isConnectedTo(node)) this.cluster.messenger.ping(node);
    else this.probed(node);
  }

  /**
   * When the link to a node that answers nothing is to be replaced; Infinity: not as things are. Who sends us something on
   * a link of its own is given more time, but no end of it (as in Redis): a machine that restarted without a word may
   * have taken our PING with it, and does not know the link any more.
   */
  private stuckMs(node: ClusterNode): number {
    const link = this.cluster.bus.linkTo(node);
    if (link === null || node.pingSentMs === 0) return Infinity;
    const halfMs = Math.max(Math.floor(this.timeoutMs / 2), SHORTEST_TIMEOUT_MS);
    const patienceMs = Math.min(node.dataReceivedMs + halfMs, node.pingSentMs + 2 * this.timeoutMs);
    return Math.max(link.createdAtMs + this.timeoutMs, node.pingSentMs + halfMs, patienceMs) + 1;
  }

  private replaceStuckLink(node: ClusterNode, nowMs: number): void {
    if (nowMs >= this.stuckMs(node)) this.cluster.bus.reconnect(node);
  }

  private sample(nowMs: number): number {
    if (nowMs < this.nextSampleMs) return this.nextSampleMs;
    this.nextSampleMs = nowMs + SAMPLE_INTERVAL_MS;
    const { view, bus, random } = this.cluster;
    const nodes = [...view.nodes];
    let oldest: ClusterNode | null = null;
    for (let draws = 0; draws < SAMPLE_SIZE; draws++) {
      const node = nodes[random.integer(nodes.length)];
      if (node === view.myself || node.membership !== 'member') continue;
      if (node.pingSentMs !== 0 || !bus.isConnectedTo(node)) continue;
      if (oldest === null || node.pongReceivedMs < oldest.pongReceivedMs) oldest = node;
    }
    if (oldest !== null) this.cluster.messenger.ping(oldest);
    return this.nextSampleMs;
  }

  private suspect(node: ClusterNode): void {
    const { view, messenger, events } = this.cluster;
    node.health = 'suspected';
    events.tell({ kind: 'suspected', ...events.about(node) });
    if (view.myself.isMaster) messenger.tellMasters(node);
    this.weigh(node);
  }

  /** A majority of the masters with slots, this node's own word included if it is a master. */
  private weigh(node: ClusterNode): void {
    const { nowMs, view, events, messenger } = this.cluster;
    if (node.health !== 'suspected') return;
    const { agreement, reports } = this.of(node);
    const agreeing = reports.count(nowMs) + (view.myself.isMaster ? 1 : 0);
    const quorum = majorityOf(view.size);
    if (agreement.weigh(nowMs, true, agreeing, quorum) !== 'reached') return;
    this.fail(node);
    events.tell({ kind: 'confirmed', master: events.about(node).peer, agreeing, quorum });
    messenger.fail(node);
  }

  private fail(node: ClusterNode): void {
    node.health = 'failed';
    node.failedAtMs = this.cluster.nowMs;
    this.cluster.store.save();
  }

  /** Its slots may have been given to another one: a master is only taken back when nobody has wanted them. */
  private clearFailure(node: ClusterNode): void {
    const { nowMs, log, store, events } = this.cluster;
    const hasSlots = node.isMaster && node.slots.size > 0;
    if (hasSlots && nowMs - node.failedAtMs <= 2 * this.timeoutMs) return;
    const how = hasSlots
      ? ' is reachable again and nobody is serving its slots after some time.'
      : `${node.isMaster ? 'master without slots' : 'replica'} is reachable again.`;
    log.notice(`Clear FAIL state for node ${describeNode(node)}:${hasSlots ? '' : ' '}${how}`);
    node.health = 'alive';
    this.of(node).agreement.clear();
    store.save();
    events.tell({ kind: 'cleared', ...events.about(node) });
  }
}
