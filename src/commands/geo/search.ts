/** Finds the members of a sorted set that lie in a circle or a box on the map. */
import type { SortedSetValue } from '../../keyspace/values/sorted-set-value.js';
import {
  areaOf,
  cellOf,
  distanceMeters,
  latitudeDegrees,
  latitudeDistanceMeters,
  longitudeDegrees,
  MAX_STEP,
  neighborOf,
  positionOf,
  scoresOf,
  type Cell,
  type CellArea,
  type Position,
} from './geohash.js';

/** What to search; lengths are in meters. */
export type SearchArea =
  | { readonly kind: 'circle'; readonly center: Position; readonly radius: number }
  | { readonly kind: 'box'; readonly center: Position; readonly width: number; readonly height: number };

export interface FoundMember {
  readonly member: string;
  readonly score: number;
  readonly position: Position;
  /** From the center of the area, in meters. */
  readonly distance: number;
}

/** Half the earth's circumference, as Web Mercator has it. */
const MERCATOR_MAX = 20037726.37;

/** The directions of a cell's neighbors, east and north, in the order in which they are searched. */
const DIRECTIONS: readonly (readonly [east: -1 | 0 | 1, north: -1 | 0 | 1])[] = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];

/** @param limit stop after so many; 0 for all */
export function search(set: SortedSetValue, area: SearchArea, limit: number): FoundMember[] {
  const found: FoundMember[] = [];
  for (const cell of cellsOf(area)) {
    const { min, max } = scoresOf(cell);
    set.walk(set.countBelowScore(min, false), 1, (member, score) => {
      if (score >= max) return false;
      const position = positionOf(score);
      const distance = distanceWithin(area, position);
      if (distance !== null) found.push({ member, score, position, distance });
      return limit === 0 || found.length < limit;
    });
    if (limit !== 0 && found.length >= limit) break;
  }
  return found;
}

/** The distance of a position from the center; null when it lies outside of the area. */
function distanceWithin(area: SearchArea, position: Position): number | null {
  const { center } = area;
  if (area.kind === 'box') {
    if (latitudeDistanceMeters(position.latitude, center.latitude) > area.height / 2) return null;
    const sameLatitude = { longitude: center.longitude, latitude: position.latitude };
    if (distanceMeters(position, sameLatitude) > area.width / 2) return null;
    return distanceMeters(center, position);
  }
  const distance = distanceMeters(center, position);
  return distance > area.radius ? null : distance;
}

/** The cell of the center and those of its neighbors that the area reaches, all together covering it. */
function cellsOf(area: SearchArea): Cell[] {
  const bounds = boundsOf(area);
  let step = stepFor(area);
  let cell = cellOf(area.center, step);
  if (step > 1 && !neighborsCover(cell, bounds)) {
    step--;
    cell = cellOf(area.center, step);
  }
  const own = areaOf(cell);
  const cells: Cell[] = [];
  for (const [east, north] of DIRECTIONS) {
    if (step >= 2 && isOutOfReach(own, bounds, east, north)) continue;
    const candidate = neighborOf(cell, east, north);
    // On a grid of few cells, neighbors in several directions are the same one.
    const isKnown = cells.some(
      (known) =>
        known.longitudeStripe === candidate.longitudeStripe &&
        known.latitudeStripe === candidate.latitudeStripe,
    );
    if (!isKnown) cells.push(candidate);
  }
  return cells;
}

/** A neighbor is of no use when the center's cell itself reaches beyond the area on that side. */
function isOutOfReach(own: CellArea, bounds: CellArea, east: number, north: number): boolean {
  return (
    (north < 0 && own.latitude.min < bounds.latitude.min) ||
    (north > 0 && own.latitude.max > bounds.latitude.max) ||
    (east < 0 && own.longitude.min < bounds.longitude.min) ||
    (east > 0 && own.longitude.max > bounds.longitude.max)
  );
}

function neighborsCover(cell: Cell, { longitude, latitude }: CellArea): boolean {
  return (
    areaOf(neighborOf(cell, 0, 1)).latitude.max >= latitude.max &&
    areaOf(neighborOf(cell, 0, -1)).latitude.min <= latitude.min &&
    areaOf(neighborOf(cell, 1, 0)).longitude.max >= longitude.max &&
    areaOf(neighborOf(cell, -1, 0)).longitude.min <= longitude.min
  );
}

/** The degrees that the area spans; a parallel is shorter the nearer it is to a pole. */
function boundsOf(area: SearchArea): CellArea {
  const { longitude, latitude } = area.center;
  const halfHeight = area.kind === 'circle' ? area.radius : area.height / 2;
  const halfWidth = area.kind === 'circle' ? area.radius : area.width / 2;
  const latitudeDelta = latitudeDegrees(halfHeight);
  const widestLatitude = latitude < 0 ? latitude - latitudeDelta : latitude + latitudeDelta;
  const longitudeDelta = longitudeDegrees(halfWidth, widestLatitude);
  return {
    longitude: { min: longitude - longitudeDelta, max: longitude + longitudeDelta },
    latitude: { min: latitude - latitudeDelta, max: latitude + latitudeDelta },
  };
}

/** The finest step whose cells are large enough that nine of them cover the area, as a first guess. */
function stepFor(area: SearchArea): number {
  const reach = area.kind === 'circle' ? area.radius : Math.hypot(area.width / 2, area.height / 2);
  if (reach === 0) return MAX_STEP;
  let step = 1;
  for (let meters = reach; meters < MERCATOR_MAX; meters *= 2) step++;
  step -= 2;
  const latitude = Math.abs(area.center.latitude);
  if (latitude > 66) step--;
  if (latitude > 80) step--;
  return Math.min(Math.max(step, 1), MAX_STEP);
}
