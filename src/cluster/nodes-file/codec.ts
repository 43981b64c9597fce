/**
 * The text of nodes.conf: one line per node and one of variables, in the syntax of Redis 7.2; 7.0's is read too.
 *
 * What cannot be understood is an error with the line: a node that guessed its epochs or its vote could give a second
 * one. Reference: the bus of Redis Cluster 7.2.
 */
import { NO_EPOCH, parseEpoch, type Epoch } from '../../failover/epoch.js';
import { toNodeId, type NodeId } from '../../failover/identity.js';
import { ClusterNode } from '../view/node.js';
import { ClusterView, VOTE_SUBJECT } from '../view/cluster-view.js';
import { nodeLine } from '../view/node-line.js';
import { isSlot, type Slot } from '../view/slots.js';

/** A bus port that is not told is this far above the other. */
export const BUS_PORT_OFFSET = 10_000;

const ID = /^[0-9a-z]{40}$/;
const NUMBER = /^[0-9]{1,16}$/;
const ADDRESS = /^(.*):([0-9]{1,5})(?:@([0-9]{1,5}))?$/;
const SLOTS = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/;
const MOVE = /^\[([0-9]{1,5})-([<>])-([0-9a-z]{40})\]$/;
const FIELDS_BEFORE_SLOTS = 8;

/** The file is not what was written; `line` is where. */
export class CorruptNodesFile extends Error {
  constructor(readonly line: string) {
    super(`Unrecoverable error: corrupted cluster config file "${line}".`);
  }
}

export function formatNodesFile(view: ClusterView): string {
  let text = '';
  for (const node of view.nodes) {
    if (node.membership === 'member') text += `${nodeLine(node, view, notesOn(node))}\n`;
  }
  return `${text}vars currentEpoch ${view.currentEpoch} lastVoteEpoch ${view.lastVoteEpoch}\n`;
}

/** What stands behind the address: the host name, and the other things that 7.2 keeps. */
function notesOn(node: ClusterNode): string {
  const names = [node.hostname, `tls-port=${node.secondaryPort}`];
  if (node.humanName !== '') names.push(`nodename=${node.humanName}`);
  names.push(`shard-id=${node.shardId}`);
  return `,${names.join(',')}`;
}

export interface ReadingContext {
  readonly nowMs: number;
  /** A shard id for a master whose line has none. */
  readonly newShardId: () => string;
}

/**
 * @throws {CorruptNodesFile} for what this file cannot have been written as
 */
export function parseNodesFile(text: string, context: ReadingContext): ClusterView {
  const lines = text.split('\n').filter((line) => line !== '');
  const records = lines.filter((line) => !line.startsWith('vars ')).map((line) => new NodeRecord(line));
  const mine = records.find(({ isMyself }) => isMyself);
  if (mine === undefined) throw new CorruptNodesFile(lines[0] ?? '');
  const nodes = new Map(records.map((record) => [record.id, record.makeNode(context)]));
  const view = new ClusterView(nodeOf(nodes, mine.id, mine.line));
  for (const node of nodes.values()) view.add(node);
  for (const record of records) record.connect(view, nodes);
  for (const line of lines) if (line.startsWith('vars ')) readVariables(view, line);
  for (const node of nodes.values()) view.ledger.observe(node.configEpoch);
  return view;
}

function nodeOf(nodes: ReadonlyMap<NodeId, ClusterNode>, id: NodeId, line: string): ClusterNode {
  const node = nodes.get(id);
  if (node === undefined) throw new CorruptNodesFile(line);
  return node;
}

/** Unknown variables are passed over, as newer releases may have more. */
function readVariables(view: ClusterView, line: string): void {
  const words = line.split(' ');
  for (let at = 1; at + 1 < words.length; at += 2) {
    const [name, value] = [words[at], words[at + 1]];
    if (name !== 'currentEpoch' && name !== 'lastVoteEpoch') continue;
    const epoch = parseEpoch(value);
    if (epoch === null) throw new CorruptNodesFile(line);
    if (name === 'currentEpoch') view.ledger.observe(epoch);
    else view.ledger.restore(VOTE_SUBJECT, epoch);
  }
}

/** One line about a node. */
class NodeRecord {
  readonly id: NodeId;
  readonly isMyself: boolean;
  private readonly fields: readonly string[];
  private readonly flags: ReadonlySet<string>;

  constructor(readonly line: string) {
    this.fields = line.split(' ').filter((field) => field !== '');
    if (this.fields.length < FIELDS_BEFORE_SLOTS || !ID.test(this.fields[0])) throw this.corrupt();
    this.id = toNodeId(this.fields[0]);
    this.flags = new Set(this.fields[2].split(','));
    this.isMyself = this.flags.has('myself');
  }

  makeNode({ nowMs, newShardId }: ReadingContext): ClusterNode {
    const [, place, , , pingSent, pongReceived, epochText] = this.fields;
    const [addressText, hostname = '', ...extra] = place.split(',');
    const address = ADDRESS.exec(addressText);
    if (address === null) throw this.corrupt();
    const [, host, portText, busPortText] = address;
    const port = this.portOf(portText);
    const busPort = busPortText === undefined ? port + BUS_PORT_OFFSET : this.portOf(busPortText);
    const node = new ClusterNode({ id: this.id, shardId: '', host, port, busPort }, nowMs);
    node.hostname = hostname;
    for (const field of extra) this.readExtra(node, field);
    if (node.shardId === '' && this.fields[3] === '-') node.shardId = newShardId();
    this.readFlags(node, nowMs);
    const epoch = this.epochOf(epochText);
    node.configEpoch = node.isMaster ? epoch : NO_EPOCH;
    // Whatever was pending then says nothing now; that there was something, does.
    node.pingSentMs = this.numberOf(pingSent) === 0 ? 0 : nowMs;
    node.pongReceivedMs = this.numberOf(pongReceived) === 0 ? 0 : nowMs;
    return node;
  }

  /** What refers to other nodes: the master, slots, moves. */
  connect(view: ClusterView, nodes: ReadonlyMap<NodeId, ClusterNode>): void {
    const node = nodeOf(nodes, this.id, this.line);
    const masterId = this.fields[3];
    if (masterId !== '-') {
      const master = nodeOf(nodes, toNodeId(masterId), this.line);
      view.setMaster(node, master);
      if (node.shardId === '') node.shardId = master.shardId;
    }
    for (const field of this.fields.slice(FIELDS_BEFORE_SLOTS)) {
      const move = MOVE.exec(field);
      if (move === null) this.readSlots(view, node, field);
      else this.readMove(view, nodes, move);
    }
  }

  private readExtra(node: ClusterNode, field: string): void {
    const [name, value = ''] = field.split('=');
    switch (name) {
      case 'tls-port':
      case 'tcp-port':
        node.secondaryPort = this.portOf(value);
        return;
      case 'nodename':
        node.humanName = value;
        return;
      case 'shard-id':
        if (!ID.test(value)) throw this.corrupt();
        node.shardId = value;
        return;
      default:
        throw this.corrupt();
    }
  }

  private readFlags(node: ClusterNode, nowMs: number): void {
    for (const flag of this.flags) {
      switch (flag) {
        case 'myself':
        case 'noflags':
          break;
        case 'master':
        case 'slave':
          node.role = flag === 'master' ? 'master' : 'replica';
          break;
        case 'fail?':
          node.health = 'suspected';
          break;
        case 'fail':
          node.health = 'failed';
          node.failedAtMs = nowMs;
          break;
        case 'handshake':
          node.membership = 'handshake';
          break;
        case 'noaddr':
          node.hasNoAddress = true;
          break;
        case 'nofailover':
          node.neverFailsOver = true;
          break;
        default:
          throw this.corrupt();
      }
    }
  }

  private readSlots(view: ClusterView, node: ClusterNode, field: string): void {
    const range = SLOTS.exec(field);
    if (range === null) throw this.corrupt();
    const first = this.slotOf(range[1]);
    const last = range[2] === undefined ? first : this.slotOf(range[2]);
    for (let slot: number = first; slot <= last; slot++) view.setOwner(slot as Slot, node);
  }

  private readMove(view: ClusterView, nodes: ReadonlyMap<NodeId, ClusterNode>, move: RegExpExecArray): void {
    const slot = this.slotOf(move[1]);
    const peer = nodeOf(nodes, toNodeId(move[3]), this.line);
    (move[2] === '>' ? view.migratingTo : view.importingFrom).set(slot, peer);
  }

  private slotOf(text: string): Slot {
    const slot = this.numberOf(text);
    if (!isSlot(slot)) throw this.corrupt();
    return slot;
  }

  private portOf(text: string): number {
    const port = this.numberOf(text);
    if (port > 0xffff) throw this.corrupt();
    return port;
  }

  private numberOf(text: string): number {
    if (!NUMBER.test(text)) throw this.corrupt();
    return Number(text);
  }

  private epochOf(text: string): Epoch {
    const epoch = parseEpoch(text);
    if (epoch === null) throw this.corrupt();
    return epoch;
  }

  private corrupt(): CorruptNodesFile {
    return new CorruptNodesFile(this.line);
  }
}
