/**
 * Reads numbers out of arguments. Each reader answers the client with Redis's error and returns NaN when the
 * argument is not what it must be; the caller then returns.
 */
import { parseDouble, parseInt64, parseSafeInteger } from '../resp/numbers.js';
import type { Client } from '../server/client.js';
import {
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  NOT_POSITIVE,
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_A_FLOAT,
  TIMEOUT_OUT_OF_RANGE,
} from './error-texts.js';

const LONG_MAX = 2 ** 63;

/**
 * A signed 64-bit integer for counts, indexes and times: exact while safe, otherwise the nearest double, which
 * orders the same.
 */
export function integerArgument(client: Client, text: string, error: string = NOT_AN_INTEGER): number {
  const integer = parseInteger(text);
  if (Number.isNaN(integer)) client.reply.error(error);
  return integer;
}

/** As {@link integerArgument}, without a reply: NaN when the text is no 64-bit integer. */
export function parseInteger(text: string): number {
  const exact = parseSafeInteger(text);
  if (!Number.isNaN(exact) || text.length < 16) return exact;
  const wide = parseInt64(text);
  return wide === null ? NaN : Number(wide);
}

/** A count of at least zero, as LPOP and SPOP take it. */
export function countArgument(client: Client, text: string): number {
  const count = parseInteger(text);
  if (Number.isNaN(count) || count < 0) {
    client.reply.error(NOT_POSITIVE);
    return NaN;
  }
  return count;
}

/** An integer from `low` to `high`. What is not one is answered with `error`, if given, or says the range. */
export function integerInRange(
  client: Client,
  text: string,
  low: number,
  high: number,
  error: string | null = null,
): number {
  const integer = parseInteger(text);
  if (integer >= low && integer <= high) return integer;
  const rangeError = `ERR value is out of range, value must between ${low} and ${high}`;
  client.reply.error(error ?? (Number.isNaN(integer) ? NOT_AN_INTEGER : rangeError));
  return NaN;
}

/** A double; `nan` is none. */
export function doubleArgument(client: Client, text: string, error: string = NOT_A_FLOAT): number {
  const double = parseDouble(text);
  if (Number.isNaN(double)) client.reply.error(error);
  return double;
}

/**
 * A double as C's strtod reads it, which Redis uses for bounds and weights: blanks in front are skipped, and nothing
 * at all is zero. NaN when the text is no number; nobody is told.
 */
export function parseLenientDouble(text: string): number {
  return text === '' ? 0 : parseDouble(text.replace(/^[ \t\n\v\f\r]+/, ''));
}

/** The timeout of a blocking command, in seconds with a fraction. Returns milliseconds; 0 means for ever. */
export function timeoutArgument(client: Client, text: string): number {
  const seconds = parseDouble(text);
  if (Number.isNaN(seconds)) {
    client.reply.error(TIMEOUT_NOT_A_FLOAT);
    return NaN;
  }
  return checkedTimeout(client, Math.ceil(seconds * 1000));
}

/** The timeout of XREAD, in whole milliseconds. */
export function timeoutMsArgument(client: Client, text: string): number {
  const timeoutMs = parseInteger(text);
  if (Number.isNaN(timeoutMs)) {
    client.reply.error('ERR timeout is not an integer or out of range');
    return NaN;
  }
  return checkedTimeout(client, timeoutMs);
}

function checkedTimeout(client: Client, timeoutMs: number): number {
  if (timeoutMs < 0) client.reply.error(TIMEOUT_NEGATIVE);
  else if (timeoutMs + client.server.nowMs >= LONG_MAX) client.reply.error(TIMEOUT_OUT_OF_RANGE);
  else return timeoutMs;
  return NaN;
}
