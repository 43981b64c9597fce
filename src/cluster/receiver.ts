/**
 * Takes the messages of the bus in: who sent them, what they tell, and which part has to act on it. The order of the
 * steps is Redis's; what each of them does is in the parts.
 */
import type { BusLink } from './bus/link.js';
import { decodeMessage, type Decoded } from './bus/decoder.js';
import {
  NodeFlag,
  typeNumberOf,
  type GossipMessage,
  type Message,
  type MessageBody,
  type MessageHeader,
} from './bus/message.js';
import type { Cluster } from './cluster.js';
import { MessageTally } from './messenger.js';
import type { ClusterNode } from './view/node.js';

/** Complaints that are kept so as not to repeat them; beyond it the log has enough. */
const MAX_COMPLAINTS = 1000;

export class Receiver {
  readonly received = new MessageTally();
  /** DEBUG DROP-CLUSTER-PACKET-FILTER */
  droppedType: number | null = null;
  private readonly complaints = new Set<string>();

  constructor(private readonly cluster: Cluster) {}

  /** @param bytes one whole message; valid during the call */
  take(link: BusLink, bytes: Buffer): void {
    const decoded = decodeMessage(bytes);
    if (decoded.outcome !== 'message') {
      this.takeUseless(link, decoded);
      return;
    }
    const { message } = decoded;
    const { body, header } = message;
    if (this.droppedType !== null && this.isDropped(body.type)) return;
    this.received.count(body.type);
    for (const type of decoded.unknownExtensions) {
      this.complain(`Received unknown extension type ${type} from ${header.sender}`);
    }
    this.process(link, message);
  }

  /** The peer of this link sends what is no message at all. */
  takeGarbage(link: BusLink): void {
    this.complain(`Bad message length or signature received on the Cluster bus from ${link.remoteAddress}`);
  }

  private takeUseless(link: BusLink, decoded: Exclude<Decoded, { outcome: 'message' }>): void {
    switch (decoded.outcome) {
      case 'other-version':
        return;
      case 'unknown-type':
        this.complain(`Received unknown packet type: ${decoded.typeNumber}`);
        if (decoded.header !== null) this.takeHeader(link, decoded.header);
        return;
      case 'wrong-length':
        this.complain(
          `Received invalid ${decoded.type} packet from ${link.remoteAddress}: expected length ${decoded.expectedBytes}`,
        );
        return;
      case 'refused':
        this.complain(`Refused a message on the Cluster bus from ${link.remoteAddress}: ${decoded.reason}`);
        this.cluster.bus.closeLink(link);
    }
  }

  private isDropped(type: Message['body']['type']): boolean {
    return typeNumberOf(type) === this.droppedType;
  }

  /** Says something once. */
  private complain(text: string): void {
    if (this.complaints.has(text) || this.complaints.size >= MAX_COMPLAINTS) return;
    this.complaints.add(text);
    this.cluster.log.warning(text);
  }

  private process(link: BusLink, { header, body }: Message): void {
    const sender = this.takeHeader(link, header);
    if ('gossip' in body) this.takeGossipMessage(link, sender, header, body);
    else if (sender !== null) this.takeOrder(link, sender, header, body);
  }

  /** What every message tells by being sent. Returns the member that sent it; null: nobody who has a say. */
  private takeHeader(link: BusLink, header: MessageHeader): ClusterNode | null {
    const { view, bus, health, ownership, manualFailover } = this.cluster;
    const sender = view.find(header.sender) ?? null;
    // Who talks to itself has been told to meet itself: that is all that may come of it.
    if (sender === null || sender === view.myself || sender.membership === 'handshake') return null;
    if (link.direction === 'from') {
      // During a handshake a link carries one message: with a second one the sender shows that it has taken this node in.
      if (link.node === sender) sender.metAtMs = 0;
      else bus.bind(link, sender);
    }
    health.heard(sender);
    ownership.takeEpochs(sender, header);
    sender.replicationOffset = header.offset;
    sender.knowsExtensions ||= header.knowsExtensions;
    manualFailover.takeHeader(sender, header);
    return sender;
  }

  private takeGossipMessage(
    link: BusLink,
    sender: ClusterNode | null,
    header: MessageHeader,
    body: GossipMessage,
  ): void {
    const { view, membership, messenger } = this.cluster;
    if (body.type !== 'pong') {
      membership.learnOwnAddress(link, body.type === 'meet');
      if (body.type === 'meet' && view.find(header.sender) === undefined) {
        membership.metBy(link, header);
        membership.takeGossip(null, body.gossip);
      }
      messenger.answer(link);
    }
    this.takeNews(link, sender, header, body);
  }

  /** Everything but gossip: only members have a say. */
  private takeOrder(
    link: BusLink,
    sender: ClusterNode,
    header: MessageHeader,
    body: Exclude<MessageBody, GossipMessage>,
  ): void {
    const { view, health, server, voter, candidate, manualFailover, ownership } = this.cluster;
    switch (body.type) {
      case 'fail': {
        const failed = view.find(body.failed);
        if (failed !== undefined) health.adoptFailure(sender, failed);
        return;
      }
      case 'publish':
        server.pubsub.publish(body.channel, body.message);
        return;
      case 'publishshard':
        server.pubsub.publishToShard(body.channel, body.message);
        return;
      case 'auth-req':
        voter.takeRequest(sender, header);
        return;
      case 'auth-ack':
        candidate.takeVote(sender, header);
        return;
      case 'mfstart':
        manualFailover.requestedBy(sender, link);
        return;
      case 'update':
        ownership.takeUpdate(body);
        return;
      case 'module':
        return;
    }
  }

  /** What PING, PONG and MEET have in common: everything they say of their sender and of others. */
  private takeNews(
    link: BusLink,
    sender: ClusterNode | null,
    header: MessageHeader,
    body: GossipMessage,
  ): void {
    const { membership, health, ownership, view } = this.cluster;
    let known = sender;
    if (link.direction === 'to' && link.node !== null) {
      if (link.node.membership === 'handshake') {
        if (!membership.completeHandshake(link, link.node, header)) return;
        known = link.node;
        ownership.takeEpochs(known, header);
        known.replicationOffset = header.offset;
      } else if (link.node.id !== header.sender) {
        membership.loseAddress(link.node);
        return;
      }
      if (body.type === 'pong') health.answered(link.node);
    }
    if (known === null || known === view.myself) return;
    const neverFailsOver = (header.flags & NodeFlag.neverFailsOver) !== 0;
    if (known.neverFailsOver !== neverFailsOver) {
      known.neverFailsOver = neverFailsOver;
      this.cluster.store.save();
    }
    if (body.type === 'ping' && link.direction === 'from') membership.moveIfNeeded(known, link, header);
    if (ownership.takeRole(known, header)) {
      ownership.takeClaims(known, header);
      ownership.resolveCollision(known, header);
    }
    membership.takeGossip(known, body.gossip);
    membership.takeExtensions(known, body.extensions);
  }
}
