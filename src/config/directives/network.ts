/** Directives about listening, connections and their limits. */

import type { DirectiveTable } from '../directive.js';
import { bindAddresses, outputBufferLimits } from '../special-types.js';
import {
  INT_MAX,
  SAFE_MAX,
  UINT_MAX,
  integer,
  memory,
  memoryOrPercent,
  octal,
  optionalText,
  yesNo,
} from '../value-types.js';

const MIB = 1024 * 1024;

export const networkDirectives = {
  bind: bindAddresses(['*', '-::*']),
  'bind-source-addr': optionalText(),
  port: integer({ default: 6379, min: 0, max: 65535 }),
  'protected-mode': yesNo(true),
  'tcp-backlog': integer({ default: 511, min: 0, max: INT_MAX, immutable: true }),
  'tcp-keepalive': integer({ default: 300, min: 0, max: INT_MAX }),
  timeout: integer({ default: 0, min: 0, max: INT_MAX }),
  unixsocket: optionalText({ immutable: true }),
  unixsocketperm: octal({ default: 0, min: 0, max: 0o777, immutable: true }),
  'socket-mark-id': integer({ default: 0, min: 0, max: UINT_MAX, immutable: true, effect: 'none' }),
  'io-threads': integer({ default: 1, min: 1, max: 128, immutable: true, effect: 'none' }),
  'io-threads-do-reads': yesNo(false, { immutable: true, effect: 'none' }),

  maxclients: integer({ default: 10000, min: 1, max: UINT_MAX }),
  'maxmemory-clients': memoryOrPercent(0),
  'client-output-buffer-limit': outputBufferLimits({
    normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    replica: { hardBytes: 256 * MIB, softBytes: 64 * MIB, softSeconds: 60 },
    pubsub: { hardBytes: 32 * MIB, softBytes: 8 * MIB, softSeconds: 60 },
  }),
  'client-query-buffer-limit': memory({ default: 1024 * MIB, min: MIB, max: SAFE_MAX }),
  'proto-max-bulk-len': memory({ default: 512 * MIB, min: MIB, max: SAFE_MAX }),
  'tracking-table-max-keys': integer({ default: 1000000, min: 0, max: SAFE_MAX }),
} satisfies DirectiveTable;
