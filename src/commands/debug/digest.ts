/**
 * DEBUG DIGEST: one SHA-1 over the whole dataset, to see whether two servers hold the same.
 *
 * It is the digest that stock servers compute, so that it can be compared with theirs. Parts are put together in
 * two ways: `mix` depends on the order, for what has one; `fold` does not, for the members of sets, the fields of
 * hashes and the keys of a database. That a key expires counts, but not when.
 */
import type { Database } from '../../keyspace/database.js';
import type { Entry } from '../../keyspace/entry.js';
import {
  MAX_STREAM_ID,
  MIN_STREAM_ID,
  streamIdMs,
  streamIdSequence,
} from '../../keyspace/values/stream-id.js';
import { bytesOfString, isStringValue, typeOf, type Value } from '../../keyspace/values/value.js';
import type { Hashing } from '../../platform/platform.js';
import { formatSeventeenDigits } from '../../resp/numbers.js';

const DIGEST_BYTES = 20;

/** The number that stands for each type. */
const TYPE_NUMBERS = { string: 0, list: 1, set: 2, zset: 3, hash: 4, stream: 6 } as const;

/** A digest in the making; all zeros to begin with. */
export class Digest {
  private bytes: Buffer = Buffer.alloc(DIGEST_BYTES);

  constructor(private readonly hash: Hashing) {}

  /** Adds a part whose place among the others does not matter. */
  fold(part: string): void {
    const hashed = this.hash.sha1(part);
    for (let i = 0; i < DIGEST_BYTES; i++) this.bytes[i] = (this.bytes[i] ?? 0) ^ (hashed[i] ?? 0);
  }

  /** Adds a part whose place matters. */
  mix(part: string): void {
    this.fold(part);
    this.bytes = this.hash.sha1(this.toBytes());
  }

  toBytes(): string {
    return this.bytes.latin1Slice();
  }

  toHex(): string {
    return this.bytes.toString('hex');
  }
}

/** The digest of several databases together. */
export function digestOfDatabases(databases: readonly Database[], hash: Hashing): string {
  const digest = new Digest(hash);
  for (const database of databases) {
    if (database.size === 0) continue;
    digest.mix(bigEndian(database.index));
    database.entries.forEach((entry) => {
      const ofKey = new Digest(hash);
      ofKey.mix(entry.key);
      addEntry(ofKey, entry, hash);
      digest.fold(ofKey.toBytes());
    });
  }
  return digest.toHex();
}

/** The digest of one value, without the name of its key; all zeros when there is none. */
export function digestOfEntry(entry: Entry | undefined, hash: Hashing): string {
  const digest = new Digest(hash);
  if (entry !== undefined) addEntry(digest, entry, hash);
  return digest.toHex();
}

function addEntry(digest: Digest, { value, expiry }: Entry, hash: Hashing): void {
  digest.mix(bigEndian(TYPE_NUMBERS[typeOf(value)]));
  addValue(digest, value, hash);
  if (expiry !== null) digest.fold('!!expire!!');
}

function addValue(digest: Digest, value: Value, hash: Hashing): void {
  if (isStringValue(value)) {
    digest.mix(bytesOfString(value));
    return;
  }
  const foldPair = (first: string, second: string): void => {
    const ofPair = new Digest(hash);
    ofPair.mix(first);
    ofPair.mix(second);
    digest.fold(ofPair.toBytes());
  };
  switch (value.type) {
    case 'list':
      value.walk(0, 1, (element) => {
        digest.mix(element);
        return true;
      });
      break;
    case 'set':
      value.forEach((member) => digest.fold(member));
      break;
    case 'zset':
      value.walk(0, 1, (member, score) => {
        foldPair(member, formatSeventeenDigits(score));
        return true;
      });
      break;
    case 'hash':
      value.forEach(foldPair);
      break;
    case 'stream':
      value.walk(MIN_STREAM_ID, MAX_STREAM_ID, ({ id, fields, values }) => {
        digest.mix(`${streamIdMs(id)}.${streamIdSequence(id)}`);
        fields.forEach((field, index) => {
          digest.mix(field);
          digest.mix(values[index] ?? '');
        });
        return true;
      });
      break;
  }
}

function bigEndian(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.latin1Slice();
}
