/** Directives about memory: its limit, eviction, expiry and freeing. */

import type { Directive, DirectiveTable } from '../directive.js';
import { refused } from '../directive.js';
import { INT_MAX, SAFE_MAX, choice, integer, memory, yesNo } from '../value-types.js';

const none = { effect: 'none' } as const;

/** Moving values about to defragment memory is jemalloc's business; Redis without it refuses as well. */
function activeDefragmentation(): Directive<boolean> {
  const directive = yesNo(false, none);
  return {
    ...directive,
    type: {
      ...directive.type,
      parse: (words, context) => {
        const parsed = directive.type.parse(words, context);
        return 'value' in parsed && parsed.value
          ? refused(
              'Active defragmentation cannot be enabled: this server does not manage memory by jemalloc',
            )
          : parsed;
      },
    },
  };
}

export const memoryDirectives = {
  maxmemory: memory({ default: 0, min: 0, max: SAFE_MAX }),
  'maxmemory-policy': choice(
    [
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'noeviction',
    ],
    'noeviction',
  ),
  'maxmemory-samples': integer({ default: 5, min: 1, max: INT_MAX }),
  'maxmemory-eviction-tenacity': integer({ default: 10, min: 0, max: 100 }),
  'lfu-log-factor': integer({ default: 10, min: 0, max: INT_MAX }),
  'lfu-decay-time': integer({ default: 1, min: 0, max: INT_MAX }),
  'active-expire-effort': integer({ default: 1, min: 1, max: 10 }),
  'lazyfree-lazy-eviction': yesNo(false),
  /** These two decide between DEL and UNLINK in what is propagated. */
  'lazyfree-lazy-expire': yesNo(false),
  'lazyfree-lazy-server-del': yesNo(false),
  'lazyfree-lazy-user-del': yesNo(false),
  'lazyfree-lazy-user-flush': yesNo(false, none),
  activerehashing: yesNo(true, none),
  activedefrag: activeDefragmentation(),
  'active-defrag-cycle-min': integer({ default: 1, min: 1, max: 99, ...none }),
  'active-defrag-cycle-max': integer({ default: 25, min: 1, max: 99, ...none }),
  'active-defrag-threshold-lower': integer({ default: 10, min: 0, max: 1000, ...none }),
  'active-defrag-threshold-upper': integer({ default: 100, min: 0, max: 1000, ...none }),
  'active-defrag-max-scan-fields': integer({ default: 1000, min: 1, max: SAFE_MAX, ...none }),
  'active-defrag-ignore-bytes': memory({ default: 100 * 1024 * 1024, min: 1, max: SAFE_MAX, ...none }),
} satisfies DirectiveTable;
