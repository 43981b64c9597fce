/**
 * Reads messages of the bus: bytes of anybody into {@link Message}, or the reason why not.
 *
 * Nothing that comes can make it throw or allocate more than the message is long. Ids and names end up in nodes.conf
 * and in replies, so what does not have their form is refused here; an epoch or an offset that does not fit is refused
 * aloud, for adopting it would stop a cluster's elections for ever. Reference: the bus of Redis Cluster 7.2.
 */
import { LAST_EPOCH, type Epoch } from '../../failover/epoch.js';
import { toNodeId, type NodeId } from '../../failover/identity.js';
import { SLOT_BITMAP_BYTES } from '../view/slots.js';
import {
  EXTENSION_HEADER_BYTES,
  ExtensionType,
  GOSSIP_ENTRY_BYTES,
  GossipAt,
  HEADER_BYTES,
  HOST_BYTES,
  HeaderAt,
  ID_BYTES,
  MODULE_HEAD_BYTES,
  MessageFlag,
  PROTOCOL_VERSION,
  PUBLISH_HEAD_BYTES,
  UPDATE_BYTES,
} from './layout.js';
import {
  MESSAGE_TYPES,
  type Extensions,
  type ForgottenNode,
  type GossipEntry,
  type Message,
  type MessageBody,
  type MessageHeader,
  type MessageType,
} from './message.js';

export type Decoded =
  | { readonly outcome: 'message'; readonly message: Message; readonly unknownExtensions: readonly number[] }
  /** Another version of the protocol: nothing is said. */
  | { readonly outcome: 'other-version' }
  /** Of a newer protocol. The header counts all the same; null when that cannot be used either. */
  | { readonly outcome: 'unknown-type'; readonly typeNumber: number; readonly header: MessageHeader | null }
  /** Its length does not fit its content. */
  | { readonly outcome: 'wrong-length'; readonly type: MessageType; readonly expectedBytes: number }
  /** It says something that cannot be; `reason` is for the log. */
  | { readonly outcome: 'refused'; readonly reason: string };

const ID_FORM = /^[0-9a-z]{40}$/;
const HOST_FORM = /^[0-9A-Za-z.:_%-]*$/;
const HOSTNAME_FORM = /^[0-9A-Za-z.-]{0,255}$/;
/** No characters that nodes.conf gives a meaning to, and no control characters. */
const HUMAN_NAME_FORM = /^[^!#$%&()*+:;<>?@[\]^{|}~ ,="\\\x00-\x1f\x7f]*$/;

/**
 * @param bytes one whole message, at least a header long. The bitmaps of what is returned lie in it, and are valid as long
 * as it is; whoever keeps one copies it.
 */
export function decodeMessage(bytes: Buffer): Decoded {
  if (bytes.readUInt16BE(HeaderAt.version) !== PROTOCOL_VERSION) return { outcome: 'other-version' };
  const typeNumber = bytes.readUInt16BE(HeaderAt.type);
  const type: MessageType | undefined = MESSAGE_TYPES[typeNumber];
  if (type === undefined) {
    const header = readHeader(bytes);
    return { outcome: 'unknown-type', typeNumber, header: typeof header === 'string' ? null : header };
  }
  const expectedBytes = expectedLength(bytes, type);
  if (expectedBytes !== bytes.length) return { outcome: 'wrong-length', type, expectedBytes };
  const header = readHeader(bytes);
  if (typeof header === 'string') return { outcome: 'refused', reason: header };
  const unknownExtensions: number[] = [];
  const body = readBody(bytes, type, unknownExtensions);
  if (typeof body === 'string') return { outcome: 'refused', reason: body };
  return { outcome: 'message', message: { header, body }, unknownExtensions };
}

/** How long a message of this content has to be; never reads beyond the bytes there are. */
function expectedLength(bytes: Buffer, type: MessageType): number {
  switch (type) {
    case 'ping':
    case 'pong':
    case 'meet':
      return endOfExtensions(bytes);
    case 'fail':
      return HEADER_BYTES + ID_BYTES;
    case 'publish':
    case 'publishshard': {
      const headEnd = HEADER_BYTES + PUBLISH_HEAD_BYTES;
      if (bytes.length < headEnd) return headEnd;
      return headEnd + bytes.readUInt32BE(HEADER_BYTES) + bytes.readUInt32BE(HEADER_BYTES + 4);
    }
    case 'update':
      return HEADER_BYTES + UPDATE_BYTES;
    case 'module': {
      const headEnd = HEADER_BYTES + MODULE_HEAD_BYTES;
      return bytes.length < headEnd ? headEnd : headEnd + bytes.readUInt32BE(HEADER_BYTES + 8);
    }
    case 'auth-req':
    case 'auth-ack':
    case 'mfstart':
      return HEADER_BYTES;
  }
}

/** Where gossip and extensions end; another number than the length there is when one of them does not fit. */
function endOfExtensions(bytes: Buffer): number {
  let at = HEADER_BYTES + bytes.readUInt16BE(HeaderAt.gossipCount) * GOSSIP_ENTRY_BYTES;
  if ((bytes[HeaderAt.messageFlags] & MessageFlag.extensions) === 0) return at;
  for (let left = bytes.readUInt16BE(HeaderAt.extensionCount); left > 0; left--) {
    if (at + EXTENSION_HEADER_BYTES > bytes.length) return at + EXTENSION_HEADER_BYTES;
    const length = bytes.readUInt32BE(at);
    if (length < EXTENSION_HEADER_BYTES || length % 8 !== 0) return -1;
    at += length;
  }
  return at;
}

function readHeader(bytes: Buffer): MessageHeader | string {
  const sender = readId(bytes, HeaderAt.sender);
  if (sender === null) return 'the sender has no valid id';
  const currentEpoch = readEpoch(bytes, HeaderAt.currentEpoch);
  const configEpoch = readEpoch(bytes, HeaderAt.configEpoch);
  if (currentEpoch === null || configEpoch === null) return `${sender} sends an epoch beyond ${LAST_EPOCH}`;
  const offset = bytes.readBigUInt64BE(HeaderAt.offset);
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return `${sender} sends a replication offset of ${offset}`;
  const messageFlags = bytes[HeaderAt.messageFlags];
  return {
    port: bytes.readUInt16BE(HeaderAt.port),
    secondaryPort: bytes.readUInt16BE(HeaderAt.secondaryPort),
    busPort: bytes.readUInt16BE(HeaderAt.busPort),
    currentEpoch,
    configEpoch,
    offset: Number(offset),
    sender,
    slots: bitmapAt(bytes, HeaderAt.slots),
    masterId: readId(bytes, HeaderAt.master),
    host: readForm(bytes, HeaderAt.host, HOST_BYTES, HOST_FORM),
    flags: bytes.readUInt16BE(HeaderAt.flags),
    isServing: bytes[HeaderAt.state] === 0,
    isPaused: (messageFlags & MessageFlag.paused) !== 0,
    isForced: (messageFlags & MessageFlag.forceAck) !== 0,
    knowsExtensions: (messageFlags & MessageFlag.extensions) !== 0,
  };
}

function readBody(bytes: Buffer, type: MessageType, unknownExtensions: number[]): MessageBody | string {
  switch (type) {
    case 'ping':
    case 'pong':
    case 'meet': {
      const gossip = readGossip(bytes);
      const extensionsAt = HEADER_BYTES + bytes.readUInt16BE(HeaderAt.gossipCount) * GOSSIP_ENTRY_BYTES;
      return { type, gossip, extensions: readExtensions(bytes, extensionsAt, unknownExtensions) };
    }
    case 'fail': {
      const failed = readId(bytes, HEADER_BYTES);
      return failed === null ? 'a FAIL about no valid id' : { type, failed };
    }
    case 'publish':
    case 'publishshard': {
      const channelAt = HEADER_BYTES + PUBLISH_HEAD_BYTES;
      const messageAt = channelAt + bytes.readUInt32BE(HEADER_BYTES);
      return {
        type,
        channel: bytes.latin1Slice(channelAt, messageAt),
        message: bytes.latin1Slice(messageAt, bytes.length),
      };
    }
    case 'update': {
      const configEpoch = readEpoch(bytes, HEADER_BYTES);
      if (configEpoch === null) return `an UPDATE with an epoch beyond ${LAST_EPOCH}`;
      const owner = readId(bytes, HEADER_BYTES + 8);
      if (owner === null) return 'an UPDATE about no valid id';
      return {
        type,
        configEpoch,
        owner,
        slots: bitmapAt(bytes, HEADER_BYTES + 8 + ID_BYTES),
      };
    }
    case 'auth-req':
    case 'auth-ack':
    case 'mfstart':
    case 'module':
      return { type };
  }
}

/** Entries about nodes without a valid id say nothing that could be used. */
function readGossip(bytes: Buffer): GossipEntry[] {
  const entries: GossipEntry[] = [];
  const count = bytes.readUInt16BE(HeaderAt.gossipCount);
  for (let index = 0; index < count; index++) {
    const at = HEADER_BYTES + index * GOSSIP_ENTRY_BYTES;
    const id = readId(bytes, at + GossipAt.id);
    if (id === null) continue;
    entries.push({
      id,
      pingSentSeconds: bytes.readUInt32BE(at + GossipAt.pingSent),
      pongReceivedSeconds: bytes.readUInt32BE(at + GossipAt.pongReceived),
      host: readForm(bytes, at + GossipAt.host, HOST_BYTES, HOST_FORM),
      port: bytes.readUInt16BE(at + GossipAt.port),
      busPort: bytes.readUInt16BE(at + GossipAt.busPort),
      secondaryPort: bytes.readUInt16BE(at + GossipAt.secondaryPort),
      flags: bytes.readUInt16BE(at + GossipAt.flags),
    });
  }
  return entries;
}

/** Their lengths have been checked. */
function readExtensions(bytes: Buffer, startAt: number, unknown: number[]): Extensions {
  let hostname = '';
  let humanName = '';
  let shardId: string | null = null;
  const forgotten: ForgottenNode[] = [];
  for (let at = startAt; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const dataAt = at + EXTENSION_HEADER_BYTES;
    const dataBytes = length - EXTENSION_HEADER_BYTES;
    const type = bytes.readUInt16BE(at + 4);
    switch (type) {
      case ExtensionType.hostname:
        hostname = readForm(bytes, dataAt, dataBytes, HOSTNAME_FORM);
        break;
      case ExtensionType.humanName:
        humanName = readForm(bytes, dataAt, dataBytes, HUMAN_NAME_FORM);
        break;
      case ExtensionType.forgottenNode: {
        const id = dataBytes < ID_BYTES + 8 ? null : readId(bytes, dataAt);
        if (id !== null) forgotten.push({ id, forSeconds: Number(bytes.readBigUInt64BE(dataAt + ID_BYTES)) });
        break;
      }
      case ExtensionType.shardId:
        shardId = dataBytes < ID_BYTES ? null : readId(bytes, dataAt);
        break;
      default:
        unknown.push(type);
    }
    at += length;
  }
  return { hostname, humanName, shardId, forgotten };
}

function readEpoch(bytes: Buffer, at: number): Epoch | null {
  const value = bytes.readBigUInt64BE(at);
  return value > LAST_EPOCH ? null : (value as Epoch);
}

function readId(bytes: Buffer, at: number): NodeId | null {
  const text = bytes.latin1Slice(at, at + ID_BYTES);
  return ID_FORM.test(text) ? toNodeId(text) : null;
}

/** Text up to the first zero byte; empty when it does not have the form. */
function readForm(bytes: Buffer, at: number, fieldBytes: number, form: RegExp): string {
  const zeroAt = bytes.subarray(at, at + fieldBytes).indexOf(0);
  const text = bytes.latin1Slice(at, at + (zeroAt === -1 ? fieldBytes : zeroAt));
  return form.test(text) ? text : '';
}

function bitmapAt(bytes: Buffer, at: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, SLOT_BITMAP_BYTES);
}
