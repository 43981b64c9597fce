/** Directives about the process itself: how it starts, where it runs, how it ends. */

import type { DirectiveTable } from '../directive.js';
import { oomScores, shutdownOptions, workingDirectory } from '../special-types.js';
import { INT_MAX, SAFE_MAX, choice, integer, optionalText, text, yesNo } from '../value-types.js';
import { checkTitleTemplate } from '../title-template.js';

const noneAtStart = { immutable: true, effect: 'none' } as const;

export const processDirectives = {
  daemonize: yesNo(false, { immutable: true }),
  supervised: choice(['upstart', 'systemd', 'auto', 'no'], 'no', { immutable: true, effect: 'pending' }),
  pidfile: optionalText({ immutable: true }),
  dir: workingDirectory({ protected: true, deniedWhileLoading: true }),
  databases: integer({ default: 16, min: 1, max: INT_MAX, immutable: true }),
  hz: integer({ default: 10, min: 0, max: INT_MAX, clamp: { min: 1, max: 500 } }),
  'dynamic-hz': yesNo(true, { effect: 'none' }),
  'set-proc-title': yesNo(true, { immutable: true }),
  'proc-title-template': text({
    default: '{title} {listen-addr} {server-mode}',
    check: checkTitleTemplate,
  }),
  'locale-collate': text({ effect: 'none' }),
  'shutdown-timeout': integer({ default: 10, min: 0, max: INT_MAX }),
  'shutdown-on-sigint': shutdownOptions(),
  'shutdown-on-sigterm': shutdownOptions(),
  'busy-reply-threshold': integer({
    default: 5000,
    min: 0,
    max: SAFE_MAX,
    alias: 'lua-time-limit',
  }),
  'ignore-warnings': text({ effect: 'none' }),
  'crash-log-enabled': yesNo(true, { effect: 'none' }),
  'crash-memcheck-enabled': yesNo(true, { effect: 'none' }),
  'use-exit-on-panic': yesNo(false, { hidden: true, effect: 'none' }),
  'watchdog-period': integer({ default: 0, min: 0, max: INT_MAX, hidden: true, effect: 'none' }),
  'disable-thp': yesNo(true, { immutable: true, effect: 'none' }),
  'jemalloc-bg-thread': yesNo(true, { effect: 'none' }),
  'oom-score-adj': choice(['no', 'yes', 'absolute'], 'no', { synonyms: { relative: 'yes' } }),
  'oom-score-adj-values': oomScores([0, 200, 800]),
  server_cpulist: optionalText(noneAtStart),
  bio_cpulist: optionalText(noneAtStart),
  aof_rewrite_cpulist: optionalText(noneAtStart),
  bgsave_cpulist: optionalText(noneAtStart),
} satisfies DirectiveTable;
