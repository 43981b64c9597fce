/**
 * A fingerprint of a dataset, to be compared with others of the same run only. It is DEBUG DIGEST's, and counts besides
 * when keys expire and what consumer groups have had. In the place of SHA-1 is a hash that takes a tenth of the time: a run
 * takes thousands of them, and nobody forges its datasets.
 */
import { Digest, digestOfEntry } from '../../commands/debug/digest.js';
import type { Database } from '../../keyspace/database.js';
import type { Entry } from '../../keyspace/entry.js';
import { isStringValue, typeOf, type Value } from '../../keyspace/values/value.js';
import { NodeHashing } from '../../platform/node/hashing.js';
import type { Hashing } from '../../platform/platform.js';

export function digestOfDataset(databases: readonly Database[]): string {
  return digestOf(databases, () => true);
}

/** Of the keys that do not expire. */
export function digestOfLasting(databases: readonly Database[]): string {
  return digestOf(databases, ({ expiry }) => expiry === null);
}

/** The first key in which two datasets differ, for people. */
export function describeDifference(one: readonly Database[], other: readonly Database[]): string {
  const left = textsOf(one);
  const right = textsOf(other);
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [mine, theirs] = [left.get(key) ?? 'nothing', right.get(key) ?? 'nothing'];
    if (mine !== theirs) return `${key}: ${mine} and ${theirs}`;
  }
  return 'no key';
}

function textsOf(databases: readonly Database[]): Map<string, string> {
  const hash = new SwiftHashing();
  const texts = new Map<string, string>();
  for (const { index, entries } of databases) {
    entries.forEach((entry) => texts.set(`${index} ${entry.key}`, textOf(entry, hash)));
  }
  return texts;
}

function digestOf(databases: readonly Database[], counts: (entry: Entry) => boolean): string {
  const hash = new SwiftHashing();
  const digest = new Digest(hash);
  for (const { index, entries } of databases) {
    entries.forEach((entry) => {
      if (counts(entry)) digest.fold(`${index} ${entry.key} ${textOf(entry, hash)}`);
    });
  }
  return digest.toHex();
}

function textOf(entry: Entry, hash: Hashing): string {
  const { value, expiry } = entry;
  return `${typeOf(value)} ${digestOfEntry(entry, hash)} ${expiry?.atMs ?? 'lasting'} ${textOfGroups(value)}`;
}

/**
 * What a stream knows beside its entries; empty for any other value. Consumers to whom nothing was delivered are not in the
 * stream of replication, and the time of a delivery is put back to a replica's own clock if it is ahead of that, as in Redis.
 */
function textOfGroups(value: Value): string {
  if (isStringValue(value) || value.type !== 'stream') return '';
  const groups = value.groups.map(({ name, lastDeliveredId, pending }) => {
    const delivered: string[] = [];
    pending.walk('', ({ key, consumer, deliveryCount }) => {
      delivered.push(`${key} ${consumer.name} ${deliveryCount}`);
      return true;
    });
    return [name, lastDeliveredId, ...delivered].join();
  });
  return [value.lastId, value.maxDeletedId, value.entriesAdded, ...groups].join();
}

const HASH_BYTES = 20;

class SwiftHashing extends NodeHashing {
  /** Two hashes of 32 bits, drawn out to the length of a SHA-1. */
  override sha1(bytes: string): Buffer {
    let first = 0x9e3779b9;
    let second = 0x85ebca6b ^ bytes.length;
    for (let index = 0; index < bytes.length; index++) {
      const code = bytes.charCodeAt(index);
      first = Math.imul(first ^ code, 0x01000193);
      second = Math.imul(second ^ code, 0xcc9e2d51) ^ (second >>> 15);
    }
    const hash = Buffer.allocUnsafe(HASH_BYTES);
    for (let at = 0; at < HASH_BYTES; at += 4) {
      first = scatter(first ^ second);
      second = scatter(second + at);
      hash.writeInt32LE(first ^ second, at);
    }
    return hash;
  }
}

/** The finaliser of MurmurHash3: each bit of the input changes half of those of the output. */
function scatter(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
