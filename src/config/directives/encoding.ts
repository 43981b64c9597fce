/** Directives about how values are encoded, and which notifications their changes send. */

import type { DirectiveTable } from '../directive.js';
import { keyspaceEvents } from '../keyspace-events.js';
import { INT_MAX, INT_MIN, SAFE_MAX, integer, memory } from '../value-types.js';

const entries = (entriesByDefault: number, alias?: string): ReturnType<typeof integer> =>
  integer({ default: entriesByDefault, min: 0, max: SAFE_MAX, alias });

const bytes = (bytesByDefault: number, alias?: string): ReturnType<typeof memory> =>
  memory({ default: bytesByDefault, min: 0, max: SAFE_MAX, alias });

export const encodingDirectives = {
  'hash-max-listpack-entries': entries(512, 'hash-max-ziplist-entries'),
  'hash-max-listpack-value': bytes(64, 'hash-max-ziplist-value'),
  'list-max-listpack-size': integer({
    default: -2,
    min: INT_MIN,
    max: INT_MAX,
    alias: 'list-max-ziplist-size',
  }),
  'list-compress-depth': integer({ default: 0, min: 0, max: INT_MAX, effect: 'none' }),
  'set-max-intset-entries': entries(512),
  'set-max-listpack-entries': entries(128),
  'set-max-listpack-value': entries(64),
  'zset-max-listpack-entries': entries(128, 'zset-max-ziplist-entries'),
  'zset-max-listpack-value': bytes(64, 'zset-max-ziplist-value'),
  'hll-sparse-max-bytes': bytes(3000),
  'stream-node-max-bytes': bytes(4096),
  'stream-node-max-entries': entries(100),
  'notify-keyspace-events': keyspaceEvents(),
} satisfies DirectiveTable;
