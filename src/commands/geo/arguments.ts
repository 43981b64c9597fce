/** The arguments of geo commands: positions, units and lengths. */
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { doubleArgument } from '../arguments.js';
import { isOnGrid, type Position } from './geohash.js';

/** Longitude and latitude at `args[index]`; null after an error. */
export function positionArguments(client: Client, args: readonly string[], index: number): Position | null {
  const longitude = doubleArgument(client, args[index]);
  if (Number.isNaN(longitude)) return null;
  const latitude = doubleArgument(client, args[index + 1]);
  if (Number.isNaN(latitude)) return null;
  const position = { longitude, latitude };
  if (isOnGrid(position)) return position;
  const shown = [longitude, latitude].map((value) =>
    Number.isFinite(value) ? value.toFixed(6) : value > 0 ? 'inf' : '-inf',
  );
  client.reply.error(`ERR invalid longitude,latitude pair ${shown.join(',')}`);
  return null;
}

/** How many meters a unit has; NaN after an error. */
export function unitArgument(client: Client, text: string): number {
  if (isWord(text, 'm')) return 1;
  if (isWord(text, 'km')) return 1000;
  if (isWord(text, 'ft')) return 0.3048;
  if (isWord(text, 'mi')) return 1609.34;
  client.reply.error('ERR unsupported unit provided. please use M, KM, FT, MI');
  return NaN;
}
