/**
 * Who belongs to the cluster: handshakes, what gossip tells of other nodes, addresses, names, and who was forgotten.
 */
import { toNodeId, type NodeId } from '../failover/identity.js';
import type { BusLink } from './bus/link.js';
import { NodeFlag, type Extensions, type GossipEntry, type MessageHeader } from './bus/message.js';
import type { Cluster } from './cluster.js';
import { describeNode } from './events.js';
import { ClusterNode } from './view/node.js';

/** Redis's CLUSTER_BLACKLIST_TTL. */
const FORGOTTEN_MS = 60_000;
const SHORTEST_HANDSHAKE_MS = 1000;
const ID_LENGTH = 40;
/** More nodes than any cluster has: what gossip tells beyond is not believed. */
const MAX_NODES = 16_384;

interface Place {
  readonly host: string;
  readonly port: number;
  readonly secondaryPort: number;
  readonly busPort: number;
}

export class Membership {
  /** Until when nodes that were forgotten are not taken back from gossip. */
  private readonly forgottenUntilMs = new Map<NodeId, number>();

  constructor(private readonly cluster: Cluster) {}

  /** Begins a handshake with whoever is there; nothing when one is under way. */
  meet(place: { readonly host: string; readonly port: number; readonly busPort: number }): void {
    const { view } = this.cluster;
    for (const { membership, host, port, busPort } of view.nodes) {
      const isSame = host === place.host && port === place.port && busPort === place.busPort;
      if (isSame && membership === 'handshake') return;
    }
    const node = this.addUnknown({ ...place, secondaryPort: 0 });
    node.sendsMeet = true;
    this.cluster.bus.connect(node);
  }

  /** Somebody wants to meet this node: it is asked in turn who it is. */
  metBy(link: BusLink, header: MessageHeader): void {
    const node = this.addUnknown(placeOf(link, header));
    this.cluster.bus.connect(node);
    this.cluster.store.save();
  }

  /** A node whose id is not known yet. */
  private addUnknown({ host, port, secondaryPort, busPort }: Place): ClusterNode {
    const { nowMs } = this.cluster;
    const node = new ClusterNode({ id: this.newId(), shardId: this.newId(), host, port, busPort }, nowMs);
    node.secondaryPort = secondaryPort;
    node.membership = 'handshake';
    this.cluster.view.add(node);
    return node;
  }

  newId(): NodeId {
    return toNodeId(this.cluster.random.hex(ID_LENGTH));
  }

  /** The node that this link leads to has said who it is. False: it is a node known already, and the link is closed. */
  completeHandshake(link: BusLink, node: ClusterNode, header: MessageHeader): boolean {
    const { view, store, log } = this.cluster;
    const known = view.find(header.sender);
    if (known !== undefined) {
      log.verbose(`Handshake: we already know node ${describeNode(known)}, updating the address if needed.`);
      if (known !== view.myself) {
        this.moveIfNeeded(known, link, header);
        known.metAtMs = this.cluster.nowMs;
      }
      this.remove(node);
      return false;
    }
    view.rename(node, header.sender);
    log.debug(`Handshake with node ${describeNode(node)} completed.`);
    node.membership = 'member';
    node.metAtMs = this.cluster.nowMs;
    node.sendsMeet = false;
    node.role = (header.flags & NodeFlag.replica) === 0 ? 'master' : 'replica';
    store.save();
    return true;
  }

  /**
   * Handshakes that lead nowhere end; the time that this node's own disk keeps the first word back is not counted. Each
   * side completes its own, so one may give up, being slow, what the other has completed; it would then ignore that
   * other node for ever. So whoever keeps no link to this node after a handshake is asked to meet it again. Returns when
   * to look again.
   */
  look(nowMs: number): number {
    const limitMs = Math.max(this.cluster.nodeTimeoutMs, SHORTEST_HANDSHAKE_MS);
    let nextMs = Infinity;
    for (const node of [...this.cluster.view.nodes]) {
      if (node.membership === 'handshake') {
        const endMs = Math.max(node.createdAtMs, node.metAtMs) + limitMs;
        if (nowMs > endMs) this.remove(node);
        else nextMs = Math.min(nextMs, endMs + 1);
      } else if (node.metAtMs !== 0) nextMs = Math.min(nextMs, this.seeIfMet(node, nowMs, limitMs));
    }
    return nextMs;
  }

  private seeIfMet(node: ClusterNode, nowMs: number, limitMs: number): number {
    const isAbsent = this.cluster.bus.linkFrom(node) === null;
    if (isAbsent && nowMs > node.metAtMs + limitMs) this.meetAgain(node);
    return Math.max(node.metAtMs, isAbsent ? 0 : nowMs) + limitMs + 1;
  }

  private meetAgain(node: ClusterNode): void {
    const { bus, messenger, nowMs } = this.cluster;
    node.metAtMs = nowMs;
    const link = bus.linkTo(node);
    if (link?.isConnected === true) messenger.meet(link, node);
  }

  /** What a known node tells of others. A newcomer that wants to meet this node is believed, too. */
  takeGossip(sender: ClusterNode | null, entries: readonly GossipEntry[]): void {
    const { view } = this.cluster;
    for (const entry of entries) {
      const node = view.find(entry.id);
      if (node === view.myself) continue;
      if (node === undefined) this.takeStranger(entry);
      else this.takeWord(sender, node, entry);
    }
  }

  private takeWord(sender: ClusterNode | null, node: ClusterNode, entry: GossipEntry): void {
    const { health } = this.cluster;
    const isDown = (entry.flags & (NodeFlag.suspected | NodeFlag.failed)) !== 0;
    if (sender?.isMaster === true) {
      if (isDown) health.reported(sender, node);
      else health.withdrawn(sender, node);
    }
    if (isDown) return;
    health.heardOf(node, entry.pongReceivedSeconds * 1000);
    if (node.health === 'alive' || (entry.flags & NodeFlag.noAddress) !== 0 || entry.host === '') return;
    if (!isAt(node, entry)) this.move(node, entry);
  }

  private takeStranger(entry: GossipEntry): void {
    const { view, bus, nowMs, log } = this.cluster;
    const isUseless = (entry.flags & (NodeFlag.noAddress | NodeFlag.handshake)) !== 0 || entry.host === '';
    if (isUseless || this.isForgotten(entry.id) || view.nodeCount >= MAX_NODES) return;
    const { id, host, port, busPort, secondaryPort, flags } = entry;
    const node = new ClusterNode({ id, shardId: this.newId(), host, port, busPort }, nowMs);
    node.secondaryPort = secondaryPort;
    node.role = (flags & NodeFlag.replica) === 0 ? 'master' : 'replica';
    node.neverFailsOver = (flags & NodeFlag.neverFailsOver) !== 0;
    view.add(node);
    log.debug(`Node ${describeNode(node)} at ${host}:${port} learned from gossip`);
    bus.connect(node);
  }

  /** A node that talks to this one shows by it where it is now. */
  moveIfNeeded(node: ClusterNode, link: BusLink, header: MessageHeader): void {
    if (link === this.cluster.bus.linkTo(node)) return;
    const place = placeOf(link, header);
    if (place.host === '' || isAt(node, place)) return;
    this.move(node, place);
    this.cluster.log.notice(
      `Address updated for node ${describeNode(node)}, now ${place.host}:${place.port}`,
    );
  }

  private move(node: ClusterNode, place: Place): void {
    const { view, store, bus, ownership } = this.cluster;
    node.host = place.host;
    node.port = place.port;
    node.secondaryPort = place.secondaryPort;
    node.busPort = place.busPort;
    node.hasNoAddress = false;
    bus.reconnect(node);
    if (view.myself.master === node) ownership.followMaster();
    store.save();
  }

  /** Another node answers where this one was. */
  loseAddress(node: ClusterNode): void {
    const { bus, store, log } = this.cluster;
    log.debug(`PONG contains mismatching sender ID. About node ${describeNode(node)}`);
    bus.drop(node);
    node.hasNoAddress = true;
    node.host = '';
    node.port = 0;
    node.secondaryPort = 0;
    node.busPort = 0;
    store.save();
  }

  /** This node's own address is what others reach it by; it is learned from them, unless it is configured. */
  learnOwnAddress(link: BusLink, isMeeting: boolean): void {
    const { view, values, store, log } = this.cluster;
    const { myself } = view;
    if (values['cluster-announce-ip'] !== '' || (!isMeeting && myself.host !== '')) return;
    const host = link.localAddress;
    if (host === '' || host === myself.host) return;
    myself.host = host;
    log.notice(`IP address for this node updated to ${host}`);
    store.save();
  }

  /** Names, the shard, and whom others were told to forget. */
  takeExtensions(sender: ClusterNode, extensions: Extensions): void {
    const { view, store } = this.cluster;
    const { hostname, humanName, forgotten } = extensions;
    if (sender.hostname !== hostname || sender.humanName !== humanName) {
      sender.hostname = hostname;
      sender.humanName = humanName;
      store.save();
    }
    for (const { id, forSeconds } of forgotten) {
      const node = view.find(id);
      if (node === undefined || node === view.myself || node === view.myself.master) continue;
      this.forget(node, Math.min(forSeconds * 1000, FORGOTTEN_MS * 60));
    }
    this.takeShard(sender, extensions.shardId ?? sender.master?.shardId ?? sender.shardId);
  }

  private takeShard(sender: ClusterNode, shardId: string): void {
    const { view, store } = this.cluster;
    if (sender.shardId !== shardId) {
      sender.shardId = shardId;
      store.save();
    }
    if (view.myself.master === sender && view.myself.shardId !== shardId) {
      view.myself.shardId = shardId;
      store.saveBinding();
    }
  }

  forget(node: ClusterNode, forMs = FORGOTTEN_MS): void {
    const { nowMs, store } = this.cluster;
    this.forgottenUntilMs.set(node.id, nowMs + forMs);
    this.remove(node);
    store.save();
  }

  forgetEverybody(): void {
    const { view } = this.cluster;
    for (const node of [...view.nodes]) if (node !== view.myself) this.remove(node);
    this.forgottenUntilMs.clear();
  }

  isForgotten(id: NodeId): boolean {
    const untilMs = this.forgottenUntilMs.get(id);
    if (untilMs === undefined) return false;
    if (untilMs > this.cluster.nowMs) return true;
    this.forgottenUntilMs.delete(id);
    return false;
  }

  /** With what is left of their time, for others. */
  forgotten(): Extensions['forgotten'] {
    const { nowMs } = this.cluster;
    return [...this.forgottenUntilMs]
      .filter(([id]) => this.isForgotten(id))
      .map(([id, untilMs]) => ({ id, forSeconds: Math.ceil((untilMs - nowMs) / 1000) }));
  }

  private remove(node: ClusterNode): void {
    const { view, bus, health } = this.cluster;
    view.remove(node);
    bus.forget(node);
    health.forget(node);
  }
}

function placeOf(link: BusLink, header: MessageHeader): Place {
  const { port, secondaryPort, busPort } = header;
  return { host: header.host === '' ? link.remoteAddress : header.host, port, secondaryPort, busPort };
}

function isAt(node: ClusterNode, place: Place): boolean {
  return (
    node.host === place.host &&
    node.port === place.port &&
    node.secondaryPort === place.secondaryPort &&
    node.busPort === place.busPort
  );
}
