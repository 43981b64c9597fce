/** Directives about replication, on both sides of the link. */

import type { DirectiveTable } from '../directive.js';
import { masterAddress } from '../special-types.js';
import { INT_MAX, SAFE_MAX, choice, integer, memory, optionalText, yesNo } from '../value-types.js';

export const replicationDirectives = {
  replicaof: masterAddress({ alias: 'slaveof', immutable: true }),
  masterauth: optionalText({ sensitive: true }),
  masteruser: optionalText({ sensitive: true }),
  'replica-serve-stale-data': yesNo(true, { alias: 'slave-serve-stale-data' }),
  'replica-read-only': yesNo(true, { alias: 'slave-read-only' }),
  'replica-priority': integer({ default: 100, min: 0, max: INT_MAX, alias: 'slave-priority' }),
  'replica-announce-ip': optionalText({ alias: 'slave-announce-ip' }),
  'replica-announce-port': integer({ default: 0, min: 0, max: 65535, alias: 'slave-announce-port' }),
  'replica-announced': yesNo(true),
  'replica-ignore-maxmemory': yesNo(true, { alias: 'slave-ignore-maxmemory' }),
  'replica-lazy-flush': yesNo(false, { alias: 'slave-lazy-flush', effect: 'none' }),
  'replica-ignore-disk-write-errors': yesNo(false),
  'propagation-error-behavior': choice(['ignore', 'panic', 'panic-on-replicas'], 'ignore'),
  'min-replicas-to-write': integer({ default: 0, min: 0, max: INT_MAX, alias: 'min-slaves-to-write' }),
  'min-replicas-max-lag': integer({ default: 10, min: 0, max: INT_MAX, alias: 'min-slaves-max-lag' }),
  'repl-timeout': integer({ default: 60, min: 1, max: INT_MAX }),
  'repl-ping-replica-period': integer({ default: 10, min: 1, max: INT_MAX, alias: 'repl-ping-slave-period' }),
  'repl-backlog-size': memory({
    default: 1024 * 1024,
    min: 1,
    max: SAFE_MAX,
    clamp: { min: 16 * 1024, max: SAFE_MAX },
  }),
  'repl-backlog-ttl': integer({ default: 3600, min: 0, max: SAFE_MAX }),
  'repl-disable-tcp-nodelay': yesNo(false),
  'repl-diskless-sync': yesNo(true),
  'repl-diskless-sync-delay': integer({ default: 5, min: 0, max: INT_MAX }),
  'repl-diskless-sync-max-replicas': integer({ default: 0, min: 0, max: INT_MAX }),
  'repl-diskless-load': choice(['disabled', 'on-empty-db', 'swapdb'], 'disabled', {
    deniedWhileLoading: true,
  }),
} satisfies DirectiveTable;
