/** Directives about the log, the slow log and latency measurements. */

import type { DirectiveTable } from '../directive.js';
import { percentiles } from '../special-types.js';
import { SAFE_MAX, choice, integer, text, yesNo } from '../value-types.js';

export const loggingDirectives = {
  loglevel: choice(['debug', 'verbose', 'notice', 'warning', 'nothing'], 'notice'),
  logfile: text({ immutable: true }),
  /** Ours: `redis` for Redis's lines, `json` for one JSON object per line. */
  'log-format': choice(['redis', 'json'], 'redis', { immutable: true, hidden: true }),
  'always-show-logo': yesNo(false, { immutable: true }),
  'syslog-enabled': yesNo(false, { immutable: true, effect: 'none' }),
  'syslog-ident': text({ default: 'redis', immutable: true, effect: 'none' }),
  'syslog-facility': choice(
    ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
    'local0',
    { immutable: true, effect: 'none' },
  ),
  'slowlog-log-slower-than': integer({ default: 10000, min: -1, max: SAFE_MAX }),
  'slowlog-max-len': integer({ default: 128, min: 0, max: SAFE_MAX }),
  'latency-monitor-threshold': integer({ default: 0, min: 0, max: SAFE_MAX }),
  'latency-tracking': yesNo(true),
  'latency-tracking-info-percentiles': percentiles([50, 99, 99.9]),
} satisfies DirectiveTable;
