/** PFADD, PFCOUNT, PFMERGE, and PFDEBUG and PFSELFTEST, by which tests look inside. */
import type { Entry } from '../../keyspace/entry.js';
import { readableBytes, writableBytes } from '../../keyspace/values/string-value.js';
import { isStringValue } from '../../keyspace/values/value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { WRONG_TYPE } from '../error-texts.js';
import { notify, readString } from '../lookups.js';
import {
  cacheCardinality,
  cachedCardinality,
  decode,
  emptyHyperLogLog,
  encode,
  getDense,
  isHyperLogLog,
  isSparse,
  markStale,
  registerOf,
  REGISTERS,
  setDense,
  walkSparse,
  type Registers,
} from './encoding.js';
import { estimate } from './estimate.js';
import { hashElement } from './hash.js';

const NOT_HYPERLOGLOG = 'WRONGTYPE Key is not a valid HyperLogLog string value.';
const CORRUPTED = 'INVALIDOBJ Corrupted HLL object detected';

/** How many elements PFSELFTEST adds. */
const SELF_TEST_ELEMENTS = 20_000;

/** The bytes of a HyperLogLog for a change in place; null after an error. */
function bytesForWrite(client: Client, entry: Entry): Buffer | null {
  const { value } = entry;
  if (!isStringValue(value)) {
    client.reply.error(WRONG_TYPE);
    return null;
  }
  const bytes = writableBytes(value, 0);
  if (isHyperLogLog(bytes)) return bytes;
  client.reply.error(NOT_HYPERLOGLOG);
  return null;
}

/** The bytes of a HyperLogLog for reading; undefined when there is none, null after an error. */
function bytesForRead(client: Client, key: string): Buffer | undefined | null {
  const value = readString(client, key);
  if (value === undefined || value === null) return value;
  const bytes = readableBytes(value);
  if (isHyperLogLog(bytes)) return bytes;
  client.reply.error(NOT_HYPERLOGLOG);
  return null;
}

export function addElements(client: Client, args: string[]): void {
  const { database, reply } = client;
  const key = args[1];
  const known = database.entryForWrite(key);
  const bytes = known === undefined ? emptyHyperLogLog() : bytesForWrite(client, known);
  if (bytes === null) return;
  const entry = known ?? database.add(key, bytes);
  const updated = isSparse(bytes) ? addToSparse(client, entry, bytes, args) : addToDense(entry, bytes, args);
  if (updated === null) {
    reply.error(CORRUPTED);
    return;
  }
  const changes = updated + (known === undefined ? 1 : 0);
  if (changes > 0) {
    database.modified(key, changes);
    notify(client, EventClass.String, 'pfadd', key);
  }
  reply.integer(changes > 0 ? 1 : 0);
}

/** Returns how many registers grew; null when the sparse form is damaged. */
function addToSparse(client: Client, entry: Entry, bytes: Buffer, args: readonly string[]): number | null {
  if (args.length === 2) return 0;
  const registers = decode(bytes);
  if (registers === null) return null;
  let updated = 0;
  for (let i = 2; i < args.length; i++) {
    const { index, value } = registerOf(hashElement(args[i]));
    if (registers[index] >= value) continue;
    registers[index] = value;
    updated++;
  }
  entry.value = updated > 0 ? encodeWithinLimit(client, registers, bytes) : bytes;
  return updated;
}

/** Sparse while that stays below `hll-sparse-max-bytes`. */
function encodeWithinLimit(client: Client, registers: Registers, before: Buffer | null): Buffer {
  const sparse = encode(registers, true, before);
  const limit = client.server.config.values['hll-sparse-max-bytes'];
  return sparse.length > limit && isSparse(sparse) ? encode(registers, false, before) : sparse;
}

function addToDense(entry: Entry, bytes: Buffer, args: readonly string[]): number {
  entry.value = bytes;
  let updated = 0;
  for (let i = 2; i < args.length; i++) {
    const { index, value } = registerOf(hashElement(args[i]));
    if (getDense(bytes, index) >= value) continue;
    setDense(bytes, index, value);
    updated++;
  }
  if (updated > 0) markStale(bytes);
  return updated;
}

export function count(client: Client, args: string[]): void {
  const { reply } = client;
  if (args.length > 2) {
    const merged = mergedRegisters(client, args, 1);
    if (merged !== null) reply.integer(estimate(merged.registers));
    return;
  }
  const bytes = bytesForRead(client, args[1]);
  if (bytes === undefined) reply.integer(0);
  if (bytes === undefined || bytes === null) return;
  const cached = cachedCardinality(bytes);
  if (cached !== null) {
    reply.bigInteger(cached);
    return;
  }
  const registers = decode(bytes);
  if (registers === null) {
    reply.error(CORRUPTED);
    return;
  }
  const cardinality = estimate(registers);
  keepCardinality(client, args[1], cardinality);
  reply.integer(cardinality);
}

/** Caches a count in the value, which replicas are to do too. */
function keepCardinality(client: Client, key: string, cardinality: number): void {
  const entry = client.database.entryForWrite(key);
  if (entry === undefined || !isStringValue(entry.value)) return;
  const bytes = writableBytes(entry.value, 0);
  cacheCardinality(bytes, cardinality);
  entry.value = bytes;
  client.database.modified(key);
}

export function merge(client: Client, args: string[]): void {
  const { database, reply } = client;
  const key = args[1];
  const merged = mergedRegisters(client, args, 1);
  if (merged === null) return;
  const known = database.peek(key)?.value;
  const before = known !== undefined && isStringValue(known) ? readableBytes(known) : null;
  const value = merged.someDense
    ? encode(merged.registers, false, before)
    : encodeWithinLimit(client, merged.registers, before);
  database.set(key, value, true);
  database.modified(key);
  notify(client, EventClass.String, 'pfadd', key);
  reply.ok();
}

/** The greatest of each register in the keys from argument `from` on; null after an error. */
function mergedRegisters(
  client: Client,
  args: readonly string[],
  from: number,
): { registers: Registers; someDense: boolean } | null {
  const merged = new Uint8Array(REGISTERS);
  let someDense = false;
  for (let i = from; i < args.length; i++) {
    const bytes = bytesForRead(client, args[i]);
    if (bytes === null) return null;
    if (bytes === undefined) continue;
    if (!isSparse(bytes)) someDense = true;
    const registers = decode(bytes);
    if (registers === null) {
      client.reply.error(CORRUPTED);
      return null;
    }
    for (let r = 0; r < REGISTERS; r++) if (registers[r] > merged[r]) merged[r] = registers[r];
  }
  return { registers: merged, someDense };
}

/** PFDEBUG GETREG, DECODE, ENCODING, TODENSE. */
export function debug(client: Client, args: string[]): void {
  const { reply, database } = client;
  const [, subcommand, key] = args;
  const entry = database.entryForWrite(key);
  if (entry === undefined) {
    reply.error('ERR The specified key does not exist');
    return;
  }
  const bytes = bytesForWrite(client, entry);
  if (bytes === null) return;
  if (args.length !== 3) {
    reply.error(`ERR Wrong number of arguments for the '${subcommand}' subcommand`);
  } else if (isWord(subcommand, 'encoding')) {
    reply.simple(isSparse(bytes) ? 'sparse' : 'dense');
  } else if (isWord(subcommand, 'decode')) {
    if (isSparse(bytes)) reply.bulk(describeRuns(bytes));
    else reply.error('ERR HLL encoding is not sparse');
  } else if (isWord(subcommand, 'getreg') || isWord(subcommand, 'todense')) {
    const wasSparse = isSparse(bytes);
    const registers = makeDense(client, entry, bytes);
    if (registers === null) reply.error(CORRUPTED);
    else if (isWord(subcommand, 'todense')) reply.integer(wasSparse ? 1 : 0);
    else {
      reply.arrayHeader(REGISTERS);
      for (const value of registers) reply.integer(value);
    }
  } else {
    reply.error(`ERR Unknown PFDEBUG subcommand '${subcommand}'`);
  }
}

function makeDense(client: Client, entry: Entry, bytes: Buffer): Registers | null {
  const registers = decode(bytes);
  if (registers === null || !isSparse(bytes)) return registers;
  entry.value = encode(registers, false, bytes);
  client.database.modified(entry.key);
  return registers;
}

function describeRuns(bytes: Buffer): string {
  const runs: string[] = [];
  walkSparse(bytes, (value, length, isLongForm) => {
    runs.push(value > 0 ? `v:${value},${length}` : `${isLongForm ? 'Z' : 'z'}:${length}`);
    return true;
  });
  return runs.join(' ');
}

/** PFSELFTEST: both encodings keep registers exactly, and the estimate is as good as it should be. */
export function selfTest(client: Client): void {
  const { random } = client.server.platform;
  const registers = new Uint8Array(REGISTERS);
  const prefix = random.hex(16);
  for (let i = 0; i < SELF_TEST_ELEMENTS; i++) {
    const { index, value } = registerOf(hashElement(`${prefix}${i}`));
    registers[index] = Math.max(registers[index], value);
  }
  const agrees = [true, false].every((sparse) => {
    const decoded = decode(encode(registers, sparse, null));
    return decoded !== null && decoded.every((value, index) => value === registers[index]);
  });
  const error = Math.abs(estimate(registers) - SELF_TEST_ELEMENTS) / SELF_TEST_ELEMENTS;
  // Six times the standard error.
  if (!agrees) client.reply.error('TESTFAILED dense/sparse disagree');
  else if (error > (6 * 1.04) / Math.sqrt(REGISTERS)) client.reply.error('TESTFAILED Too big error.');
  else client.reply.ok();
}
