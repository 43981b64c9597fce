/** Directives about snapshots, the append-only file and loading. */

import type { DirectiveTable } from '../directive.js';
import { savePoints } from '../special-types.js';
import { INT_MAX, INT_MIN, SAFE_MAX, choice, integer, memory, text, yesNo } from '../value-types.js';

/** A check that refuses names with a directory in them, which would escape `dir`. */
function baseNameOnly(name: string, noun: string, emptyAllowed: boolean): (value: string) => string | null {
  return (value) => {
    if (value === '' && !emptyAllowed) return `${name} can't be empty`;
    return value.includes('/') || value.includes('\\') ? `${name} can't be a path, just a ${noun}` : null;
  };
}

export const persistenceDirectives = {
  save: savePoints([
    { seconds: 3600, changes: 1 },
    { seconds: 300, changes: 100 },
    { seconds: 60, changes: 10000 },
  ]),
  dbfilename: text({
    default: 'dump.rdb',
    check: baseNameOnly('dbfilename', 'filename', true),
    protected: true,
  }),
  rdbcompression: yesNo(true),
  rdbchecksum: yesNo(true, { immutable: true }),
  // Not Redis's own: 10 is what a 7.0 replica loads, 11 what 7.2 writes.
  'rdb-version': integer({ default: 10, min: 10, max: 11, hidden: true }),
  'rdb-del-sync-files': yesNo(false),
  'rdb-save-incremental-fsync': yesNo(true),
  'stop-writes-on-bgsave-error': yesNo(true),
  'sanitize-dump-payload': choice(['no', 'yes', 'clients'], 'no'),
  'rdb-key-save-delay': integer({ default: 0, min: INT_MIN, max: INT_MAX, hidden: true }),
  'key-load-delay': integer({ default: 0, min: INT_MIN, max: INT_MAX, hidden: true }),
  'loading-process-events-interval-bytes': integer({
    default: 2 * 1024 * 1024,
    min: 1024,
    max: INT_MAX,
    hidden: true,
  }),

  appendonly: yesNo(false, { deniedWhileLoading: true }),
  appendfilename: text({
    default: 'appendonly.aof',
    check: baseNameOnly('appendfilename', 'filename', false),
    immutable: true,
  }),
  appenddirname: text({
    default: 'appendonlydir',
    check: baseNameOnly('appenddirname', 'dirname', false),
    immutable: true,
  }),
  appendfsync: choice(['everysec', 'always', 'no'], 'everysec'),
  'no-appendfsync-on-rewrite': yesNo(false),
  'auto-aof-rewrite-percentage': integer({ default: 100, min: 0, max: INT_MAX }),
  'auto-aof-rewrite-min-size': memory({ default: 64 * 1024 * 1024, min: 0, max: SAFE_MAX }),
  'aof-load-truncated': yesNo(true),
  'aof-use-rdb-preamble': yesNo(true),
  'aof-timestamp-enabled': yesNo(false),
  'aof-rewrite-incremental-fsync': yesNo(true),
  'aof-disable-auto-gc': yesNo(false, { hidden: true }),
} satisfies DirectiveTable;
