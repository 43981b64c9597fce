/** Where bits are: the offsets that bitmap commands take, and strings long enough to hold them. */
import { lengthOfString, writableBytes } from '../../keyspace/values/string-value.js';
import { isStringValue } from '../../keyspace/values/value.js';
import type { Client } from '../../server/client.js';
import { parseInteger } from '../arguments.js';
import { WRONG_TYPE } from '../error-texts.js';

/**
 * A bit's offset from the start of the string, whose first byte's highest bit is number 0.
 * @param fieldBits width of a bit field, which `#3` counts in; null where that form is not known
 * @returns NaN after an error
 */
export function bitOffsetArgument(client: Client, text: string, fieldBits: number | null): number {
  const inFields = fieldBits !== null && text.startsWith('#');
  const given = parseInteger(inFields ? text.slice(1) : text);
  const offset = inFields ? given * fieldBits : given;
  const limitBytes = client.isTrusted ? Infinity : client.server.config.values['proto-max-bulk-len'];
  if (offset >= 0 && Math.floor(offset / 8) < limitBytes) return offset;
  client.reply.error('ERR bit offset is not an integer or out of range');
  return NaN;
}

/** A string made ready for its bits to be changed. */
export interface WritableBits {
  readonly bytes: Buffer;
  /** The string is new or became longer, which counts as a change. */
  readonly grew: boolean;
}

/** The string of a key, made or lengthened so that it has bit `lastBit`; null when it is no string. */
export function bitsForWrite(client: Client, key: string, lastBit: number): WritableBits | null {
  const { database } = client;
  const sizeBytes = Math.floor(lastBit / 8) + 1;
  const entry = database.entryForWrite(key);
  if (entry === undefined) {
    const bytes = Buffer.alloc(sizeBytes);
    database.add(key, bytes);
    return { bytes, grew: true };
  }
  if (!isStringValue(entry.value)) {
    client.reply.error(WRONG_TYPE);
    return null;
  }
  const grew = lengthOfString(entry.value) < sizeBytes;
  const bytes = writableBytes(entry.value, sizeBytes);
  entry.value = bytes;
  return { bytes, grew };
}
