/** The command line of vedette-cli: redis-cli's options, up to the first word that is none. */
import { bytesFromText } from '../resp/ascii.js';
import { ClusterCommandLine } from './cluster/command-line.js';
import { CliError } from './errors.js';
import { leadingInteger } from './leading-number.js';
import { ModeOptions } from './mode-options.js';
import type { OutputMode } from './reply-format.js';
import { parseRedisUri } from './uri.js';

export interface CliOptions {
  host: string;
  port: number;
  socketPath: string | null;
  username: string | null;
  password: string | null;
  asksPassword: boolean;
  database: number;
  /** `auto`: RESP3 where the server speaks it. Null: nothing was said, so RESP2. */
  protocol: 2 | 3 | 'auto' | null;
  /** Null: by what standard output is. */
  output: OutputMode | null;
  elementDelimiter: string;
  replyDelimiter: string;
  /** Negative: for ever. */
  repeat: number;
  intervalMs: number;
  /** The last argument is standard input. */
  lastArgumentFromInput: boolean;
  /** The argument that is this is replaced by standard input. */
  inputTag: string | null;
  quotedInput: boolean;
  failsOnError: boolean;
  warnsOfPassword: boolean;
  showsPushes: boolean | null;
  followsRedirections: boolean;
  /** What the cluster manager is to do, if anything. */
  readonly cluster: ClusterCommandLine;
  readonly modes: ModeOptions;
  /** What is left: the command. */
  command: string[];
}

export type ParsedCommandLine =
  | { readonly kind: 'run'; readonly options: CliOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' };

type Flag = (options: CliOptions) => void;
type Setting = (options: CliOptions, value: string) => void;

/** Options without a value. */
const FLAGS: Readonly<Record<string, Flag>> = {
  '-x': (options) => (options.lastArgumentFromInput = true),
  '-e': (options) => (options.failsOnError = true),
  '-c': (options) => (options.followsRedirections = true),
  '-2': (options) => useProtocol(options, 2),
  '-3': (options) => useProtocol(options, 3),
  '--raw': (options) => (options.output = 'raw'),
  '--no-raw': (options) => (options.output = 'terminal'),
  '--csv': (options) => (options.output = 'csv'),
  '--json': (options) => useJson(options, 'json'),
  '--quoted-json': (options) => useJson(options, 'quoted-json'),
  '--quoted-input': (options) => (options.quotedInput = true),
  '--no-auth-warning': (options) => (options.warnsOfPassword = false),
  '--askpass': (options) => (options.asksPassword = true),
};

/** Options with a value. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  '-h': (options, value) => (options.host = value),
  '-p': (options, value) => (options.port = portNumber(value)),
  '-s': (options, value) => (options.socketPath = value),
  '-r': (options, value) => (options.repeat = leadingInteger(value)),
  '-i': (options, value) => (options.intervalMs = (Number.parseFloat(value) || 0) * 1000),
  '-n': (options, value) => (options.database = leadingInteger(value)),
  '-a': (options, value) => (options.password = bytesFromText(value)),
  '--pass': (options, value) => (options.password = bytesFromText(value)),
  '--user': (options, value) => (options.username = bytesFromText(value)),
  '-u': useUri,
  '-X': (options, value) => (options.inputTag = value),
  '-d': (options, value) => (options.elementDelimiter = bytesFromText(value)),
  '-D': (options, value) => (options.replyDelimiter = bytesFromText(value)),
  '--show-pushes': (options, value) => (options.showsPushes = !/^n/i.test(value)),
};

/** What redis-cli has and this program does not, and why. */
const MISSING: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['--ldb', '--ldb-sync-mode'].map((name) => [name, 'there is no debugger for scripts here']),
  ),
  ...Object.fromEntries(
    ['--tls', '--sni', '--cacert', '--cacertdir', '--insecure', '--cert', '--key'].map((name) => [
      name,
      'there is no TLS here',
    ]),
  ),
};

/** @throws CliError when an option is unknown, lacks its value, or contradicts another */
export function parseCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedCommandLine {
  const options = defaultOptions();
  let i = 0;
  for (; i < args.length; i++) {
    const name = args[i]!;
    const taken = options.cluster.take(args, i) || options.modes.take(args, i);
    if (taken > 0) {
      i += taken - 1;
      continue;
    }
    if (!name.startsWith('-')) break;
    const isLast = i === args.length - 1;
    if (name === '--help' || (name === '-h' && isLast)) return { kind: 'help' };
    if (name === '-v' || name === '--version') return { kind: 'version' };
    if (Object.hasOwn(FLAGS, name)) FLAGS[name]!(options);
    else if (Object.hasOwn(SETTINGS, name) && !isLast) SETTINGS[name]!(options, args[++i]!);
    else if (Object.hasOwn(MISSING, name)) throw new CliError(`${name}: ${MISSING[name]}, use redis-cli`);
    else throw new CliError(`Unrecognized option or bad number of args for: '${name}'`);
  }
  if (options.lastArgumentFromInput && options.inputTag !== null) {
    throw new CliError('Options -x and -X are mutually exclusive.');
  }
  if (options.socketPath !== null && options.followsRedirections) {
    throw new CliError('Options -c and -s are mutually exclusive.');
  }
  options.modes.check();
  // The warning is about passwords on the command line, which other users of the machine can see.
  options.warnsOfPassword &&= options.password !== null;
  const { REDISCLI_AUTH } = environment;
  if (REDISCLI_AUTH !== undefined) options.password ??= bytesFromText(REDISCLI_AUTH);
  options.command = args.slice(i).map(bytesFromText);
  return { kind: 'run', options };
}

function defaultOptions(): CliOptions {
  return {
    host: '127.0.0.1',
    port: 6379,
    socketPath: null,
    username: null,
    password: null,
    asksPassword: false,
    database: 0,
    protocol: null,
    output: null,
    elementDelimiter: '\n',
    replyDelimiter: '\n',
    repeat: 1,
    intervalMs: 0,
    lastArgumentFromInput: false,
    inputTag: null,
    quotedInput: false,
    failsOnError: false,
    warnsOfPassword: true,
    showsPushes: null,
    followsRedirections: false,
    cluster: new ClusterCommandLine(),
    modes: new ModeOptions(),
    command: [],
  };
}

function useJson(options: CliOptions, mode: OutputMode): void {
  options.output = mode;
  // JSON has maps, so the protocol that has them is preferred, unless one was asked for.
  options.protocol ??= 'auto';
}

function useProtocol(options: CliOptions, protocol: 2 | 3): void {
  const { protocol: earlier } = options;
  if (typeof earlier === 'number' && earlier !== protocol) {
    throw new CliError('Options -2 and -3 are mutually exclusive.');
  }
  options.protocol = protocol;
}

function useUri(options: CliOptions, uri: string): void {
  const parts = parseRedisUri(uri);
  options.host = parts.host ?? options.host;
  options.port = parts.port === undefined ? options.port : portNumber(String(parts.port));
  options.username = parts.username ?? options.username;
  options.password = parts.password ?? options.password;
  options.database = parts.database ?? options.database;
}

function portNumber(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65535)) throw new CliError('Invalid server port.');
  return port;
}
