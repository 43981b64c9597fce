/**
 * The `sentinel ...` lines for a configuration. Values that would not read back as one word are quoted.
 */
import type { RewriteLine } from '../config/directive.js';
import type { OptionLines } from '../config/rewriter.js';
import { quoteBytes } from '../resp/ascii.js';
import {
  DEFAULT_PARALLEL_SYNCS,
  defaultOptions,
  MASTER_LINE_NAMES,
  type MasterConfiguration,
  type SentinelConfiguration,
} from './configuration.js';
import { defaultPeriods } from './periods.js';

/**
 * The lines to write for `configuration`. The option of a master's lines ends in the master's name
 * (config-writer.ts assigns the lines of a file in the same way).
 * @param formerMasters names of masters that are no longer monitored: their lines are taken out
 */
export function configurationLines(
  configuration: SentinelConfiguration,
  formerMasters: Iterable<string>,
): OptionLines[] {
  return [
    ...globalLines(configuration),
    ...configuration.masters.flatMap(masterLines),
    ...[...formerMasters].flatMap((name) =>
      MASTER_LINE_NAMES.map((option) => ({ option: `sentinel ${option} ${name}`, lines: [] })),
    ),
  ];
}

function globalLines({ myId, currentEpoch, options }: SentinelConfiguration): OptionLines[] {
  const defaults = defaultOptions();
  const line = (name: string, value: string | number | bigint, force: boolean): OptionLines => ({
    option: `sentinel ${name}`,
    lines: [{ text: `sentinel ${name} ${word(value)}`, force }],
  });
  const ifSet = (name: string, value: string | number): OptionLines =>
    value === '' || value === 0 ? { option: `sentinel ${name}`, lines: [] } : line(name, value, true);
  const flag = (name: string, value: boolean, byDefault: boolean): OptionLines =>
    line(name, value ? 'yes' : 'no', value !== byDefault);
  return [
    line('myid', myId ?? '', myId !== null),
    flag('deny-scripts-reconfig', options.denyScriptsReconfig, defaults.denyScriptsReconfig),
    flag('resolve-hostnames', options.resolveHostnames, defaults.resolveHostnames),
    flag('announce-hostnames', options.announceHostnames, defaults.announceHostnames),
    line('current-epoch', currentEpoch, true),
    ifSet('announce-ip', options.announceIp),
    ifSet('announce-port', options.announcePort),
    ifSet('sentinel-user', options.sentinelUser),
    ifSet('sentinel-pass', options.sentinelPass),
  ];
}

function masterLines(master: MasterConfiguration): OptionLines[] {
  const { name, settings } = master;
  // A restart knows the built-in defaults only, whatever SENTINEL DEBUG has made of them.
  const periods = defaultPeriods();
  const lines = (
    option: string,
    values: readonly (readonly (string | number | bigint)[])[],
  ): OptionLines => ({
    option: `sentinel ${option} ${name}`,
    lines: values.map((words): RewriteLine => ({
      text: ['sentinel', option, word(name), ...words.map(word)].join(' '),
      force: true,
    })),
  });
  const unless = (isDefault: boolean, option: string, value: string | number): OptionLines =>
    lines(option, isDefault ? [] : [[value]]);
  return [
    lines('monitor', [[master.host, master.port, settings.quorum]]),
    unless(
      settings.downAfterMs === periods.defaultDownAfterMs,
      'down-after-milliseconds',
      settings.downAfterMs,
    ),
    unless(
      settings.failoverTimeoutMs === periods.defaultFailoverTimeoutMs,
      'failover-timeout',
      settings.failoverTimeoutMs,
    ),
    unless(settings.parallelSyncs === DEFAULT_PARALLEL_SYNCS, 'parallel-syncs', settings.parallelSyncs),
    unless(settings.notificationScript === '', 'notification-script', settings.notificationScript),
    unless(settings.clientReconfigScript === '', 'client-reconfig-script', settings.clientReconfigScript),
    unless(settings.rebootDownAfterMs === 0, 'master-reboot-down-after-period', settings.rebootDownAfterMs),
    unless(settings.authPass === '', 'auth-pass', settings.authPass),
    unless(settings.authUser === '', 'auth-user', settings.authUser),
    lines('config-epoch', [[master.configEpoch]]),
    lines('leader-epoch', [[master.leaderEpoch]]),
    lines(
      'known-replica',
      master.replicas.map(({ host, port }) => [host, port]),
    ),
    lines(
      'known-sentinel',
      master.sentinels.map(({ host, port, runId }) => [host, port, runId]),
    ),
    lines('rename-command', [...settings.renamedCommands]),
  ];
}

/** A value as one word of a line. */
function word(value: string | number | bigint): string {
  const text = String(value);
  return /^[!#-&(-~]+$/.test(text) ? text : quoteBytes(text);
}
