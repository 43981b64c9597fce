/**
 * The "address" that DEBUG OBJECT shows. Values have none here; what tests ask of it is that it stays as long as a
 * value is changed in place and differs when another value has taken its place.
 */
import type { Entry } from '../../keyspace/entry.js';
import { hashKey } from '../../keyspace/key-hash.js';

/** Which addresses look like pointers. */
const BASE = 0x7f0000000000;

/** A made-up address of an entry's value. */
export function addressOfValue(entry: Entry): string {
  const { key, value } = entry;
  // Integers are replaced in place, so the key stands for them; other strings are told apart by their content.
  const content = typeof value === 'string' ? value : typeof value === 'number' ? '' : value.constructor.name;
  const offset = (hashKey(key, 1) ^ hashKey(content, 2)) >>> 0;
  return (BASE + offset * 16).toString(16);
}
