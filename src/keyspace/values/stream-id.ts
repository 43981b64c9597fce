/**
 * Stream ids: 128 bits, a millisecond time and a sequence number, both unsigned.
 *
 * An id is kept as its 16 bytes, most significant first, in a byte string: comparing strings compares ids, a map
 * can be keyed by it, and it is what RDB stores. Parts are numbers while they are safe integers, bigints beyond.
 */

import { parseSafeInteger, parseUint64 } from '../../resp/numbers.js';

declare const streamIdBrand: unique symbol;
/** Exactly 16 bytes; only the functions of this file make one. */
export type StreamId = string & { readonly [streamIdBrand]: true };

/** An unsigned 64-bit integer: a number while it is a safe integer. */
export type Uint64 = number | bigint;

const UINT64_MAX = 0xffff_ffff_ffff_ffffn;
const WORD = 0x1_0000_0000;

export const MIN_STREAM_ID = '\0'.repeat(16) as StreamId;
export const MAX_STREAM_ID = '\xff'.repeat(16) as StreamId;

export function makeStreamId(ms: Uint64, sequence: Uint64): StreamId {
  return (bytesOfUint64(ms) + bytesOfUint64(sequence)) as StreamId;
}

/** Takes the 16 bytes that RDB stores. */
export function streamIdFromBytes(bytes: string): StreamId {
  if (bytes.length !== 16) throw new Error('stream id: not 16 bytes');
  return bytes as StreamId;
}

export function streamIdMs(id: StreamId): Uint64 {
  return uint64At(id, 0);
}

export function streamIdSequence(id: StreamId): Uint64 {
  return uint64At(id, 8);
}

/** The form that clients see: `ms-sequence`. */
export function formatStreamId(id: StreamId): string {
  return `${streamIdMs(id)}-${streamIdSequence(id)}`;
}

/**
 * Parses `ms-sequence`, or `ms` alone with the given sequence.
 * @returns null when it is neither.
 */
export function parseStreamId(text: string, missingSequence: Uint64): StreamId | null {
  const dash = text.indexOf('-');
  const ms = parseUnsigned(dash === -1 ? text : text.slice(0, dash));
  const sequence = dash === -1 ? missingSequence : parseUnsigned(text.slice(dash + 1));
  return ms === null || sequence === null ? null : makeStreamId(ms, sequence);
}

/** The smallest greater id; null after the last possible one. */
export function nextStreamId(id: StreamId): StreamId | null {
  const sequence = BigInt(streamIdSequence(id));
  if (sequence < UINT64_MAX) return makeStreamId(streamIdMs(id), narrow(sequence + 1n));
  const ms = BigInt(streamIdMs(id));
  return ms < UINT64_MAX ? makeStreamId(narrow(ms + 1n), 0) : null;
}

/** The greatest smaller id; null before 0-0. */
export function previousStreamId(id: StreamId): StreamId | null {
  const sequence = BigInt(streamIdSequence(id));
  if (sequence > 0n) return makeStreamId(streamIdMs(id), narrow(sequence - 1n));
  const ms = BigInt(streamIdMs(id));
  return ms > 0n ? makeStreamId(narrow(ms - 1n), UINT64_MAX) : null;
}

/** A 64-bit integer as a number when it is safe: the one form that compares with ===. */
export function narrow(value: bigint): Uint64 {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
}

function parseUnsigned(text: string): Uint64 | null {
  const small = parseSafeInteger(text);
  if (!Number.isNaN(small)) return small < 0 ? null : small;
  const wide = parseUint64(text);
  return wide === null ? null : narrow(wide);
}

function bytesOfUint64(value: Uint64): string {
  if (typeof value === 'bigint') {
    return bytesOfWord(Number(value >> 32n)) + bytesOfWord(Number(value & 0xffff_ffffn));
  }
  return bytesOfWord(Math.floor(value / WORD)) + bytesOfWord(value % WORD);
}

function bytesOfWord(word: number): string {
  return String.fromCharCode(word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff);
}

function uint64At(bytes: string, offset: number): Uint64 {
  const high = wordAt(bytes, offset);
  const low = wordAt(bytes, offset + 4);
  if (high < 0x20_0000) return high * WORD + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

function wordAt(bytes: string, offset: number): number {
  return (
    ((bytes.charCodeAt(offset) << 24) |
      (bytes.charCodeAt(offset + 1) << 16) |
      (bytes.charCodeAt(offset + 2) << 8) |
      bytes.charCodeAt(offset + 3)) >>>
    0
  );
}
