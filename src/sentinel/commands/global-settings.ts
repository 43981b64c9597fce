/** SENTINEL CONFIG GET and SET: settings of the sentinel as a whole. */
import { isWord } from '../../resp/ascii.js';
import { matchesGlob } from '../../resp/glob.js';
import { parseSafeInteger } from '../../resp/numbers.js';
import type { Client } from '../../server/client.js';
import type { SentinelOptions } from '../configuration.js';
import type { Sentinel } from '../sentinel.js';
import { okWhenSaved, subcommand, type SubcommandGroup } from './subcommand.js';

const USAGE =
  'ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...]/ SET <param> <value> [<param> <value> ...] are supported.';

export const globalSettingsSubcommands: SubcommandGroup = (sentinel) => [
  subcommand('config', -4, 'Shows or changes settings of the sentinel as a whole.', (client, args) => {
    if (isWord(args[2], 'get') && args.length >= 4) getSettings(client, sentinel, args.slice(3));
    else if (isWord(args[2], 'set') && args.length >= 5) setSettings(client, sentinel, args.slice(3));
    else client.reply.error(USAGE);
  }),
];

/** One setting: how it is shown, and how its text is checked and applied. */
interface Setting {
  readonly name: string;
  readonly get: (sentinel: Sentinel) => string;
  readonly accepts: (value: string) => boolean;
  readonly set: (sentinel: Sentinel, value: string) => void;
}

type KeysOf<Type> = {
  [Key in keyof SentinelOptions]: SentinelOptions[Key] extends Type ? Key : never;
}[keyof SentinelOptions];

function flag(name: string, key: KeysOf<boolean>): Setting {
  return {
    name,
    get: ({ options }) => (options[key] ? 'yes' : 'no'),
    accepts: (value) => isWord(value, 'yes') || isWord(value, 'no'),
    set: ({ options }, value) => {
      options[key] = isWord(value, 'yes');
    },
  };
}

function text(
  name: string,
  key: KeysOf<string>,
  after: (sentinel: Sentinel) => void = () => undefined,
): Setting {
  return {
    name,
    get: ({ options }) => options[key],
    accepts: () => true,
    set: (sentinel, value) => {
      sentinel.options[key] = value;
      after(sentinel);
    },
  };
}

const LOG_LEVELS = ['debug', 'verbose', 'notice', 'warning', 'nothing'];

const SETTINGS: readonly Setting[] = [
  flag('resolve-hostnames', 'resolveHostnames'),
  flag('announce-hostnames', 'announceHostnames'),
  text('announce-ip', 'announceIp'),
  {
    name: 'announce-port',
    get: ({ options }) => String(options.announcePort),
    accepts: (value) => {
      const port = parseSafeInteger(value);
      return port >= 0 && port <= 65535;
    },
    set: ({ options }, value) => {
      options.announcePort = parseSafeInteger(value);
    },
  },
  text('sentinel-user', 'sentinelUser', ({ links }) => links.reconnectPeers()),
  text('sentinel-pass', 'sentinelPass', ({ links }) => links.reconnectPeers()),
  {
    name: 'loglevel',
    get: ({ config }) => config.get(['loglevel'])[0]?.[1] ?? '',
    accepts: (value) => LOG_LEVELS.some((level) => isWord(value, level)),
    set: ({ config }, value) =>
      config.set([['loglevel', value]], { protectedAllowed: true, loading: false }, () => undefined),
  },
];

function getSettings({ reply }: Client, sentinel: Sentinel, patterns: readonly string[]): void {
  const found = new Set<Setting>();
  for (const pattern of patterns) {
    for (const setting of SETTINGS) if (matchesGlob(pattern, setting.name, true)) found.add(setting);
  }
  reply.mapHeader(found.size);
  for (const setting of found) {
    reply.bulk(setting.name);
    reply.bulk(setting.get(sentinel));
  }
}

/** All pairs are checked before the first is applied. */
function setSettings(client: Client, sentinel: Sentinel, args: readonly string[]): void {
  const changes = new Map<Setting, string>();
  for (let i = 0; i < args.length; i += 2) {
    const problem = checkPair(args[i], args[i + 1], changes);
    if (problem !== null) {
      client.reply.error(problem);
      return;
    }
  }
  for (const [setting, value] of changes) setting.set(sentinel, value);
  sentinel.rulesChanged();
  okWhenSaved(client, sentinel);
}

function checkPair(name: string, value: string | undefined, changes: Map<Setting, string>): string | null {
  const setting = SETTINGS.find((each) => isWord(name, each.name));
  if (setting === undefined) return `ERR Invalid argument '${name}' to SENTINEL CONFIG SET`;
  if (changes.has(setting)) return `ERR Duplicate argument '${name}' to SENTINEL CONFIG SET`;
  if (value === undefined) return `ERR Missing argument '${name}' value`;
  if (!setting.accepts(value)) return `ERR Invalid value '${value}' to SENTINEL CONFIG SET '${name}'`;
  changes.set(setting, value);
  return null;
}

/** SENTINEL FLUSHCONFIG: writes the file now. */
export const flushSubcommands: SubcommandGroup = (sentinel) => [
  subcommand('flushconfig', 2, 'Writes the configuration file anew.', (client) =>
    okWhenSaved(client, sentinel),
  ),
];
