/** GEOSEARCH, GEOSEARCHSTORE, and GEORADIUS and GEORADIUSBYMEMBER, which they have replaced. */
import { SortedSetValue } from '../../keyspace/values/sorted-set-value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { doubleArgument, integerArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';
import { notify, readCollection } from '../lookups.js';
import { positionArguments, unitArgument } from './arguments.js';
import { positionOf, type Position } from './geohash.js';
import { writeDistance, writePosition } from './positions.js';
import { search, type FoundMember, type SearchArea } from './search.js';

/** What tells the commands apart. */
export interface SearchForm {
  /** Where the center and radius are: in fixed arguments, or in options. */
  readonly center: 'position' | 'member' | 'options';
  /** Where the result may go: nowhere, to the key of an option, or to the one of the first argument. */
  readonly store: 'never' | 'option' | 'always';
}

/** The shape of the area, its lengths in the client's unit. */
type Shape =
  | { readonly kind: 'circle'; readonly radius: number }
  | { readonly kind: 'box'; readonly width: number; readonly height: number };

interface SearchRequest {
  center: Position | null;
  /** FROMMEMBER or FROMLONLAT was given; the center is still unknown when there is no key to take it from. */
  centerGiven: 'member' | 'position' | null;
  shape: Shape | null;
  unitMeters: number;
  withDistance: boolean;
  withHash: boolean;
  withPosition: boolean;
  order: 'none' | 'ascending' | 'descending';
  /** 0 for all. */
  count: number;
  /** Any members will do, not only the nearest. */
  any: boolean;
  storeKey: string | null;
  storeDistance: boolean;
}

export function searchWith(form: SearchForm): (client: Client, args: string[]) => void {
  return (client, args) => {
    const set = readCollection(client, args[form.store === 'always' ? 2 : 1], 'zset');
    if (set === null) return;
    const request = searchRequest(client, args, form, set);
    if (request === null || !isConsistent(client, args, form, request)) return;
    const found = set === undefined ? [] : run(set, request);
    if (request.storeKey === null) writeFound(client, found, request);
    else storeFound(client, request.storeKey, found, request, form);
  };
}

function run(set: SortedSetValue, request: SearchRequest): FoundMember[] {
  const { center, shape, count, any, unitMeters } = request;
  if (center === null || shape === null) return [];
  const area: SearchArea =
    shape.kind === 'circle'
      ? { kind: 'circle', center, radius: shape.radius * unitMeters }
      : { kind: 'box', center, width: shape.width * unitMeters, height: shape.height * unitMeters };
  const found = search(set, area, any ? count : 0);
  // The nearest are asked for unless any will do.
  const ascending = request.order === 'ascending' || (request.order === 'none' && count > 0 && !any);
  if (ascending) found.sort((a, b) => a.distance - b.distance);
  else if (request.order === 'descending') found.sort((a, b) => b.distance - a.distance);
  return count > 0 ? found.slice(0, count) : found;
}

function writeFound(client: Client, found: readonly FoundMember[], request: SearchRequest): void {
  const { reply } = client;
  const { withDistance, withHash, withPosition, unitMeters } = request;
  const extras = Number(withDistance) + Number(withHash) + Number(withPosition);
  reply.arrayHeader(found.length);
  for (const { member, score, position, distance } of found) {
    if (extras > 0) reply.arrayHeader(1 + extras);
    reply.bulk(member);
    if (withDistance) writeDistance(client, distance / unitMeters);
    if (withHash) reply.integer(score);
    if (withPosition) writePosition(client, position);
  }
}

function storeFound(
  client: Client,
  key: string,
  found: readonly FoundMember[],
  { storeDistance, unitMeters }: SearchRequest,
  form: SearchForm,
): void {
  const { database, server } = client;
  if (found.length > 0) {
    const longest = Math.max(...found.map(({ member }) => member.length));
    const result = SortedSetValue.expecting(found.length, longest, server.keyspace.limits);
    for (const { member, score, distance } of found) {
      result.set(member, storeDistance ? distance / unitMeters : score);
    }
    database.set(key, result);
    database.modified(key, found.length);
    const event = form.center === 'options' ? 'geosearchstore' : 'georadiusstore';
    notify(client, EventClass.SortedSet, event, key);
  } else if (database.delete(key)) {
    database.modified(key);
    notify(client, EventClass.Generic, 'del', key);
  }
  client.reply.integer(found.length);
}

function searchRequest(
  client: Client,
  args: readonly string[],
  form: SearchForm,
  set: SortedSetValue | undefined,
): SearchRequest | null {
  const request: SearchRequest = {
    center: null,
    centerGiven: null,
    shape: null,
    unitMeters: 1,
    withDistance: false,
    withHash: false,
    withPosition: false,
    order: 'none',
    count: 0,
    any: false,
    storeKey: form.store === 'always' ? args[1] : null,
    storeDistance: false,
  };
  let next = form.store === 'always' ? 3 : 2;
  if (form.center === 'position') {
    request.center = positionArguments(client, args, 2);
    if (request.center === null || !readRadius(client, args, 4, request)) return null;
    next = 6;
  } else if (form.center === 'member') {
    // Without a key there is no center, but the options still decide on the form of the reply.
    if (
      set !== undefined &&
      !(readMember(client, args[2], set, request) && readRadius(client, args, 3, request))
    ) {
      return null;
    }
    next = 5;
  }
  while (next < args.length) {
    const used = readOption(client, args, next, form, set, request);
    if (used === null) return null;
    if (used === 0) {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
    next += used;
  }
  return request;
}

/** How many arguments the option at `index` takes; 0 when it is none, null after an error. */
function readOption(
  client: Client,
  args: readonly string[],
  index: number,
  form: SearchForm,
  set: SortedSetValue | undefined,
  request: SearchRequest,
): number | null {
  const word = args[index];
  const left = args.length - 1 - index;
  if (readFlag(word, form, request)) return 1;
  if (isWord(word, 'count') && left >= 1) {
    request.count = integerArgument(client, args[index + 1]);
    if (request.count <= 0) client.reply.error('ERR COUNT must be > 0');
    return request.count > 0 ? 2 : null;
  }
  if (form.store === 'option' && left >= 1 && (isWord(word, 'store') || isWord(word, 'storedist'))) {
    request.storeKey = args[index + 1];
    request.storeDistance = isWord(word, 'storedist');
    return 2;
  }
  return form.center === 'options' ? readAreaOption(client, args, index, set, request) : 0;
}

function readFlag(word: string, form: SearchForm, request: SearchRequest): boolean {
  if (isWord(word, 'withdist')) request.withDistance = true;
  else if (isWord(word, 'withhash')) request.withHash = true;
  else if (isWord(word, 'withcoord')) request.withPosition = true;
  else if (isWord(word, 'any')) request.any = true;
  else if (isWord(word, 'asc')) request.order = 'ascending';
  else if (isWord(word, 'desc')) request.order = 'descending';
  else if (isWord(word, 'storedist') && form.store === 'always') request.storeDistance = true;
  else return false;
  return true;
}

/** FROMMEMBER, FROMLONLAT, BYRADIUS and BYBOX; as {@link readOption}. */
function readAreaOption(
  client: Client,
  args: readonly string[],
  index: number,
  set: SortedSetValue | undefined,
  request: SearchRequest,
): number | null {
  const word = args[index];
  const left = args.length - 1 - index;
  if (isWord(word, 'frommember') && left >= 1 && request.centerGiven !== 'position') {
    request.centerGiven = 'member';
    return set === undefined || readMember(client, args[index + 1], set, request) ? 2 : null;
  }
  if (isWord(word, 'fromlonlat') && left >= 2 && request.centerGiven !== 'member') {
    request.centerGiven = 'position';
    request.center = positionArguments(client, args, index + 1);
    return request.center === null ? null : 3;
  }
  if (isWord(word, 'byradius') && left >= 2 && request.shape?.kind !== 'box') {
    return readRadius(client, args, index + 1, request) ? 3 : null;
  }
  if (isWord(word, 'bybox') && left >= 3 && request.shape?.kind !== 'circle') {
    return readBox(client, args, index + 1, request) ? 4 : null;
  }
  return 0;
}

function readMember(client: Client, member: string, set: SortedSetValue, request: SearchRequest): boolean {
  const score = set.score(member);
  if (score !== undefined) request.center = positionOf(score);
  else client.reply.error('ERR could not decode requested zset member');
  return score !== undefined;
}

function readRadius(client: Client, args: readonly string[], index: number, request: SearchRequest): boolean {
  const radius = doubleArgument(client, args[index], 'ERR need numeric radius');
  if (Number.isNaN(radius)) return false;
  if (radius < 0) {
    client.reply.error('ERR radius cannot be negative');
    return false;
  }
  request.shape = { kind: 'circle', radius };
  request.unitMeters = unitArgument(client, args[index + 1]);
  return !Number.isNaN(request.unitMeters);
}

function readBox(client: Client, args: readonly string[], index: number, request: SearchRequest): boolean {
  const width = doubleArgument(client, args[index], 'ERR need numeric width');
  if (Number.isNaN(width)) return false;
  const height = doubleArgument(client, args[index + 1], 'ERR need numeric height');
  if (Number.isNaN(height)) return false;
  if (width < 0 || height < 0) {
    client.reply.error('ERR height or width cannot be negative');
    return false;
  }
  request.shape = { kind: 'box', width, height };
  request.unitMeters = unitArgument(client, args[index + 2]);
  return !Number.isNaN(request.unitMeters);
}

function isConsistent(
  client: Client,
  args: readonly string[],
  form: SearchForm,
  request: SearchRequest,
): boolean {
  const { reply } = client;
  const showsExtras = request.withDistance || request.withHash || request.withPosition;
  const takesOptions = form.center === 'options';
  if (request.storeKey !== null && showsExtras) {
    const what = form.store === 'always' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS';
    reply.error(`ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
  } else if (takesOptions && request.centerGiven === null) {
    reply.error(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${args[0]}`);
  } else if (takesOptions && request.shape === null) {
    reply.error(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${args[0]}`);
  } else if (request.any && request.count === 0) {
    reply.error('ERR the ANY argument requires COUNT argument');
  } else {
    return true;
  }
  return false;
}
