/** GEOADD, GEOPOS, GEOHASH and GEODIST. */
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { formatLongDouble, longDoubleOf } from '../long-double.js';
import { readCollection } from '../lookups.js';
import { addMembers } from '../sorted-sets/members.js';
import { positionArguments, unitArgument } from './arguments.js';
import { distanceMeters, geohashText, positionOf, scoreOf, type Position } from './geohash.js';

/** GEOADD is ZADD with positions in place of scores; that is also how it is passed on. */
export function addPositions(client: Client, args: string[]): void {
  let first = 2;
  let nx = false;
  let xx = false;
  for (; first < args.length; first++) {
    if (isWord(args[first], 'nx')) nx = true;
    else if (isWord(args[first], 'xx')) xx = true;
    else if (!isWord(args[first], 'ch')) break;
  }
  if ((args.length - first) % 3 !== 0 || (nx && xx)) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  const translated = ['zadd', ...args.slice(1, first)];
  for (let i = first; i < args.length; i += 3) {
    const position = positionArguments(client, args, i);
    if (position === null) return;
    translated.push(String(scoreOf(position)), args[i + 2]);
  }
  client.args = translated;
  addMembers(client, translated);
}

/** The positions of the members from `args[2]` on; null for members that do not exist. */
function forEachPosition(
  client: Client,
  args: readonly string[],
  visit: (position: Position | null) => void,
): void {
  const set = readCollection(client, args[1], 'zset');
  if (set === null) return;
  client.reply.arrayHeader(args.length - 2);
  for (let i = 2; i < args.length; i++) {
    const score = set?.score(args[i]);
    visit(score === undefined ? null : positionOf(score));
  }
}

export function positions(client: Client, args: string[]): void {
  forEachPosition(client, args, (position) => {
    if (position === null) client.reply.nullArray();
    else writePosition(client, position);
  });
}

export function writePosition(client: Client, { longitude, latitude }: Position): void {
  client.reply.arrayHeader(2);
  writeDegrees(client, longitude);
  writeDegrees(client, latitude);
}

/** With up to 17 decimals, instead of the shortest form that other doubles have. */
function writeDegrees({ reply }: Client, degrees: number): void {
  const text = formatLongDouble(longDoubleOf(degrees));
  if (reply.protocol === 2) reply.bulk(text);
  else reply.raw(`,${text}\r\n`);
}

export function geohashes(client: Client, args: string[]): void {
  forEachPosition(client, args, (position) => {
    if (position === null) client.reply.nullBulk();
    else client.reply.bulk(geohashText(position));
  });
}

export function distance(client: Client, args: string[]): void {
  const { reply } = client;
  if (args.length > 5) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const unitMeters = args.length === 5 ? unitArgument(client, args[4]) : 1;
  if (Number.isNaN(unitMeters)) return;
  const set = readCollection(client, args[1], 'zset');
  if (set === null) return;
  const from = set?.score(args[2]);
  const to = set?.score(args[3]);
  if (from === undefined || to === undefined) reply.nullBulk();
  else writeDistance(client, distanceMeters(positionOf(from), positionOf(to)) / unitMeters);
}

/** With four decimals, ties to the even digit. */
export function writeDistance(client: Client, length: number): void {
  const scaled = length * 10000;
  const floor = Math.floor(scaled);
  const isUp = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 === 1);
  const digits = BigInt(isUp ? floor + 1 : floor)
    .toString()
    .padStart(5, '0');
  client.reply.bulk(`${digits.slice(0, -4)}.${digits.slice(-4)}`);
}
