/**
 * Says things on the bus: makes the header from what this node holds to be true, counts, and lets nothing leave before
 * what it tells of is on disk.
 */
import { encodeMessage } from './bus/encoder.js';
import type { BusLink } from './bus/link.js';
import {
  MESSAGE_TYPES,
  type Extensions,
  type GossipEntry,
  type MessageBody,
  type MessageHeader,
  type MessageType,
} from './bus/message.js';
import type { Cluster } from './cluster.js';
import { chooseGossip } from './rules/gossip-selection.js';
import { claimedSlots } from './rules/slot-claims.js';
import type { ClusterNode } from './view/node.js';
import { flagBits } from './view/node-flags.js';

/** Counts of messages by type, in the order of the type numbers. */
export class MessageTally {
  private readonly counts = new Map<MessageType, number>(MESSAGE_TYPES.map((type) => [type, 0]));

  count(type: MessageType): void {
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
  }

  get byType(): ReadonlyMap<string, number> {
    return this.counts;
  }
}

export class Messenger {
  readonly sent = new MessageTally();

  constructor(private readonly cluster: Cluster) {}

  /** Asks a node for a sign of life, on the link to it. */
  ping(node: ClusterNode): void {
    const link = this.cluster.bus.linkTo(node);
    if (link === null) return;
    this.post(link, this.gossip('ping'), this.probe(node));
  }

  /** A PING is about to be sent. Returns what to do when it leaves, which may have to wait for the disk. */
  private probe(node: ClusterNode): () => void {
    const { health } = this.cluster;
    const isFirst = node.pingSentMs === 0;
    health.probed(node);
    const isHandshake = node.membership === 'handshake';
    if (isHandshake) node.metAtMs = Infinity;
    return () => {
      // One that is pending already stays where it is: only the first opens the window.
      if (isFirst) health.asked(node);
      if (isHandshake && node.membership === 'handshake') node.metAtMs = this.cluster.nowMs;
    };
  }

  /** The first word on a new link: whoever is to be met is told so, on every link until the handshake is done. */
  greet(link: BusLink, node: ClusterNode): void {
    if (node.sendsMeet) this.meet(link, node);
    else this.post(link, this.gossip('ping'), this.probe(node));
  }

  meet(link: BusLink, node: ClusterNode): void {
    this.post(link, this.gossip('meet'), this.probe(node));
  }

  /** Answers on the link that the question came from. */
  answer(link: BusLink): void {
    this.post(link, this.gossip('pong'));
  }

  /** A PING on a link of another's making: it asks nothing of that node, it shows that the offset stands still. */
  showPaused(link: BusLink): void {
    this.post(link, this.gossip('ping'));
  }

  /** News for everybody: an unasked-for PONG. */
  tellEveryone(): void {
    this.broadcast(this.gossip('pong'), () => true);
  }

  /** Replicas of the same master hear how far this one is. */
  tellSiblings(): void {
    const { myMaster, myself } = this.cluster.view;
    this.broadcast(
      this.gossip('pong'),
      (node) => node !== myself && node.master !== null && node.master === myMaster,
    );
  }

  /** The other masters hear at once of a suspicion: all suspicions are in the gossip. */
  tellMasters(suspect: ClusterNode): void {
    this.broadcast(this.gossip('pong'), (node) => node.isMaster && node !== suspect);
  }

  fail(failed: ClusterNode): void {
    this.broadcast({ type: 'fail', failed: failed.id }, () => true);
  }

  requestVotes(isForced: boolean): void {
    this.broadcast({ type: 'auth-req' }, () => true, isForced);
  }

  vote(candidate: ClusterNode): void {
    this.postTo(candidate, { type: 'auth-ack' });
  }

  startManualFailover(master: ClusterNode): void {
    this.postTo(master, { type: 'mfstart' });
  }

  /** Tells a node that claims slots of another one who has them. */
  update(node: ClusterNode, owner: ClusterNode): void {
    this.postTo(node, {
      type: 'update',
      configEpoch: owner.configEpoch,
      owner: owner.id,
      slots: claimedSlots(this.cluster.view, owner),
    });
  }

  /** A message for subscribers: to all nodes, or to those of this shard. */
  publish(channel: string, message: string, sharded: boolean): void {
    if (!sharded) {
      this.broadcast({ type: 'publish', channel, message }, () => true);
      return;
    }
    const { myMaster } = this.cluster.view;
    this.broadcast(
      { type: 'publishshard', channel, message },
      (node) => node === myMaster || (node.master !== null && node.master === myMaster),
    );
  }

  private postTo(node: ClusterNode, body: MessageBody): void {
    const link = this.cluster.bus.linkTo(node);
    if (link !== null) this.post(link, body);
  }

  private post(link: BusLink, body: MessageBody, onSent: () => void = () => undefined): void {
    this.dispatch([link], body, false, onSent);
  }

  /** To every member that there is a link to, and that is meant. */
  private broadcast(body: MessageBody, isMeant: (node: ClusterNode) => boolean, isForced = false): void {
    const { view, bus } = this.cluster;
    const links: BusLink[] = [];
    for (const node of view.nodes) {
      if (node === view.myself || node.membership !== 'member' || !isMeant(node)) continue;
      const link = bus.linkTo(node);
      if (link !== null) links.push(link);
    }
    this.dispatch(links, body, isForced, () => undefined);
  }

  private dispatch(
    links: readonly BusLink[],
    body: MessageBody,
    isForced: boolean,
    onSent: () => void,
  ): void {
    if (links.length === 0) return;
    const { store, bus } = this.cluster;
    const bytes = encodeMessage({ header: this.header(body, isForced), body });
    for (let count = links.length; count > 0; count--) this.sent.count(body.type);
    store.whenBindingSaved(() => {
      for (const link of links) bus.send(link, bytes);
      onSent();
    });
  }

  private header(body: MessageBody, isForced: boolean): MessageHeader {
    const { view, values, replication, manualFailover } = this.cluster;
    const { myself } = view;
    const shardMaster = view.myMaster ?? myself;
    return {
      port: myself.port,
      secondaryPort: myself.secondaryPort,
      busPort: myself.busPort,
      currentEpoch: view.currentEpoch,
      configEpoch: shardMaster.configEpoch,
      offset: replication.processedOffset,
      sender: myself.id,
      slots: shardMaster.slots.bitmap,
      masterId: myself.isMaster ? null : (myself.master?.id ?? null),
      host: values['cluster-announce-ip'] ?? '',
      flags: flagBits(myself, true),
      isServing: view.isServing,
      isPaused: manualFailover.isPausing,
      isForced,
      knowsExtensions: 'extensions' in body,
    };
  }

  private gossip(type: 'ping' | 'pong' | 'meet'): MessageBody {
    const { view, random } = this.cluster;
    const chosen = chooseGossip(view, (bound) => random.integer(bound));
    return { type, gossip: chosen.map(entryOf), extensions: this.extensions() };
  }

  private extensions(): Extensions {
    const { view, membership } = this.cluster;
    const { hostname, humanName, shardId } = view.myself;
    return { hostname, humanName, shardId, forgotten: membership.forgotten() };
  }
}

function entryOf(node: ClusterNode): GossipEntry {
  return {
    id: node.id,
    pingSentSeconds: Math.floor(node.pingSentMs / 1000),
    pongReceivedSeconds: Math.floor(node.pongReceivedMs / 1000),
    host: node.host,
    port: node.port,
    busPort: node.busPort,
    secondaryPort: node.secondaryPort,
    flags: flagBits(node, false),
  };
}
