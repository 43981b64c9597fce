/**
 * One node of a cluster: composes the parts of this folder, gives them time, and does what commands ask for.
 *
 * What happens (a message, a break, a command) is taken in by the parts; at the end of that turn, and when the earliest
 * thing that anybody waits for is due, everything is looked at once. So nothing waits for a tick, and what one event
 * makes due is done before the next one is waited for.
 */
import type { Epoch } from '../failover/epoch.js';
import { toNodeId } from '../failover/identity.js';
import { VoteLedger } from '../failover/vote-ledger.js';
import type { ConfigValues, DirectiveName } from '../config/directives/index.js';
import type { Logger } from '../log/logger.js';
import { SteadyClock } from '../platform/steady-clock.js';
import { Alarm } from '../platform/alarm.js';
import type { Clock, Randomness } from '../platform/platform.js';
import type { Replication } from '../replication/replication.js';
import type { Server } from '../server/server.js';
import { Bus } from './bus/bus.js';
import { BusListeners } from './bus/listening.js';
import { Candidate } from './candidate.js';
import type { ClusterActions, LinkReport, ManualFailover as Kind, MessageCounts } from './cluster-actions.js';
import { describeNode, EventPublisher } from './events.js';
import { Health } from './health.js';
import { ManualFailover } from './manual-failover.js';
import { Membership } from './membership.js';
import { Messenger } from './messenger.js';
import { formatNodesFile } from './nodes-file/codec.js';
import { busPortOf, takeAddress, type OpenedNodes } from './nodes-file/opening.js';
import { NodesLock } from './nodes-file/lock.js';
import { NodesStore } from './nodes-file/store.js';
import { Ownership } from './ownership.js';
import { Receiver } from './receiver.js';
import { chooseMigration } from './rules/migration-choice.js';
import { ServingState } from './rules/serving-state.js';
import type { ClusterNode } from './view/node.js';
import type { ClusterView } from './view/cluster-view.js';
import { allSlots, type Slot } from './view/slots.js';
import { Voter } from './voter.js';

export interface ClusterParts {
  readonly server: Server;
  readonly replication: Replication;
  readonly nodes: OpenedNodes;
}

/** Directives that change what this node says of itself. */
const ANNOUNCED: readonly DirectiveName[] = [
  'cluster-announce-ip',
  'cluster-announce-port',
  'cluster-announce-tls-port',
  'cluster-announce-bus-port',
  'cluster-announce-hostname',
  'cluster-announce-human-nodename',
  'cluster-replica-no-failover',
];

/** Directives that may make something due earlier. */
const RULES: readonly DirectiveName[] = [
  'cluster-node-timeout',
  'cluster-ping-interval',
  'cluster-require-full-coverage',
  'cluster-replica-validity-factor',
  'cluster-allow-replica-migration',
  'cluster-migration-barrier',
];

export class Cluster implements ClusterActions {
  readonly server: Server;
  readonly replication: Replication;
  readonly view: ClusterView;
  readonly store: NodesStore;
  readonly bus: Bus;
  readonly messenger: Messenger;
  readonly health: Health;
  readonly membership: Membership;
  readonly ownership: Ownership;
  readonly candidate: Candidate;
  readonly voter: Voter;
  readonly manualFailover: ManualFailover;
  readonly events: EventPublisher;
  private readonly receiver: Receiver;
  private readonly listeners: BusListeners;
  private readonly lock: NodesLock;
  private readonly serving: ServingState;
  private readonly clock: SteadyClock;
  private readonly alarm: Alarm;
  private isLookScheduled = false;
  private isRunning = false;

  constructor({ server, replication, nodes }: ClusterParts) {
    const { platform, log } = server;
    this.server = server;
    this.replication = replication;
    this.view = nodes.view;
    this.serving = new ServingState(nodes.isNew);
    this.clock = new SteadyClock(platform.clock);
    this.store = new NodesStore({
      path: nodes.path,
      content: () => formatNodesFile(this.view),
      disk: platform.disk,
      timers: platform.timers,
      log,
      onFailure: () => platform.processes.exit(1),
    });
    this.receiver = new Receiver(this);
    this.bus = this.createBus();
    this.listeners = new BusListeners(platform.network, server.config, log);
    this.lock = new NodesLock(platform.network, nodes.path, log);
    this.messenger = new Messenger(this);
    this.health = new Health(this);
    this.membership = new Membership(this);
    this.ownership = new Ownership(this);
    this.candidate = new Candidate(this);
    this.voter = new Voter(this);
    this.manualFailover = new ManualFailover(this);
    this.events = new EventPublisher(this);
    this.alarm = new Alarm(platform.clock, platform.timers, () => this.look());
    this.register();
  }

  get values(): ConfigValues {
    return this.server.config.values;
  }

  get log(): Logger {
    return this.server.log;
  }

  get random(): Randomness {
    return this.server.platform.random;
  }

  get wallClock(): Clock {
    return this.server.platform.clock;
  }

  /** Unix milliseconds that never jump. */
  get nowMs(): number {
    return this.clock.nowMs();
  }

  get nodeTimeoutMs(): number {
    return this.values['cluster-node-timeout'];
  }

  /**
   * Joins the cluster, when the dataset has been loaded.
   * @param done null, or the line for the log that says why not
   */
  start(done: (problem: string | null) => void): void {
    this.lock.take((problem) => {
      if (problem === null) this.join(done);
      else done(problem);
    });
  }

  private join(done: (problem: string | null) => void): void {
    const port = busPortOf(this.server.config);
    const accept = (connection: Parameters<Bus['accept']>[0]): void => this.bus.accept(connection);
    this.listeners.start(port, accept, (problem) => {
      if (problem === null) {
        this.isRunning = true;
        this.claimLoadedSlots();
        for (const node of this.view.nodes) if (node !== this.view.myself) this.bus.connect(node);
        this.wake();
      }
      done(problem);
    });
  }

  /** Leaves the bus. What is not on disk yet is not told either. */
  close(): void {
    this.isRunning = false;
    this.alarm.cancel();
    this.listeners.close();
    this.bus.close();
    this.store.close();
    this.lock.release();
  }

  /** Something happened: looks at everything at the end of this turn. */
  wake(): void {
    if (this.isLookScheduled || !this.isRunning) return;
    this.isLookScheduled = true;
    this.server.platform.timers.endOfTurn(() => {
      this.isLookScheduled = false;
      this.look();
    });
  }

  private look(): void {
    if (!this.isRunning) return;
    this.server.beginTurn();
    const { nowMs } = this;
    const dueMs = Math.min(
      this.health.look(nowMs),
      this.membership.look(nowMs),
      this.manualFailover.look(nowMs),
      this.judgeState(),
      this.candidate.look(nowMs),
      this.migrate(nowMs),
    );
    if (dueMs !== Infinity) this.alarm.set(this.clock.toMonotonic(dueMs));
    // The end of the turn is here already: the bus would put it off to the end of the next one.
    this.bus.flush();
    this.server.scheduleTurnEnd();
  }

  /** Whether the cluster works. Returns when to look again. */
  judgeState(): number {
    const wasServing = this.view.isServing;
    const againMs = this.serving.evaluate(this.view, this.nowMs, {
      requiresFullCoverage: this.values['cluster-require-full-coverage'],
      nodeTimeoutMs: this.nodeTimeoutMs,
    });
    if (this.view.isServing !== wasServing) {
      this.log.notice(`Cluster state changed: ${this.view.isServing ? 'ok' : 'fail'}`);
    }
    return againMs ?? Infinity;
  }

  private migrate(nowMs: number): number {
    const { target, againMs } = chooseMigration(this.view, nowMs, {
      isAllowed: this.values['cluster-allow-replica-migration'],
      barrier: this.values['cluster-migration-barrier'],
    });
    if (target === null) return againMs ?? Infinity;
    this.log.notice(`Migrating to orphaned master ${target.id}`);
    this.ownership.follow(target);
    this.store.saveBinding();
    return nowMs;
  }

  /** Keys of slots that this node has lost are not its business any more. */
  dropKeys(slots: readonly Slot[]): void {
    if (slots.length > 0) this.server.slotDeletion.begin(slots);
  }

  private keysIn(slot: Slot): number {
    return this.server.keyspace.slotIndex?.countIn(slot) ?? 0;
  }

  /** A master that has loaded keys of slots which are not its own: they are taken, or waited for. */
  private claimLoadedSlots(): void {
    const { view, log } = this;
    if (!view.myself.isMaster) return;
    for (const slot of (this.server.keyspace.slotIndex?.occupiedSlots() ?? []) as Slot[]) {
      const owner = view.ownerOf(slot);
      if (owner === view.myself || view.importingFrom.has(slot)) continue;
      if (owner === null) {
        log.warning(`I have keys for unassigned slot ${slot}. Taking responsibility for it.`);
        view.setOwner(slot, view.myself);
      } else {
        log.warning(
          `I have keys for slot ${slot}, but the slot is assigned to another node. Setting it to importing state.`,
        );
        view.importingFrom.set(slot, owner);
      }
      this.store.save();
    }
  }

  get decisions(): number {
    return this.store.promises;
  }

  whenKept(run: () => void): void {
    this.store.whenPromisesSaved(run);
  }

  meet(host: string, port: number, busPort: number): void {
    this.membership.meet({ host, port, busPort });
    this.wake();
  }

  forget(node: ClusterNode): void {
    this.membership.forget(node);
    this.store.saveBinding();
    this.wake();
  }

  isForgotten(id: string): boolean {
    return this.membership.isForgotten(toNodeId(id));
  }

  replicate(master: ClusterNode): void {
    this.ownership.follow(master);
    this.store.saveBinding();
    // The master's messages for its shard are meant for this node from now on.
    this.messenger.tellEveryone();
    this.wake();
  }

  failOver(kind: Kind): void {
    if (kind === 'takeover') {
      this.log.notice('Taking over the master (user request).');
      this.ownership.bumpEpoch();
      this.candidate.reset();
      this.ownership.replaceMaster();
    } else this.manualFailover.begin(kind);
    this.wake();
  }

  reset(hard: boolean): void {
    const { view, store } = this;
    const { myself } = view;
    const wasReplica = !myself.isMaster;
    this.manualFailover.reset();
    this.candidate.reset();
    view.setMaster(myself, null);
    myself.role = 'master';
    if (wasReplica) this.replication.promote();
    for (const slot of allSlots()) if (view.ownerOf(slot) !== null) view.setOwner(slot, null);
    view.migratingTo.clear();
    view.importingFrom.clear();
    this.membership.forgetEverybody();
    if (hard || wasReplica) myself.shardId = this.membership.newId();
    if (hard) {
      view.ledger = new VoteLedger();
      myself.configEpoch = view.currentEpoch;
      const former = myself.id;
      view.rename(myself, this.membership.newId());
      this.log.notice(`Node hard reset, now I'm ${myself.id} (was ${former})`);
    }
    store.saveBinding();
    this.wake();
  }

  assignSlots(slots: readonly Slot[], owner: ClusterNode): void {
    for (const slot of slots) {
      if (owner === this.view.myself) this.server.slotDeletion.complete(slot);
      this.view.importingFrom.delete(slot);
      this.view.setOwner(slot, owner);
    }
    this.store.saveBinding();
    this.wake();
  }

  unassignSlots(slots: readonly Slot[]): void {
    for (const slot of slots) this.view.setOwner(slot, null);
    this.store.saveBinding();
    this.wake();
  }

  setMigrating(slot: Slot, target: ClusterNode): void {
    this.view.migratingTo.set(slot, target);
    this.slotMarked();
  }

  setImporting(slot: Slot, source: ClusterNode): void {
    this.server.slotDeletion.complete(slot);
    this.view.importingFrom.set(slot, source);
    this.slotMarked();
  }

  setStable(slot: Slot): void {
    this.view.migratingTo.delete(slot);
    this.view.importingFrom.delete(slot);
    this.slotMarked();
  }

  settleSlot(slot: Slot, owner: ClusterNode): void {
    const { view, values, log } = this;
    const { myself } = view;
    if (this.keysIn(slot) === 0) view.migratingTo.delete(slot);
    const wasMine = view.ownerOf(slot) === myself;
    if (owner === myself) this.server.slotDeletion.complete(slot);
    view.setOwner(slot, owner);
    // What another node answers for is what that node says; it will say so again.
    this.store.save();
    this.wake();
    // What this node answers for from now on, it answers for after a crash, too.
    if (owner === myself && !wasMine) this.store.saveBinding();
    if (wasMine && owner !== myself && myself.slots.size === 0 && values['cluster-allow-replica-migration']) {
      log.notice(
        `Configuration change detected. Reconfiguring myself as a replica of ${describeNode(owner)}`,
      );
      this.ownership.follow(owner);
      this.store.saveBinding();
    }
    if (owner === myself && view.importingFrom.delete(slot)) {
      if (this.ownership.bumpEpoch() !== null) log.notice('configEpoch updated after importing slot');
      this.messenger.tellEveryone();
    }
  }

  /** A mark that a crash took back would have a source deny keys that have gone already, and a target refuse them. */
  private slotMarked(): void {
    this.store.saveForReply();
    this.wake();
  }

  bumpEpoch(): Epoch | null {
    return this.ownership.bumpEpoch();
  }

  setConfigEpoch(epoch: Epoch): void {
    this.view.myself.configEpoch = epoch;
    this.view.ledger.observe(epoch);
    this.log.notice(`configEpoch set to ${epoch} via CLUSTER SET-CONFIG-EPOCH`);
    this.store.saveBinding();
    this.wake();
  }

  saveConfiguration(): string | null {
    return this.store.saveNow();
  }

  failureReportsAbout(node: ClusterNode): number {
    return this.health.reportsAbout(node);
  }

  publish(channel: string, message: string, sharded: boolean): void {
    this.messenger.publish(channel, message, sharded);
  }

  get links(): Iterable<LinkReport> {
    return this.linkReports();
  }

  private *linkReports(): Generator<LinkReport> {
    for (const { direction, node, createdAtMs, bufferedBytes } of this.bus.links()) {
      if (node === null) continue;
      yield {
        direction,
        node,
        createdAtMs,
        canWrite: bufferedBytes > 0,
        sendBufferAllocatedBytes: bufferedBytes,
        sendBufferUsedBytes: bufferedBytes,
      };
    }
  }

  get messageCounts(): MessageCounts {
    return { sent: this.messenger.sent.byType, received: this.receiver.received.byType };
  }

  get linksOverLimit(): number {
    return this.bus.linksOverLimit;
  }

  killLinks(direction: 'to' | 'from' | 'all', node: ClusterNode): void {
    const link = this.bus.linkTo(node);
    if (direction !== 'from' && link !== null) this.bus.closeLink(link);
    if (direction !== 'to') this.bus.dropFrom(node);
  }

  dropMessagesOfType(type: number | null): void {
    this.receiver.droppedType = type;
  }

  get reasonNotFailingOver(): string | null {
    return this.candidate.reason;
  }

  private createBus(): Bus {
    const { platform } = this.server;
    return new Bus({
      network: platform.network,
      timers: platform.timers,
      nowMs: () => this.nowMs,
      sourceAddress: () => this.values['bind-source-addr'],
      sendLimitBytes: () => this.values['cluster-link-sendbuf-limit'],
      keepAliveSeconds: () => Math.max(1, Math.floor((2 * this.nodeTimeoutMs) / 1000)),
      listener: {
        onConnected: (link) => {
          if (link.node !== null) this.messenger.greet(link, link.node);
          this.wake();
        },
        onMessage: (link, bytes) => {
          this.server.beginTurn();
          this.receiver.take(link, bytes);
          this.wake();
        },
        onGarbage: (link) => this.receiver.takeGarbage(link),
        onBroken: (node) => {
          this.health.broken(node);
          this.wake();
        },
      },
    });
  }

  private register(): void {
    const { server } = this;
    server.beforeReplies.push(() => this.manualFailover.checkProgress());
    server.clusterRoom = () => this.room();
    for (const name of ANNOUNCED) {
      server.config.onChange(name, () => {
        takeAddress(this.view.myself, server.config);
        this.store.save();
        this.wake();
      });
    }
    for (const name of RULES) server.config.onChange(name, () => this.wake());
  }

  private room(): { readonly connections: number; readonly memoryBytes: number } {
    let memoryBytes = 0;
    for (const link of this.bus.links()) memoryBytes += link.bufferedBytes + link.heldBytes;
    return { connections: (this.view.nodeCount - 1) * 2, memoryBytes };
  }
}
