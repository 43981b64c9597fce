/** Trimming streams, which XADD and XTRIM share: options, execution, and the form in which it is passed on. */
import { formatStreamId, MAX_STREAM_ID, type StreamId } from '../../keyspace/values/stream-id.js';
import type { StreamValue } from '../../keyspace/values/stream-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { integerArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { streamIdArgument } from './ids.js';

/** How far to trim. */
export interface Trimming {
  readonly by: { readonly maxLength: number } | { readonly minId: StreamId };
  /** Remove whole nodes only. */
  readonly approximate: boolean;
  /** How many entries to remove at most; 0 for no limit. */
  limit: number;
  /** Where the length or id stands among the arguments. */
  readonly argumentIndex: number;
}

export interface TrimOptions {
  readonly trimming: Trimming | null;
  /** XADD without NOMKSTREAM. */
  readonly makeStream: boolean;
  /** The first argument that is no option: XADD's id. */
  readonly next: number;
  /** The error of options that do not go together: XADD's id is looked at first. */
  readonly problem: string | null;
}

/** Approximate trimming without LIMIT removes at most this many nodes' entries. */
const DEFAULT_LIMIT_NODES = 100;
const DEFAULT_LIMIT = 10_000;
const HIGHEST_DEFAULT_LIMIT = 1_000_000;

/** Reads the options from argument 2 on: up to the id for XADD, all of them for XTRIM. Null after an error. */
export function trimOptions(client: Client, args: readonly string[], forAdd: boolean): TrimOptions | null {
  const { reply } = client;
  let trimming: Trimming | null = null;
  let limit: number | null = null;
  let makeStream = true;
  let i = 2;
  for (; i < args.length; i++) {
    const hasMore = i + 1 < args.length;
    if ((isWord(args[i], 'maxlen') || isWord(args[i], 'minid')) && hasMore) {
      if (trimming !== null) {
        reply.error('ERR syntax error, MAXLEN and MINID options at the same time are not compatible');
        return null;
      }
      trimming = readTrimming(client, args, i);
      if (trimming === null) return null;
      i = trimming.argumentIndex;
    } else if (isWord(args[i], 'limit') && hasMore) {
      limit = integerArgument(client, args[++i]);
      if (Number.isNaN(limit)) return null;
      if (limit < 0) {
        reply.error('ERR The LIMIT argument must be >= 0.');
        return null;
      }
    } else if (forAdd && isWord(args[i], 'nomkstream')) {
      makeStream = false;
    } else if (forAdd) {
      break;
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  const problem = problemOfOptions(client, trimming, limit, forAdd);
  if (trimming !== null) trimming.limit = effectiveLimit(client, trimming, limit);
  return { trimming, makeStream, next: i, problem };
}

function readTrimming(client: Client, args: readonly string[], optionIndex: number): Trimming | null {
  const sign = args[optionIndex + 1];
  const hasSign = (sign === '~' || sign === '=') && optionIndex + 2 < args.length;
  const argumentIndex = optionIndex + (hasSign ? 2 : 1);
  const approximate = hasSign && sign === '~';
  if (isWord(args[optionIndex], 'minid')) {
    const minId = streamIdArgument(client, args[argumentIndex]);
    return minId === null ? null : { by: { minId }, approximate, limit: 0, argumentIndex };
  }
  const maxLength = integerArgument(client, args[argumentIndex]);
  if (maxLength < 0) client.reply.error('ERR The MAXLEN argument must be >= 0.');
  return maxLength >= 0 ? { by: { maxLength }, approximate, limit: 0, argumentIndex } : null;
}

function problemOfOptions(
  client: Client,
  trimming: Trimming | null,
  limit: number | null,
  forAdd: boolean,
): string | null {
  if (limit !== null && limit > 0 && trimming === null) {
    return 'ERR syntax error, LIMIT cannot be used without specifying a trimming strategy';
  }
  if (!forAdd && trimming === null) return 'ERR syntax error, XTRIM must be called with a trimming strategy';
  // A master has made its trimming exact and leaves the LIMIT where it was.
  if (client.isTrusted || limit === null || trimming?.approximate === true) return null;
  return 'ERR syntax error, LIMIT cannot be used without the special ~ option';
}

function effectiveLimit(client: Client, trimming: Trimming, limit: number | null): number {
  if (client.isTrusted || !trimming.approximate) return 0;
  if (limit !== null) return limit;
  const nodeEntries = client.server.config.values['stream-node-max-entries'];
  const byNodes = DEFAULT_LIMIT_NODES * nodeEntries;
  return byNodes <= 0 ? DEFAULT_LIMIT : Math.min(byNodes, HIGHEST_DEFAULT_LIMIT);
}

/** Returns how many entries were removed. */
export function trim(stream: StreamValue, { by, approximate, limit }: Trimming): number {
  return 'maxLength' in by
    ? stream.trimToLength(by.maxLength, { approximate, limit })
    : stream.trimToMinId(by.minId, { approximate, limit });
}

/** What approximate trimming removes depends on nodes and limits; replicas are given the exact result. */
export function rewriteTrim(
  args: string[],
  stream: StreamValue,
  { by, approximate, argumentIndex }: Trimming,
): void {
  if (!approximate) return;
  args[argumentIndex - 1] = '=';
  if ('maxLength' in by) args[argumentIndex] = String(stream.length);
  // Of an empty stream nothing is kept.
  else args[argumentIndex] = formatStreamId(stream.length === 0 ? MAX_STREAM_ID : stream.firstId);
}
