/** Sizes and offsets of the bus's messages, as in Redis Cluster 7.2. All integers are big endian. */

export const SIGNATURE = 'RCmb';
export const PROTOCOL_VERSION = 1;
export const HEADER_BYTES = 2256;
export const GOSSIP_ENTRY_BYTES = 104;
export const ID_BYTES = 40;
export const HOST_BYTES = 46;
export const EXTENSION_HEADER_BYTES = 8;

/** Offsets in the header. */
export const HeaderAt = {
  signature: 0,
  totalLength: 4,
  version: 8,
  port: 10,
  type: 12,
  gossipCount: 14,
  currentEpoch: 16,
  configEpoch: 24,
  offset: 32,
  sender: 40,
  slots: 80,
  master: 2128,
  host: 2168,
  extensionCount: 2214,
  secondaryPort: 2246,
  busPort: 2248,
  flags: 2250,
  state: 2252,
  messageFlags: 2253,
} as const;

/** Offsets in a gossip entry. */
export const GossipAt = {
  id: 0,
  pingSent: 40,
  pongReceived: 44,
  host: 48,
  port: 94,
  busPort: 96,
  flags: 98,
  secondaryPort: 100,
} as const;

export const MessageFlag = { paused: 1, forceAck: 2, extensions: 4 } as const;

export const ExtensionType = { hostname: 0, humanName: 1, forgottenNode: 2, shardId: 3 } as const;

/** The payloads of PUBLISH (two lengths), UPDATE and MODULE without what is of variable length. */
export const PUBLISH_HEAD_BYTES = 8;
export const UPDATE_BYTES = 8 + ID_BYTES + 2048;
export const MODULE_HEAD_BYTES = 13;

/**
 * The most a message may say it has. The protocol knows no bound; without one a hostile length would have us wait for,
 * and keep, four gigabytes. Published messages may be as large as the largest value; 65535 gossip entries with
 * extensions, the most that all other types can need, take less than 8 MB.
 */
export const MAX_PUBLISH_BYTES = 1024 * 1024 * 1024;
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
