/** Random commands on positions. */
import fc, { type Arbitrary } from 'fast-check';
import {
  key,
  count,
  member,
  command,
  row,
  maybe,
  several,
  options,
  type RandomCommand,
} from './arguments.js';

const longitude = fc.oneof(
  fc.integer({ min: -1800, max: 1800 }).map((n) => String(n / 10)),
  fc.constantFrom('180', '-180', '181', 'x'),
);
const latitude = fc.oneof(
  fc.integer({ min: -850, max: 850 }).map((n) => String(n / 10)),
  fc.constantFrom('85.05112878', '86', 'x'),
);
const lengthUnit = fc.constantFrom('m', 'KM', 'ft', 'mi', 'x');
const radius = fc.oneof(fc.integer({ min: 0, max: 20000 }).map(String), fc.constantFrom('-1', 'x', '0'));
const shown = ['withcoord', 'withdist', 'withhash', 'asc', 'desc', row('count', count, maybe('any'))];
const area = fc.oneof(row('byradius', radius, lengthUnit), row('bybox', radius, radius, lengthUnit));
const from = fc.oneof(row('frommember', member), row('fromlonlat', longitude, latitude));

/** Not STOREDIST: another library's sine makes another last digit, which only the score of a member shows. */
export const geo: Arbitrary<RandomCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: command('geoadd', key, options('nx', 'xx', 'ch'), several(row(longitude, latitude, member))),
  },
  command('geopos', key, several(member)),
  command('geohash', key, several(member)),
  command('geodist', key, member, member, maybe(lengthUnit)),
  command('geosearch', key, from, area, options(...shown)),
  command('geosearchstore', key, key, from, area, options('asc', row('count', count))),
  command('georadius', key, longitude, latitude, radius, lengthUnit, options(...shown, row('store', key))),
  command('georadiusbymember', key, member, radius, lengthUnit, options(...shown, row('store', key))),
  command('georadius_ro', key, longitude, latitude, radius, lengthUnit, options(...shown)),
  command('zrange', key, '0', '-1', 'withscores'),
);
