/**
 * A fingerprint of a dataset, to be compared with others of the same run only. It is DEBUG DIGEST's with a hash in the
 * place of SHA-1 that takes a tenth of the time: a run takes thousands of them, and nobody forges its datasets.
 */
import { Digest, digestOfEntry } from '../../commands/debug/digest.js';
import type { Database } from '../../keyspace/database.js';
import type { Entry } from '../../keyspace/entry.js';
import { NodeHashing } from '../../platform/node/hashing.js';

/** @param counts which keys count; all of them when absent */
export function digestOfDataset(
  databases: readonly Database[],
  counts: (entry: Entry) => boolean = () => true,
): string {
  const hash = new SwiftHashing();
  const digest = new Digest(hash);
  for (const { index, entries } of databases) {
    entries.forEach((entry) => {
      if (counts(entry)) digest.fold(`${index} ${entry.key} ${digestOfEntry(entry, hash)}`);
    });
  }
  return digest.toHex();
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
