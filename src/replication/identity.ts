/**
 * Which history of writes a dataset belongs to, and how far into it: replication ids and offsets.
 *
 * Pure: values in, values out. The rules are those of PSYNC2: an id names one history;
 * a promotion branches off a new one, and the old id stays valid up to the point where they part.
 */

declare const offsetBrand: unique symbol;
declare const replicationIdBrand: unique symbol;

/**
 * A position in a replication stream: the number of bytes up to and including it. The first byte has offset 1;
 * whoever is at offset X has everything up to X and asks for X + 1.
 */
export type Offset = number & { readonly [offsetBrand]: true };

/** 40 lower-case hexadecimal characters that name one history of writes. */
export type ReplicationId = string & { readonly [replicationIdBrand]: true };

/** What INFO and logs show where there is no previous history. */
export const NO_REPLICATION_ID = '0'.repeat(40);

/** The offset of an instance that has seen nothing. */
export const START = 0 as Offset;

/** A checked offset. What is no safe integer is refused: a peer must not be able to freeze arithmetic. */
export function toOffset(value: number): Offset {
  if (!Number.isSafeInteger(value)) throw new RangeError(`replication offset out of range: ${value}`);
  return value as Offset;
}

/** The position `bytes` further on. */
export function advance(offset: Offset, bytes: number): Offset {
  return toOffset(offset + bytes);
}

const REPLICATION_ID = /^[0-9a-zA-Z]{40}$/;

/** A replication id received from a peer or read from a file; null when it is none. */
export function parseReplicationId(text: string): ReplicationId | null {
  return REPLICATION_ID.test(text) ? (text as ReplicationId) : null;
}

/** An id for a new history. `hex` must give that many random hexadecimal characters. */
export function randomReplicationId(hex: (length: number) => string): ReplicationId {
  return hex(40) as ReplicationId;
}

/** A history that this one continues: replicas that followed it may go on here if they are not ahead of `end`. */
export interface PreviousHistory {
  readonly replid: ReplicationId;
  /** The first offset that is not shared with it (INFO's `second_repl_offset`). */
  readonly end: Offset;
}

/** The ids an instance answers PSYNC with. */
export interface Identity {
  readonly replid: ReplicationId;
  readonly previous: PreviousHistory | null;
}

/** A history without a past: at start, when the first backlog is made, after a full resynchronisation. */
export function newHistory(replid: ReplicationId): Identity {
  return { replid, previous: null };
}

/**
 * The history goes on under another id: at a promotion, or when a master answers `+CONTINUE` with a new id.
 * @param at the last offset that both histories share
 */
export function branchOff(identity: Identity, replid: ReplicationId, at: Offset): Identity {
  return { replid, previous: { replid: identity.replid, end: advance(at, 1) } };
}

/** A master that starts from a snapshot: a new history that continues the saved one. */
export function continueSaved(replid: ReplicationId, saved: ReplicationId, savedOffset: Offset): Identity {
  return { replid, previous: { replid: saved, end: advance(savedOffset, 1) } };
}
