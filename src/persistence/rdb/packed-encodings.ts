/**
 * Reads the packed forms of small collections: listpack, intset, and the historic ziplist and zipmap. Every
 * offset and length is checked against the blob before it is used; a blob that breaks its own format is refused.
 */

import { backLengthSize } from '../../keyspace/values/packed-size.js';
import { corrupt } from './errors.js';

/** An element: bytes, or an integer (a bigint beyond the safe range). */
export type PackedElement = string | number | bigint;

const END_MARK = 0xff;

/**
 * The elements of a listpack in order.
 * @param name what to call it in an error
 */
export function readListpack(blob: Buffer, name = 'Listpack'): PackedElement[] {
  const broken = (): never => corrupt(`${name} integrity check failed.`);
  if (blob.length < 7 || blob.readUInt32LE(0) !== blob.length || blob[blob.length - 1] !== END_MARK) broken();
  const elements: PackedElement[] = [];
  const end = blob.length - 1;
  let at = 6;
  while (at < end) {
    const start = at;
    const first = blob[at];
    if (first < 0x80) {
      elements.push(first);
      at += 1;
    } else if (first < 0xc0) {
      at += 1;
      const length = first & 0x3f;
      elements.push(textAt(blob, at, length, end, name));
      at += length;
    } else if (first < 0xe0) {
      if (at + 2 > end) broken();
      const value = ((first & 0x1f) << 8) | blob[at + 1];
      elements.push(value >= 4096 ? value - 8192 : value);
      at += 2;
    } else if (first < 0xf0) {
      if (at + 2 > end) broken();
      const length = ((first & 0x0f) << 8) | blob[at + 1];
      at += 2;
      elements.push(textAt(blob, at, length, end, name));
      at += length;
    } else if (first === 0xf0) {
      if (at + 5 > end) broken();
      const length = blob.readUInt32LE(at + 1);
      at += 5;
      elements.push(textAt(blob, at, length, end, name));
      at += length;
    } else {
      const width = listpackIntegerWidth(first) ?? broken();
      if (at + 1 + width > end) broken();
      elements.push(integerAt(blob, at + 1, width));
      at += 1 + width;
    }
    const sizeBytes = at - start;
    at += backLengthSize(sizeBytes);
    if (at > end || !isBackLength(blob, at, sizeBytes)) broken();
  }
  const told = blob.readUInt16LE(4);
  if (told !== 65535 && told !== elements.length) broken();
  return elements;
}

/** Whether the size of an element stands behind it, seven bits a byte, for those who read backwards. */
function isBackLength(blob: Buffer, end: number, sizeBytes: number): boolean {
  const size = backLengthSize(sizeBytes);
  let rest = sizeBytes;
  for (let i = 1; i <= size; i++) {
    if (blob[end - i] !== ((rest & 0x7f) | (i < size ? 0x80 : 0))) return false;
    rest = Math.floor(rest / 128);
  }
  return true;
}

function listpackIntegerWidth(encoding: number): number | null {
  switch (encoding) {
    case 0xf1:
      return 2;
    case 0xf2:
      return 3;
    case 0xf3:
      return 4;
    case 0xf4:
      return 8;
    default:
      return null;
  }
}

/** The members of an intset, as their decimal text. */
export function readIntset(blob: Buffer): string[] {
  if (blob.length < 8) corrupt('Intset integrity check failed.');
  const width = blob.readUInt32LE(0);
  const count = blob.readUInt32LE(4);
  if ((width !== 2 && width !== 4 && width !== 8) || blob.length !== 8 + count * width) {
    corrupt('Intset integrity check failed.');
  }
  const members: string[] = [];
  let previous: number | bigint = -Infinity;
  for (let i = 0; i < count; i++) {
    const member = integerAt(blob, 8 + i * width, width);
    if (member <= previous) corrupt('Intset integrity check failed.');
    previous = member;
    members.push(String(member));
  }
  return members;
}

/**
 * The elements of a ziplist in order.
 * @param name what to call it in an error
 */
export function readZiplist(blob: Buffer, name = 'Ziplist'): PackedElement[] {
  const broken = (): never => corrupt(`${name} integrity check failed.`);
  if (blob.length < 11 || blob.readUInt32LE(0) !== blob.length || blob[blob.length - 1] !== END_MARK)
    broken();
  const elements: PackedElement[] = [];
  const end = blob.length - 1;
  let at = 10;
  let last = at;
  let previousBytes = 0;
  while (at < end) {
    const start = at;
    const isLong = blob[at] === 0xfe;
    if (at + (isLong ? 5 : 1) >= end) broken();
    if ((isLong ? blob.readUInt32LE(at + 1) : blob[at]) !== previousBytes) broken();
    at += isLong ? 5 : 1;
    const first = blob[at];
    if (first < 0xc0) {
      const { length, headerBytes } = ziplistStringLength(blob, at, end) ?? broken();
      at += headerBytes;
      elements.push(textAt(blob, at, length, end, name));
      at += length;
    } else if (first >= 0xf1 && first <= 0xfd) {
      elements.push((first & 0x0f) - 1);
      at += 1;
    } else {
      const width = ziplistIntegerWidth(first) ?? broken();
      if (at + 1 + width > end) broken();
      elements.push(integerAt(blob, at + 1, width));
      at += 1 + width;
    }
    last = start;
    previousBytes = at - start;
  }
  const told = blob.readUInt16LE(8);
  if ((told !== 65535 && told !== elements.length) || blob.readUInt32LE(4) !== last) broken();
  return elements;
}

function ziplistStringLength(
  blob: Buffer,
  at: number,
  end: number,
): { length: number; headerBytes: number } | null {
  const first = blob[at];
  if (first < 0x40) return { length: first, headerBytes: 1 };
  if (first < 0x80) {
    return at + 2 > end ? null : { length: ((first & 0x3f) << 8) | blob[at + 1], headerBytes: 2 };
  }
  return at + 5 > end ? null : { length: blob.readUInt32BE(at + 1), headerBytes: 5 };
}

function ziplistIntegerWidth(encoding: number): number | null {
  switch (encoding) {
    case 0xc0:
      return 2;
    case 0xd0:
      return 4;
    case 0xe0:
      return 8;
    case 0xf0:
      return 3;
    case 0xfe:
      return 1;
    default:
      return null;
  }
}

/** Fields and values of a zipmap, alternating. */
export function readZipmap(blob: Buffer): string[] {
  if (blob.length < 2 || blob[blob.length - 1] !== END_MARK) corrupt('Zipmap integrity check failed.');
  const pieces: string[] = [];
  const end = blob.length - 1;
  let at = 1;
  while (at < end) {
    const isValue = pieces.length % 2 === 1;
    let length = blob[at++];
    if (length === 0xfe) {
      if (at + 4 > end) corrupt('Zipmap integrity check failed.');
      length = blob.readUInt32LE(at);
      at += 4;
    } else if (length === END_MARK) {
      corrupt('Zipmap integrity check failed.');
    }
    let unused = 0;
    if (isValue) {
      if (at >= end) corrupt('Zipmap integrity check failed.');
      unused = blob[at++];
    }
    pieces.push(textAt(blob, at, length, end, 'Zipmap'));
    at += length + unused;
    if (at > end) corrupt('Zipmap integrity check failed.');
  }
  // An empty one was never written: a hash without fields is no key.
  if (pieces.length === 0 || pieces.length % 2 !== 0) corrupt('Zipmap integrity check failed.');
  return pieces;
}

function textAt(blob: Buffer, at: number, length: number, end: number, name: string): string {
  if (at + length > end) corrupt(`${name} integrity check failed.`);
  return blob.latin1Slice(at, at + length);
}

function integerAt(blob: Buffer, at: number, width: number): number | bigint {
  if (width < 8) return blob.readIntLE(at, width);
  const high = blob.readInt32LE(at + 4);
  if (high >= -0x20_0000 && high < 0x20_0000) {
    const value = high * 0x1_0000_0000 + blob.readUInt32LE(at);
    if (Number.isSafeInteger(value)) return value;
  }
  return blob.readBigInt64LE(at);
}
