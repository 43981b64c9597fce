/** Writes messages of the bus. The only place that knows their bytes when they leave; decoder.ts is its counterpart. */
import type { NodeId } from '../../failover/identity.js';
import {
  EXTENSION_HEADER_BYTES,
  ExtensionType,
  GOSSIP_ENTRY_BYTES,
  GossipAt,
  HEADER_BYTES,
  HOST_BYTES,
  HeaderAt,
  ID_BYTES,
  MessageFlag,
  PROTOCOL_VERSION,
  PUBLISH_HEAD_BYTES,
  SIGNATURE,
  UPDATE_BYTES,
} from './layout.js';
import {
  typeNumberOf,
  type Extensions,
  type GossipEntry,
  type Message,
  type MessageBody,
  type MessageHeader,
} from './message.js';

/** The bytes of a message, in a buffer of their own. */
export function encodeMessage({ header, body }: Message): Buffer {
  const extensions = 'extensions' in body ? encodeExtensions(body.extensions) : [];
  const bytes = Buffer.alloc(HEADER_BYTES + payloadBytes(body) + totalLength(extensions));
  writeHeader(bytes, header);
  bytes.writeUInt16BE(typeNumberOf(body.type), HeaderAt.type);
  writePayload(bytes, body);
  if ('gossip' in body) {
    bytes.writeUInt16BE(body.gossip.length, HeaderAt.gossipCount);
    bytes.writeUInt16BE(extensions.length, HeaderAt.extensionCount);
    let at = HEADER_BYTES + body.gossip.length * GOSSIP_ENTRY_BYTES;
    for (const extension of extensions) {
      extension.copy(bytes, at);
      at += extension.length;
    }
  }
  return bytes;
}

function payloadBytes(body: MessageBody): number {
  switch (body.type) {
    case 'ping':
    case 'pong':
    case 'meet':
      return body.gossip.length * GOSSIP_ENTRY_BYTES;
    case 'fail':
      return ID_BYTES;
    case 'publish':
    case 'publishshard':
      return PUBLISH_HEAD_BYTES + body.channel.length + body.message.length;
    case 'update':
      return UPDATE_BYTES;
    case 'auth-req':
    case 'auth-ack':
    case 'mfstart':
    case 'module':
      return 0;
  }
}

function writeHeader(bytes: Buffer, header: MessageHeader): void {
  bytes.latin1Write(SIGNATURE, HeaderAt.signature);
  bytes.writeUInt32BE(bytes.length, HeaderAt.totalLength);
  bytes.writeUInt16BE(PROTOCOL_VERSION, HeaderAt.version);
  bytes.writeUInt16BE(header.port, HeaderAt.port);
  bytes.writeBigUInt64BE(header.currentEpoch, HeaderAt.currentEpoch);
  bytes.writeBigUInt64BE(header.configEpoch, HeaderAt.configEpoch);
  bytes.writeBigUInt64BE(BigInt(header.offset), HeaderAt.offset);
  writeId(bytes, header.sender, HeaderAt.sender);
  bytes.set(header.slots, HeaderAt.slots);
  if (header.masterId !== null) writeId(bytes, header.masterId, HeaderAt.master);
  writeText(bytes, header.host, HeaderAt.host, HOST_BYTES);
  bytes.writeUInt16BE(header.secondaryPort, HeaderAt.secondaryPort);
  bytes.writeUInt16BE(header.busPort, HeaderAt.busPort);
  bytes.writeUInt16BE(header.flags, HeaderAt.flags);
  bytes[HeaderAt.state] = header.isServing ? 0 : 1;
  bytes[HeaderAt.messageFlags] =
    (header.isPaused ? MessageFlag.paused : 0) |
    (header.isForced ? MessageFlag.forceAck : 0) |
    (header.knowsExtensions ? MessageFlag.extensions : 0);
}

function writePayload(bytes: Buffer, body: MessageBody): void {
  switch (body.type) {
    case 'ping':
    case 'pong':
    case 'meet':
      body.gossip.forEach((entry, index) =>
        writeGossip(bytes, entry, HEADER_BYTES + index * GOSSIP_ENTRY_BYTES),
      );
      return;
    case 'fail':
      writeId(bytes, body.failed, HEADER_BYTES);
      return;
    case 'publish':
    case 'publishshard': {
      bytes.writeUInt32BE(body.channel.length, HEADER_BYTES);
      bytes.writeUInt32BE(body.message.length, HEADER_BYTES + 4);
      bytes.latin1Write(body.channel, HEADER_BYTES + PUBLISH_HEAD_BYTES);
      bytes.latin1Write(body.message, HEADER_BYTES + PUBLISH_HEAD_BYTES + body.channel.length);
      return;
    }
    case 'update':
      bytes.writeBigUInt64BE(body.configEpoch, HEADER_BYTES);
      writeId(bytes, body.owner, HEADER_BYTES + 8);
      bytes.set(body.slots, HEADER_BYTES + 8 + ID_BYTES);
      return;
    case 'auth-req':
    case 'auth-ack':
    case 'mfstart':
    case 'module':
      return;
  }
}

function writeGossip(bytes: Buffer, entry: GossipEntry, at: number): void {
  writeId(bytes, entry.id, at + GossipAt.id);
  bytes.writeUInt32BE(entry.pingSentSeconds >>> 0, at + GossipAt.pingSent);
  bytes.writeUInt32BE(entry.pongReceivedSeconds >>> 0, at + GossipAt.pongReceived);
  writeText(bytes, entry.host, at + GossipAt.host, HOST_BYTES);
  bytes.writeUInt16BE(entry.port, at + GossipAt.port);
  bytes.writeUInt16BE(entry.busPort, at + GossipAt.busPort);
  bytes.writeUInt16BE(entry.flags, at + GossipAt.flags);
  bytes.writeUInt16BE(entry.secondaryPort, at + GossipAt.secondaryPort);
}

/** In the order of their types; names only when there are any. */
function encodeExtensions(extensions: Extensions): Buffer[] {
  const encoded: Buffer[] = [];
  if (extensions.hostname !== '') encoded.push(nameExtension(ExtensionType.hostname, extensions.hostname));
  if (extensions.humanName !== '') encoded.push(nameExtension(ExtensionType.humanName, extensions.humanName));
  for (const { id, forSeconds } of extensions.forgotten) {
    const extension = emptyExtension(ExtensionType.forgottenNode, ID_BYTES + 8);
    writeId(extension, id, EXTENSION_HEADER_BYTES);
    extension.writeBigUInt64BE(BigInt(forSeconds), EXTENSION_HEADER_BYTES + ID_BYTES);
    encoded.push(extension);
  }
  if (extensions.shardId !== null) {
    const extension = emptyExtension(ExtensionType.shardId, ID_BYTES);
    writeText(extension, extensions.shardId, EXTENSION_HEADER_BYTES, ID_BYTES);
    encoded.push(extension);
  }
  return encoded;
}

function nameExtension(type: number, name: string): Buffer {
  const extension = emptyExtension(type, name.length + 1);
  extension.latin1Write(name, EXTENSION_HEADER_BYTES);
  return extension;
}

/** Its length includes the head and is a multiple of eight. */
function emptyExtension(type: number, dataBytes: number): Buffer {
  const extension = Buffer.alloc(EXTENSION_HEADER_BYTES + Math.ceil(dataBytes / 8) * 8);
  extension.writeUInt32BE(extension.length, 0);
  extension.writeUInt16BE(type, 4);
  return extension;
}

function totalLength(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}

function writeId(bytes: Buffer, id: NodeId, at: number): void {
  writeText(bytes, id, at, ID_BYTES);
}

/** The rest of the field stays zero. */
function writeText(bytes: Buffer, text: string, at: number, fieldBytes: number): void {
  bytes.latin1Write(text, at, fieldBytes);
}
