/**
 * Who has which role and which slots: what headers and UPDATEs claim, what follows for this node, and the epochs under
 * which claims win. The rules are in rules/slot-claims.ts; here they meet replication, the disk and the keys.
 */
import { nextEpoch, type Epoch } from '../failover/epoch.js';
import type { MessageBody, MessageHeader } from './bus/message.js';
import type { Cluster } from './cluster.js';
import { describeNode } from './events.js';
import { takeDemotion } from './rules/demotion.js';
import {
  applyClaims,
  betterOwner,
  greatestEpoch,
  mustYieldEpoch,
  needsGreaterEpoch,
} from './rules/slot-claims.js';
import type { ClusterNode } from './view/node.js';
import { SlotSet } from './view/slots.js';

export class Ownership {
  constructor(private readonly cluster: Cluster) {}

  /** Epochs only go up, whoever tells of them. */
  takeEpochs(sender: ClusterNode, header: MessageHeader): void {
    const { view, store } = this.cluster;
    view.ledger.observe(header.currentEpoch);
    if (header.configEpoch <= sender.configEpoch) return;
    sender.configEpoch = header.configEpoch;
    store.saveBinding();
  }

  /**
   * Whether the sender is a master, or whose replica it is.
   * @returns false when the message is older than what is known: it has nothing to say of slots either
   */
  takeRole(sender: ClusterNode, { masterId, configEpoch, slots }: MessageHeader): boolean {
    const { view, store } = this.cluster;
    if (masterId === null) {
      this.makeMaster(sender);
      return true;
    }
    const master = view.find(masterId) ?? null;
    if (sender.isMaster) {
      const demotion = takeDemotion(view, sender, master, configEpoch, slots);
      if (demotion === 'stale') return false;
      sender.role = 'replica';
      store.save();
      if (demotion === 'succeeded' && master !== null) {
        store.saveBinding();
        this.tellSwitch(sender, master);
      }
    }
    if (master === null || master === sender || sender.master === master) return true;
    view.setMaster(sender, master);
    sender.shardId = master.shardId;
    store.save();
    this.leaveReplica();
    return true;
  }

  private makeMaster(node: ClusterNode): void {
    const { view, store } = this.cluster;
    if (node.isMaster) return;
    view.setMaster(node, null);
    node.role = 'master';
    if (node !== view.myself) node.acceptsMigration = true;
    store.save();
  }

  /** What the sender, or its master, claims to own. */
  takeClaims(sender: ClusterNode, header: MessageHeader): void {
    const { view, messenger } = this.cluster;
    const claimant = sender.isMaster ? sender : sender.master;
    if (claimant === null) return;
    const differs = !claimant.slots.equals(header.slots) || view.unclaimed.size > 0;
    if (!differs) return;
    if (sender.isMaster) this.claim(sender, header.configEpoch, header.slots);
    const owner = betterOwner(view, sender, header.configEpoch, header.slots);
    if (owner === null) return;
    this.cluster.log.verbose(
      `Node ${describeNode(sender)} has old slots configuration, sending an UPDATE message about ${describeNode(owner)}`,
    );
    messenger.update(sender, owner);
  }

  /** Two masters with one epoch: one of them takes another. */
  resolveCollision(sender: ClusterNode, header: MessageHeader): void {
    const { view, store, log } = this.cluster;
    if (!mustYieldEpoch(view, sender, header.configEpoch)) return;
    if (!this.takeNextEpoch()) return;
    log.verbose(
      `WARNING: configEpoch collision with node ${describeNode(sender)}. ` +
        `Updating my configEpoch to ${view.myself.configEpoch}`,
    );
    store.saveBinding();
  }

  /** Someone else tells who has the slots that this node claims for another one. */
  takeUpdate(update: MessageBody & { type: 'update' }): void {
    const { view, store, log } = this.cluster;
    const owner = view.find(update.owner);
    if (owner === undefined) return;
    if (owner === view.myself) {
      log.notice('Discarding UPDATE message about myself.');
      return;
    }
    if (owner.configEpoch >= update.configEpoch) return;
    this.makeMaster(owner);
    owner.configEpoch = update.configEpoch;
    store.saveBinding();
    this.claim(owner, update.configEpoch, update.slots);
  }

  private claim(claimant: ClusterNode, epoch: Epoch, bitmap: Uint8Array): void {
    const { view, store, values } = this.cluster;
    const former = view.myMaster;
    const outcome = applyClaims(view, claimant, epoch, bitmap);
    if (outcome.rebound > 0) store.saveBinding('paced');
    for (const displaced of outcome.displaced) this.tellSwitch(displaced, claimant);
    const hasLostAll = outcome.lostByShard > 0 && former !== null && former.slots.size === 0;
    const takesAll = (): boolean => new SlotSet(bitmap).size === outcome.lostByShard;
    if (hasLostAll && (values['cluster-allow-replica-migration'] || takesAll())) {
      this.cluster.log.notice(
        `Configuration change detected. Reconfiguring myself as a replica of ${describeNode(claimant)}`,
      );
      this.follow(claimant);
      store.saveBinding();
      return;
    }
    if (!this.leaveReplica()) this.cluster.dropKeys(outcome.lost);
  }

  /** A replica of what has become a replica itself follows that one's master. */
  private leaveReplica(): boolean {
    const { view, store, log } = this.cluster;
    const { master } = view.myself;
    if (master === null || master.master === null || master.master === view.myself) return false;
    log.notice(
      `I'm a sub-replica! Reconfiguring myself from ${describeNode(master)} to ${describeNode(master.master)}`,
    );
    this.follow(master.master);
    store.saveBinding();
    return true;
  }

  private tellSwitch(from: ClusterNode, to: ClusterNode): void {
    const { events } = this.cluster;
    events.tell({
      kind: 'switched',
      master: events.about(from).peer,
      to: { host: to.host, port: to.port },
      configEpoch: to.configEpoch,
    });
  }

  /** Makes this node a replica of a master. */
  follow(master: ClusterNode): void {
    const { view, manualFailover, candidate } = this.cluster;
    const { myself } = view;
    if (myself.isMaster) {
      myself.role = 'replica';
      myself.acceptsMigration = false;
      view.migratingTo.clear();
      view.importingFrom.clear();
    }
    view.setMaster(myself, master);
    myself.shardId = master.shardId;
    this.cluster.store.save();
    manualFailover.reset();
    candidate.reset();
    this.followMaster();
  }

  /** Has replication follow the master that this node has, where it is now. */
  followMaster(): void {
    const { view, replication, values } = this.cluster;
    const { master } = view.myself;
    if (master === null || master.host === '' || master.hasNoAddress) return;
    const target = { host: master.host, port: master.port };
    const current = values.replicaof;
    const isFollowed =
      replication.role !== null && current?.host === target.host && current.port === target.port;
    if (!isFollowed) replication.follow(target);
  }

  /** This node becomes master in the place of its own, and has that one's slots. The epoch is settled. */
  replaceMaster(): void {
    const { view, replication, store, messenger, manualFailover, events } = this.cluster;
    const { myself } = view;
    const former = myself.master;
    if (former === null) return;
    const { master, peer } = events.about(myself);
    view.setMaster(myself, null);
    myself.role = 'master';
    for (const slot of [...former.slots]) view.setOwner(slot, myself);
    replication.promote();
    this.cluster.judgeState();
    store.saveBinding();
    messenger.tellEveryone();
    manualFailover.reset();
    // Whoever hears of it may act on it: it is on disk by then.
    store.whenBindingSaved(() => {
      events.tell({ kind: 'promoted', master, peer });
      this.tellSwitch(former, myself);
    });
  }

  /** A greater epoch than all, without asking: null when this node has it already, or when none is left. */
  bumpEpoch(): Epoch | null {
    const { view, store, log } = this.cluster;
    if (!needsGreaterEpoch(view)) return null;
    view.ledger.observe(greatestEpoch(view));
    if (!this.takeNextEpoch()) return null;
    store.saveBinding();
    log.notice(`New configEpoch set to ${view.myself.configEpoch}`);
    return view.myself.configEpoch;
  }

  private takeNextEpoch(): boolean {
    const { view, log } = this.cluster;
    const epoch = nextEpoch(view.currentEpoch);
    if (epoch === null) {
      log.warning('No epoch is left after 9223372036854775807.');
      return false;
    }
    view.ledger.observe(epoch);
    view.myself.configEpoch = epoch;
    return true;
  }
}
