/** SETBIT, GETBIT, BITCOUNT, BITPOS and BITOP. */
import { byteAt, readableBytes } from '../../keyspace/values/string-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { integerArgument, parseInteger } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { notify, readString } from '../lookups.js';
import { bitOffsetArgument, bitsForWrite } from './offsets.js';

export function setBit(client: Client, args: string[]): void {
  const key = args[1];
  const offset = bitOffsetArgument(client, args[2], null);
  if (Number.isNaN(offset)) return;
  const bit = parseInteger(args[3]);
  if (bit !== 0 && bit !== 1) {
    client.reply.error('ERR bit is not an integer or out of range');
    return;
  }
  const writable = bitsForWrite(client, key, offset);
  if (writable === null) return;
  const { bytes, grew } = writable;
  const index = Math.floor(offset / 8);
  const mask = 0x80 >> (offset % 8);
  const before = (bytes[index] & mask) === 0 ? 0 : 1;
  if (grew || before !== bit) {
    if (bit === 1) bytes[index] |= mask;
    else bytes[index] &= ~mask;
    client.database.modified(key);
    notify(client, EventClass.String, 'setbit', key);
  }
  client.reply.integer(before);
}

export function getBit(client: Client, args: string[]): void {
  const offset = bitOffsetArgument(client, args[2], null);
  if (Number.isNaN(offset)) return;
  const value = readString(client, args[1]);
  if (value === null) return;
  const byte = value === undefined ? 0 : byteAt(value, Math.floor(offset / 8));
  client.reply.integer((byte >> (7 - (offset % 8))) & 1);
}

/** Bits from `first` to `last`, both included; none when `first` is greater. */
interface BitRange {
  readonly first: number;
  readonly last: number;
}

/** Turns the ends of a range, counted in bytes or bits and from the end when negative, into bits of a string. */
function bitRange(start: number, end: number, sizeBytes: number, inBits: boolean): BitRange {
  const total = inBits ? sizeBytes * 8 : sizeBytes;
  const first = Math.max(0, start < 0 ? total + start : start);
  const last = Math.min(total - 1, Math.max(0, end < 0 ? total + end : end));
  return inBits || first > last ? { first, last } : { first: first * 8, last: last * 8 + 7 };
}

/** BIT or BYTE; null after a syntax error. */
function isBitUnit(client: Client, word: string): boolean | null {
  if (isWord(word, 'bit')) return true;
  if (isWord(word, 'byte')) return false;
  client.reply.error(SYNTAX_ERROR);
  return null;
}

export function countBits(client: Client, args: string[]): void {
  const { reply } = client;
  const value = readString(client, args[1]);
  if (value === undefined) reply.integer(0);
  if (value === undefined || value === null) return;
  const bytes = readableBytes(value);
  let range: BitRange = { first: 0, last: bytes.length * 8 - 1 };
  if (args.length > 2) {
    if (args.length === 3 || args.length > 5) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    const start = integerArgument(client, args[2]);
    if (Number.isNaN(start)) return;
    const end = integerArgument(client, args[3]);
    if (Number.isNaN(end)) return;
    if (start < 0 && end < 0 && start > end) {
      reply.integer(0);
      return;
    }
    const inBits = args.length === 5 ? isBitUnit(client, args[4]) : false;
    if (inBits === null) return;
    range = bitRange(start, end, bytes.length, inBits);
  }
  reply.integer(countOnes(bytes, range));
}

function countOnes(bytes: Buffer, { first, last }: BitRange): number {
  if (first > last) return 0;
  const firstByte = Math.floor(first / 8);
  const lastByte = Math.floor(last / 8);
  let count = 0;
  for (let i = firstByte; i <= lastByte; i++) {
    let byte = bytes[i];
    if (i === firstByte) byte &= 0xff >> (first % 8);
    if (i === lastByte) byte &= 0xff << (7 - (last % 8));
    count += ones(byte & 0xff);
  }
  return count;
}

/** The number of ones in a byte. */
function ones(byte: number): number {
  const pairs = byte - ((byte >> 1) & 0x55);
  const nibbles = (pairs & 0x33) + ((pairs >> 2) & 0x33);
  return (nibbles + (nibbles >> 4)) & 0x0f;
}

export function findBit(client: Client, args: string[]): void {
  const { reply } = client;
  const bit = integerArgument(client, args[2]);
  if (Number.isNaN(bit)) return;
  if (bit !== 0 && bit !== 1) {
    reply.error('ERR The bit argument must be 1 or 0.');
    return;
  }
  const value = readString(client, args[1]);
  // A key that does not exist is an endless row of zeros.
  if (value === undefined) reply.integer(bit === 1 ? -1 : 0);
  if (value === undefined || value === null) return;
  const bytes = readableBytes(value);
  const range = searchRange(client, args, bytes.length);
  if (range === null) return;
  const found = firstBit(bytes, range, bit);
  // Without an end the string counts as followed by zeros; what is behind a given end does not count.
  const isOpen = args.length < 5 && bit === 0 && range.first <= range.last;
  reply.integer(found === -1 && isOpen ? bytes.length * 8 : found);
}

function searchRange(client: Client, args: readonly string[], sizeBytes: number): BitRange | null {
  if (args.length === 3) return { first: 0, last: sizeBytes * 8 - 1 };
  if (args.length > 6) {
    client.reply.error(SYNTAX_ERROR);
    return null;
  }
  const start = integerArgument(client, args[3]);
  if (Number.isNaN(start)) return null;
  const inBits = args.length === 6 ? isBitUnit(client, args[5]) : false;
  if (inBits === null) return null;
  const end = args.length > 4 ? integerArgument(client, args[4]) : sizeBytes - 1;
  return Number.isNaN(end) ? null : bitRange(start, end, sizeBytes, inBits);
}

/** The first bit of that value in a range, or -1. */
function firstBit(bytes: Buffer, { first, last }: BitRange, bit: number): number {
  const skipped = bit === 1 ? 0x00 : 0xff;
  for (let at = first; at <= last;) {
    const byte = bytes[Math.floor(at / 8)];
    if (at % 8 === 0 && byte === skipped) {
      at += 8;
      continue;
    }
    if (((byte >> (7 - (at % 8))) & 1) === bit) return at;
    at++;
  }
  return -1;
}

type Combine = (a: number, b: number) => number;

const OPERATIONS: Readonly<Record<'and' | 'or' | 'xor', Combine>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

export function combineBits(client: Client, args: string[]): void {
  const { reply, database } = client;
  const [, operation, target] = args;
  const isNot = isWord(operation, 'not');
  const combine = isNot ? OPERATIONS.or : operationNamed(operation);
  if (combine === null) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (isNot && args.length !== 4) {
    reply.error('ERR BITOP NOT must be called with a single source key.');
    return;
  }
  const sources: Buffer[] = [];
  for (let i = 3; i < args.length; i++) {
    const value = readString(client, args[i]);
    if (value === null) return;
    sources.push(readableBytes(value ?? ''));
  }
  const result = combined(sources, combine);
  if (isNot) for (let i = 0; i < result.length; i++) result[i] = ~result[i];
  if (result.length > 0) {
    database.set(target, result);
    database.modified(target);
    notify(client, EventClass.String, 'set', target);
  } else if (database.delete(target)) {
    database.modified(target);
    notify(client, EventClass.Generic, 'del', target);
  }
  reply.integer(result.length);
}

function operationNamed(word: string): Combine | null {
  if (isWord(word, 'and')) return OPERATIONS.and;
  if (isWord(word, 'or')) return OPERATIONS.or;
  return isWord(word, 'xor') ? OPERATIONS.xor : null;
}

/** Byte by byte; shorter sources count as followed by zeros. */
function combined(sources: readonly Buffer[], combine: Combine): Buffer {
  const length = Math.max(...sources.map((source) => source.length));
  const result = Buffer.alloc(length);
  sources[0].copy(result);
  for (let s = 1; s < sources.length; s++) {
    const source = sources[s];
    for (let i = 0; i < length; i++) {
      result[i] = combine(result[i], i < source.length ? source[i] : 0);
    }
  }
  return result;
}
