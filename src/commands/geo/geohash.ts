/**
 * Positions as geohashes: longitude and latitude each cut into 2^step stripes, the two stripe numbers interleaved
 * bit by bit. With 26 bits each the result is a 52-bit integer, which a sorted set keeps as a score. The ranges, and
 * every formula where rounding shows, are Redis's.
 */

export interface Position {
  readonly longitude: number;
  readonly latitude: number;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** A rectangle of the grid: the stripe numbers of its longitude and latitude. */
export interface Cell {
  readonly longitudeStripe: number;
  readonly latitudeStripe: number;
  /** Bits per stripe number, 1 to 26. */
  readonly step: number;
}

/** The bounds of a cell in degrees. */
export interface CellArea {
  readonly longitude: Range;
  readonly latitude: Range;
}

export const MAX_STEP = 26;
export const LONGITUDE_RANGE: Range = { min: -180, max: 180 };
/** The limit of Web Mercator; what lies nearer to the poles has no place on the grid. */
export const LATITUDE_RANGE: Range = { min: -85.05112878, max: 85.05112878 };
/** What geohash texts are based on. */
const STANDARD_LATITUDE_RANGE: Range = { min: -90, max: 90 };
const EARTH_RADIUS_METERS = 6372797.560856;
const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';
const TEXT_LENGTH = 11;
/** The easternmost longitude has a stripe of its own, so codes go a little beyond 52 bits. */
const HIGHEST_CODE = 2 ** 54 - 1;
const HALF_STEP = MAX_STEP / 2;
const HALF_STEP_VALUES = 1 << HALF_STEP;
const HALF_CODE_VALUES = 1 << MAX_STEP;

export function isOnGrid({ longitude, latitude }: Position): boolean {
  return (
    longitude >= LONGITUDE_RANGE.min &&
    longitude <= LONGITUDE_RANGE.max &&
    latitude >= LATITUDE_RANGE.min &&
    latitude <= LATITUDE_RANGE.max
  );
}

/** The cell of a given step that a position lies in. */
export function cellOf(position: Position, step: number, latitudeRange: Range = LATITUDE_RANGE): Cell {
  return {
    longitudeStripe: stripeOf(position.longitude, LONGITUDE_RANGE, step),
    latitudeStripe: stripeOf(position.latitude, latitudeRange, step),
    step,
  };
}

function stripeOf(degrees: number, { min, max }: Range, step: number): number {
  return Math.floor(((degrees - min) / (max - min)) * 2 ** step);
}

/** The score of a position in a sorted set. */
export function scoreOf(position: Position): number {
  return codeOf(cellOf(position, MAX_STEP));
}

/** The scores of all positions in a cell: from `min`, up to but not including `max`. */
export function scoresOf(cell: Cell): { min: number; max: number } {
  const shift = 2 ** ((MAX_STEP - cell.step) * 2);
  const code = codeOf(cell);
  return { min: code * shift, max: (code + 1) * shift };
}

/** The position that a score stands for: the middle of its cell. */
export function positionOf(score: number): Position {
  const code = Math.trunc(score);
  const area = areaOf(code >= 0 && code <= HIGHEST_CODE ? cellOfCode(code) : cellOfForeignScore(code));
  return {
    longitude: clamp((area.longitude.min + area.longitude.max) / 2, LONGITUDE_RANGE),
    latitude: clamp((area.latitude.min + area.latitude.max) / 2, LATITUDE_RANGE),
  };
}

export function areaOf({ longitudeStripe, latitudeStripe, step }: Cell): CellArea {
  return {
    longitude: stripeRange(longitudeStripe, LONGITUDE_RANGE, step),
    latitude: stripeRange(latitudeStripe, LATITUDE_RANGE, step),
  };
}

function stripeRange(stripe: number, { min, max }: Range, step: number): Range {
  const scale = max - min;
  return { min: min + (stripe / 2 ** step) * scale, max: min + ((stripe + 1) / 2 ** step) * scale };
}

function clamp(value: number, { min, max }: Range): number {
  return Math.min(Math.max(value, min), max);
}

/** The cell next to another; the grid wraps around where one crosses its edge. */
export function neighborOf(cell: Cell, east: -1 | 0 | 1, north: -1 | 0 | 1): Cell {
  return {
    longitudeStripe: nextStripe(cell.longitudeStripe, east, cell.step),
    latitudeStripe: nextStripe(cell.latitudeStripe, north, cell.step),
    step: cell.step,
  };
}

/** The uppermost degree of a range has a stripe of its own, behind the last one; only moving leaves it. */
function nextStripe(stripe: number, direction: -1 | 0 | 1, step: number): number {
  const stripes = 2 ** step;
  return direction === 0 ? stripe : (stripe + direction + stripes) % stripes;
}

/** The geohash of a position as other programs write it, which have latitudes from pole to pole. */
export function geohashText(position: Position): string {
  const code = codeOf(cellOf(position, MAX_STEP, STANDARD_LATITUDE_RANGE));
  let text = '';
  // 52 bits fill ten characters; the eleventh has always been a zero.
  for (let i = 1; i < TEXT_LENGTH; i++) {
    text += ALPHABET[Math.floor(code / 2 ** (2 * MAX_STEP - 5 * i)) % ALPHABET.length];
  }
  return text + ALPHABET[0];
}

/** The distance along the surface, by the haversine formula. */
export function distanceMeters(a: Position, b: Position): number {
  const v = Math.sin((radians(b.longitude) - radians(a.longitude)) / 2);
  if (v === 0) return latitudeDistanceMeters(a.latitude, b.latitude);
  const aLatitude = radians(a.latitude);
  const bLatitude = radians(b.latitude);
  const u = Math.sin((bLatitude - aLatitude) / 2);
  const h = u * u + Math.cos(aLatitude) * Math.cos(bLatitude) * v * v;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(h));
}

/** The distance between two positions of the same longitude. */
export function latitudeDistanceMeters(a: number, b: number): number {
  return EARTH_RADIUS_METERS * Math.abs(radians(b) - radians(a));
}

/** How many degrees of latitude a distance is. */
export function latitudeDegrees(meters: number): number {
  return degrees(meters / EARTH_RADIUS_METERS);
}

/** How many degrees of longitude a distance is at some latitude. */
export function longitudeDegrees(meters: number, latitude: number): number {
  return degrees(meters / EARTH_RADIUS_METERS / Math.cos(radians(latitude)));
}

function radians(angle: number): number {
  return angle * (Math.PI / 180);
}

function degrees(angle: number): number {
  return angle / (Math.PI / 180);
}

/** Interleaves the stripe numbers, longitude first; halves of 13 bits keep it within 32-bit arithmetic. */
function codeOf({ longitudeStripe, latitudeStripe }: Cell): number {
  const high = interleave(longitudeStripe >>> HALF_STEP, latitudeStripe >>> HALF_STEP);
  const low = interleave(longitudeStripe % HALF_STEP_VALUES, latitudeStripe % HALF_STEP_VALUES);
  return high * HALF_CODE_VALUES + low;
}

function cellOfCode(code: number): Cell {
  const high = Math.floor(code / HALF_CODE_VALUES);
  const low = code % HALF_CODE_VALUES;
  return {
    longitudeStripe: (evenBits(high >>> 1) << HALF_STEP) | evenBits(low >>> 1),
    latitudeStripe: (evenBits(high) << HALF_STEP) | evenBits(low),
    step: MAX_STEP,
  };
}

/** The cell of a score that is no position's, as 64 bits of which Redis takes every other one. */
function cellOfForeignScore(score: number): Cell {
  const bits = Number.isFinite(score) ? BigInt.asUintN(64, BigInt(score)) : score > 0 ? 0n : 1n << 63n;
  let [longitudeStripe, latitudeStripe] = [0, 0];
  for (let i = 31n; i >= 0n; i--) {
    longitudeStripe = longitudeStripe * 2 + Number((bits >> (2n * i + 1n)) & 1n);
    latitudeStripe = latitudeStripe * 2 + Number((bits >> (2n * i)) & 1n);
  }
  return { longitudeStripe, latitudeStripe, step: MAX_STEP };
}

function interleave(odd: number, even: number): number {
  return (spread(odd) << 1) | spread(even);
}

/** Puts a zero between the bits of a number below 2^16. */
function spread(value: number): number {
  let bits = value;
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
}

/** Takes every other bit: undoes {@link spread}. */
function evenBits(value: number): number {
  let bits = value & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0x0000ffff;
}
