/** Subcommands that change which masters are monitored and how. */
import { isWord, textFromBytes, toLowerAscii } from '../../resp/ascii.js';
import { parseSafeInteger } from '../../resp/numbers.js';
import type { Client } from '../../server/client.js';
import { addressOf, type InstanceAddress } from '../address.js';
import { defaultMasterSettings, type MasterSettings } from '../configuration.js';
import type { MonitoredMaster } from '../master.js';
import type { Sentinel } from '../sentinel.js';
import {
  answerWhenReady,
  okWhenSaved,
  SAVE_FAILED,
  subcommand,
  withMaster,
  type SubcommandGroup,
} from './subcommand.js';

export const monitoringSubcommands: SubcommandGroup = (sentinel) => [
  subcommand('monitor', 6, 'Begins to monitor a master.', (client, args) => monitor(client, sentinel, args)),
  subcommand(
    'remove',
    3,
    'Stops monitoring a master.',
    withMaster(sentinel, (client, master) => {
      sentinel.remove(master);
      okWhenSaved(client, sentinel);
    }),
  ),
  subcommand('reset', 3, 'Forgets replicas, sentinels and state of matching masters.', ({ reply }, args) =>
    reply.integer(sentinel.reset(args[2])),
  ),
  subcommand(
    'set',
    -5,
    'Changes the settings of a master.',
    withMaster(sentinel, (client, master, args) => setOptions(client, sentinel, master, args.slice(3))),
  ),
];

function monitor(client: Client, sentinel: Sentinel, args: string[]): void {
  const [, , name, host, portText, quorumText] = args;
  const quorum = parseSafeInteger(quorumText);
  const port = parseSafeInteger(portText);
  const problem = Number.isNaN(quorum)
    ? 'ERR Invalid quorum'
    : Number.isNaN(port)
      ? 'ERR Invalid port'
      : quorum <= 0
        ? 'ERR Quorum must be 1 or greater.'
        : null;
  if (problem !== null) {
    client.reply.error(problem);
    return;
  }
  answerWhenReady<string | null>(
    client,
    (ready) => {
      sentinel.resolver.resolve(addressOf(host, port), (address) => {
        const refusal = refusalToMonitor(sentinel, name, address);
        if (refusal !== null || address === null) {
          ready(refusal);
          return;
        }
        sentinel.monitor(name, address, defaultMasterSettings(quorum, sentinel.periods));
        sentinel.store.save((saved) => ready(saved ? null : SAVE_FAILED));
      });
    },
    (error) => {
      if (error === null) client.reply.ok();
      else client.reply.error(error);
    },
  );
}

function refusalToMonitor(sentinel: Sentinel, name: string, address: InstanceAddress | null): string | null {
  if (address === null) return 'ERR Invalid IP address or hostname specified';
  if (address.port < 0 || address.port > 65535) return 'ERR Invalid port number.';
  return sentinel.masters.has(name) ? 'ERR Duplicate master name.' : null;
}

/** One option of SENTINEL SET: how many values it takes, and what it does with them. */
interface SetOption {
  readonly name: string;
  readonly valueCount: number;
  /** Applies the values; returns an error, `invalid` for a value that is none, or null. */
  readonly apply: (
    master: MonitoredMaster,
    values: readonly string[],
    sentinel: Sentinel,
  ) => SetProblem | null;
  /** Shown in place of the value. */
  readonly mask?: string;
}

type SetProblem = { readonly invalid: string } | { readonly error: string };

const SCRIPTS_DENIED =
  'ERR Reconfiguration of scripts path is denied for security reasons. Check the deny-scripts-reconfig configuration directive in your Sentinel configuration';

type NumberSetting = 'downAfterMs' | 'failoverTimeoutMs' | 'parallelSyncs' | 'quorum' | 'rebootDownAfterMs';

function numberOption(name: string, key: NumberSetting, least: number): SetOption {
  return {
    name,
    valueCount: 1,
    apply: ({ settings }, [value]) => {
      const number = parseSafeInteger(value);
      if (Number.isNaN(number) || number < least) return { invalid: value };
      settings[key] = number;
      return null;
    },
  };
}

function scriptOption(
  name: string,
  key: 'notificationScript' | 'clientReconfigScript',
  what: string,
): SetOption {
  return {
    name,
    valueCount: 1,
    apply: ({ settings }, [path], { options, platform }) => {
      if (options.denyScriptsReconfig) return { error: SCRIPTS_DENIED };
      if (path !== '' && platform.disk.statusSync(textFromBytes(path))?.isExecutable !== true) {
        return { error: `ERR ${what} script seems non existing or non executable` };
      }
      settings[key] = path;
      return null;
    },
  };
}

function credentialOption(name: string, key: 'authPass' | 'authUser', mask?: string): SetOption {
  return {
    name,
    valueCount: 1,
    ...(mask === undefined ? {} : { mask }),
    apply: (master, [value], { links }) => {
      master.settings[key] = value;
      links.reconnectServers(master);
      return null;
    },
  };
}

const SET_OPTIONS: readonly SetOption[] = [
  numberOption('down-after-milliseconds', 'downAfterMs', 1),
  numberOption('failover-timeout', 'failoverTimeoutMs', 1),
  numberOption('parallel-syncs', 'parallelSyncs', 1),
  scriptOption('notification-script', 'notificationScript', 'Notification'),
  scriptOption('client-reconfig-script', 'clientReconfigScript', 'Client reconfiguration'),
  credentialOption('auth-pass', 'authPass', '******'),
  credentialOption('auth-user', 'authUser'),
  numberOption('quorum', 'quorum', 1),
  {
    name: 'rename-command',
    valueCount: 2,
    apply: ({ settings }, [command, newName]) => renameCommand(settings, command, newName),
  },
  numberOption('master-reboot-down-after-period', 'rebootDownAfterMs', 0),
];

function renameCommand(settings: MasterSettings, command: string, newName: string): SetProblem | null {
  if (command === '') return { invalid: command };
  if (newName === '') return { invalid: newName };
  const name = toLowerAscii(command);
  if (isWord(newName, name)) settings.renamedCommands.delete(name);
  else settings.renamedCommands.set(name, newName);
  return null;
}

/** Options are applied one by one: what came before a wrong one stays, and is saved. */
function setOptions(
  client: Client,
  sentinel: Sentinel,
  master: MonitoredMaster,
  args: readonly string[],
): void {
  let problem: string | null = null;
  for (let i = 0; i < args.length && problem === null;) {
    const option = SET_OPTIONS.find(({ name }) => isWord(args[i], name));
    const values = args.slice(i + 1, i + 1 + (option?.valueCount ?? 0));
    if (option === undefined || values.length < option.valueCount) {
      problem = `ERR Unknown option or number of arguments for SENTINEL SET '${args[i]}'`;
      break;
    }
    const refused = option.apply(master, values, sentinel);
    if (refused === null) {
      const shown = option.mask === undefined ? values : [option.mask];
      sentinel.events.say({ kind: 'setting-changed', master: master.reference, words: [args[i], ...shown] });
    } else {
      problem =
        'error' in refused
          ? refused.error
          : `ERR Invalid argument '${refused.invalid}' for SENTINEL SET '${args[i]}'`;
    }
    i += 1 + option.valueCount;
  }
  sentinel.rulesChanged();
  if (problem === null) {
    okWhenSaved(client, sentinel);
    return;
  }
  sentinel.store.save();
  client.reply.error(problem);
}
