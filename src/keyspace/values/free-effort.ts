/** What it would take to free a value piece by piece, in Redis's pieces: what is above a threshold, it frees lazily. */
import type { Value } from './value.js';

/** Redis frees in the background what has more pieces than this. */
export const LAZY_FREE_EFFORT = 64;

const LIST_NODE_ELEMENTS = 128;

export function freeEffort(value: Value): number {
  if (typeof value !== 'object' || Buffer.isBuffer(value)) return 1;
  switch (value.type) {
    case 'list':
      return Math.ceil(value.length / LIST_NODE_ELEMENTS);
    case 'set':
    case 'hash':
      return value.encoding === 'hashtable' ? value.size : 1;
    case 'zset':
      return value.encoding === 'skiplist' ? value.size : 1;
    case 'stream':
      return value.nodeCount + value.groups.reduce((sum, { pending }) => sum + 1 + pending.size, 0);
  }
}
