/** BITFIELD: integers of any width up to 64 bits at any offset of a string. */
import { byteAt } from '../../keyspace/values/string-value.js';
import type { StringValue } from '../../keyspace/values/value.js';
import { isWord } from '../../resp/ascii.js';
import { parseInt64 } from '../../resp/numbers.js';
import type { Client } from '../../server/client.js';
import type { KeySpecFlag } from '../../server/command.js';
import { EventClass } from '../../server/notifications.js';
import { parseInteger } from '../arguments.js';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../error-texts.js';
import { notify, readString } from '../lookups.js';
import { bitOffsetArgument, bitsForWrite } from './offsets.js';

interface FieldType {
  readonly isSigned: boolean;
  readonly bits: number;
}

/** What happens when a result does not fit its field. */
type Overflow = 'wrap' | 'sat' | 'fail';

type FieldOperation =
  | { readonly kind: 'get'; readonly type: FieldType; readonly offset: number }
  | {
      readonly kind: 'set' | 'incrby';
      readonly type: FieldType;
      readonly offset: number;
      readonly operand: bigint;
      readonly overflow: Overflow;
    };

export function bitField(client: Client, args: string[]): void {
  run(client, args, false);
}

export function bitFieldReadOnly(client: Client, args: string[]): void {
  run(client, args, true);
}

/** BITFIELD with nothing but GETs only reads its key. */
export function bitFieldKeyFlags(args: readonly string[]): readonly KeySpecFlag[] {
  for (let i = 2; i < args.length; i++) {
    if (isWord(args[i], 'get')) i += 2;
    else if (isWord(args[i], 'overflow')) i++;
    else return ['RW', 'access', 'update'];
  }
  return ['RO', 'access'];
}

function run(client: Client, args: string[], readOnly: boolean): void {
  const { reply } = client;
  const key = args[1];
  const operations = parseOperations(client, args);
  if (operations === null) return;
  const writes = operations.filter((operation) => operation.kind !== 'get');
  if (writes.length === 0) {
    const value = readString(client, key);
    if (value === null) return;
    reply.arrayHeader(operations.length);
    for (const { type, offset } of operations) reply.bigInteger(readField(value ?? '', type, offset));
    return;
  }
  if (readOnly) {
    reply.error('ERR BITFIELD_RO only supports the GET subcommand');
    return;
  }
  const lastBit = Math.max(...writes.map(({ type, offset }) => offset + type.bits - 1));
  const writable = bitsForWrite(client, key, lastBit);
  if (writable === null) return;
  reply.arrayHeader(operations.length);
  let changes = 0;
  for (const operation of operations) {
    if (perform(client, writable.bytes, operation) || (writable.grew && operation.kind !== 'get')) changes++;
  }
  if (changes === 0) return;
  client.database.modified(key, changes);
  notify(client, EventClass.String, 'setbit', key);
}

/** Replies to one operation; true when it changed the string. */
function perform(client: Client, bytes: Buffer, operation: FieldOperation): boolean {
  const { type, offset } = operation;
  const before = readField(bytes, type, offset);
  if (operation.kind === 'get') {
    client.reply.bigInteger(before);
    return false;
  }
  const { kind, operand, overflow } = operation;
  const asGiven = type.isSigned ? operand : BigInt.asUintN(64, operand);
  const after = fitted(kind === 'set' ? asGiven : before + operand, type, overflow);
  if (after === null) {
    client.reply.nullBulk();
    return false;
  }
  client.reply.bigInteger(kind === 'set' ? before : after);
  writeField(bytes, type, offset, after);
  return before !== after;
}

/** The value as its field can hold it; null when it does not fit and must not be changed. */
function fitted(value: bigint, { isSigned, bits }: FieldType, overflow: Overflow): bigint | null {
  const highest = (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n;
  const lowest = isSigned ? -highest - 1n : 0n;
  if (value >= lowest && value <= highest) return value;
  switch (overflow) {
    case 'wrap':
      return isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    case 'sat':
      return value > highest ? highest : lowest;
    case 'fail':
      return null;
  }
}

/** Bits behind the end of the string are zeros. */
function readField(value: StringValue, { isSigned, bits }: FieldType, offset: number): bigint {
  const firstByte = Math.floor(offset / 8);
  const lastByte = Math.floor((offset + bits - 1) / 8);
  let window = 0n;
  for (let i = firstByte; i <= lastByte; i++) window = (window << 8n) | BigInt(byteAt(value, i));
  const behind = lastByte * 8 + 7 - (offset + bits - 1);
  const field = BigInt.asUintN(bits, window >> BigInt(behind));
  return isSigned ? BigInt.asIntN(bits, field) : field;
}

function writeField(bytes: Buffer, { bits }: FieldType, offset: number, value: bigint): void {
  const field = BigInt.asUintN(bits, value);
  for (let i = 0; i < bits; i++) {
    const at = offset + i;
    const index = Math.floor(at / 8);
    const mask = 0x80 >> (at % 8);
    if (((field >> BigInt(bits - 1 - i)) & 1n) === 1n) bytes[index] |= mask;
    else bytes[index] &= ~mask;
  }
}

function parseOperations(client: Client, args: readonly string[]): FieldOperation[] | null {
  const operations: FieldOperation[] = [];
  let overflow: Overflow = 'wrap';
  for (let i = 2; i < args.length;) {
    const left = args.length - 1 - i;
    if (isWord(args[i], 'overflow') && left >= 1) {
      const chosen = overflowNamed(args[i + 1]);
      if (chosen === null) {
        client.reply.error('ERR Invalid OVERFLOW type specified');
        return null;
      }
      overflow = chosen;
      i += 2;
      continue;
    }
    const kind = operationNamed(args[i], left);
    if (kind === null) {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
    const type = fieldTypeArgument(client, args[i + 1]);
    if (type === null) return null;
    const offset = bitOffsetArgument(client, args[i + 2], type.bits);
    if (Number.isNaN(offset)) return null;
    if (kind === 'get') {
      operations.push({ kind, type, offset });
      i += 3;
      continue;
    }
    const operand = parseInt64(args[i + 3]);
    if (operand === null) {
      client.reply.error(NOT_AN_INTEGER);
      return null;
    }
    operations.push({ kind, type, offset, operand, overflow });
    i += 4;
  }
  return operations;
}

function operationNamed(word: string, argumentsLeft: number): FieldOperation['kind'] | null {
  if (isWord(word, 'get') && argumentsLeft >= 2) return 'get';
  if (isWord(word, 'set') && argumentsLeft >= 3) return 'set';
  return isWord(word, 'incrby') && argumentsLeft >= 3 ? 'incrby' : null;
}

function overflowNamed(word: string): Overflow | null {
  if (isWord(word, 'wrap')) return 'wrap';
  if (isWord(word, 'sat')) return 'sat';
  return isWord(word, 'fail') ? 'fail' : null;
}

function fieldTypeArgument(client: Client, text: string): FieldType | null {
  const isSigned = text.startsWith('i');
  const bits = parseInteger(text.slice(1));
  if ((isSigned || text.startsWith('u')) && bits >= 1 && bits <= (isSigned ? 64 : 63))
    return { isSigned, bits };
  client.reply.error(
    'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
  );
  return null;
}
