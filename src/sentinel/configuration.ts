/**
 * The `sentinel ...` lines of the configuration file: what they say, as one plain value, and how they are read.
 *
 * The same value is made from the running state when the file is written again (configuration-lines.ts). Lines
 * are applied in three passes, so that their order in the file does not matter: first what concerns the sentinel
 * as a whole, then which masters it monitors, then the rest.
 */
import { ConfigFileError, type ConfigLine } from '../config/errors.js';
import { NO_EPOCH, parseEpoch, type Epoch } from '../failover/epoch.js';
import { toNodeId, type NodeId } from '../failover/identity.js';
import { isNumericAddress } from '../platform/numeric-address.js';
import { isWord, toLowerAscii } from '../resp/ascii.js';
import type { Periods } from './periods.js';

/** Settings of the sentinel as a whole. Empty strings and port 0: not set. */
export interface SentinelOptions {
  announceIp: string;
  announcePort: number;
  denyScriptsReconfig: boolean;
  resolveHostnames: boolean;
  announceHostnames: boolean;
  sentinelUser: string;
  sentinelPass: string;
}

export interface KnownAddress {
  readonly host: string;
  readonly port: number;
}

export interface KnownSentinel extends KnownAddress {
  readonly runId: NodeId;
}

/** Settings of one master that SENTINEL SET changes. */
export interface MasterSettings {
  quorum: number;
  downAfterMs: number;
  failoverTimeoutMs: number;
  parallelSyncs: number;
  /** Paths; empty: none. */
  notificationScript: string;
  clientReconfigScript: string;
  authUser: string;
  authPass: string;
  /** 0: a reboot of the master by itself is no reason to fail over. */
  rebootDownAfterMs: number;
  /** Names of commands in lower case, and the names under which this master's instances know them. */
  readonly renamedCommands: Map<string, string>;
}

export interface MasterConfiguration extends KnownAddress {
  readonly name: string;
  readonly settings: MasterSettings;
  readonly configEpoch: Epoch;
  readonly leaderEpoch: Epoch;
  readonly replicas: readonly KnownAddress[];
  readonly sentinels: readonly KnownSentinel[];
}

export interface SentinelConfiguration {
  readonly myId: NodeId | null;
  readonly currentEpoch: Epoch;
  readonly options: SentinelOptions;
  readonly masters: readonly MasterConfiguration[];
}

export const MY_ID_LENGTH = 40;
export const DEFAULT_PARALLEL_SYNCS = 1;

export function defaultOptions(): SentinelOptions {
  return {
    announceIp: '',
    announcePort: 0,
    denyScriptsReconfig: true,
    resolveHostnames: false,
    announceHostnames: false,
    sentinelUser: '',
    sentinelPass: '',
  };
}

export function defaultMasterSettings(quorum: number, periods: Periods): MasterSettings {
  return {
    quorum,
    downAfterMs: periods.defaultDownAfterMs,
    failoverTimeoutMs: periods.defaultFailoverTimeoutMs,
    parallelSyncs: DEFAULT_PARALLEL_SYNCS,
    notificationScript: '',
    clientReconfigScript: '',
    authUser: '',
    authPass: '',
    rebootDownAfterMs: 0,
    renamedCommands: new Map(),
  };
}

/** What reading the lines needs from outside. */
export interface ReadingContext {
  readonly periods: Periods;
  readonly isExecutable: (path: string) => boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface MasterDraft extends Mutable<Omit<MasterConfiguration, 'replicas' | 'sentinels'>> {
  replicas: KnownAddress[];
  sentinels: KnownSentinel[];
}

const UNRECOGNIZED = 'Unrecognized sentinel configuration statement.';

/** Why a line is refused; caught at the line, where it gets its place. */
class Refusal extends Error {}

/**
 * Reads the sentinel lines, each with `sentinel` as its first word.
 * @throws {ConfigFileError} for the first line that cannot be accepted
 */
export function readConfiguration(
  lines: readonly ConfigLine[],
  context: ReadingContext,
): SentinelConfiguration {
  const reader = new Reader(context);
  for (const pass of [reader.readGlobal, reader.readMonitor, reader.readOther]) {
    for (const line of lines) {
      try {
        pass.call(reader, toLowerAscii(line.words[1] ?? ''), line.words.slice(2));
      } catch (error) {
        if (error instanceof Refusal) throw new ConfigFileError(error.message, line);
        throw error;
      }
    }
  }
  return reader;
}

const GLOBAL = [
  'announce-ip',
  'announce-port',
  'deny-scripts-reconfig',
  'sentinel-user',
  'sentinel-pass',
  'current-epoch',
  'myid',
  'resolve-hostnames',
  'announce-hostnames',
];

class Reader implements SentinelConfiguration {
  myId: NodeId | null = null;
  currentEpoch: Epoch = NO_EPOCH;
  readonly options = defaultOptions();
  readonly masters: MasterDraft[] = [];

  constructor(private readonly context: ReadingContext) {}

  readGlobal(name: string, words: readonly string[]): void {
    if (!GLOBAL.includes(name)) return;
    if (words.length !== 1) throw new Refusal(UNRECOGNIZED);
    const [value] = words;
    switch (name) {
      case 'announce-ip':
        if (value !== '') this.options.announceIp = value;
        return;
      case 'announce-port':
        this.options.announcePort = leadingInteger(value);
        return;
      case 'deny-scripts-reconfig':
        this.options.denyScriptsReconfig = yesOrNo(value, 'deny-scripts-reconfig options');
        return;
      case 'resolve-hostnames':
        this.options.resolveHostnames = yesOrNo(value, 'resolve-hostnames option');
        return;
      case 'announce-hostnames':
        this.options.announceHostnames = yesOrNo(value, 'announce-hostnames option');
        return;
      case 'sentinel-user':
        this.options.sentinelUser = value;
        return;
      case 'sentinel-pass':
        this.options.sentinelPass = value;
        return;
      case 'current-epoch':
        this.raiseEpoch(readEpoch(value));
        return;
      case 'myid':
        if (value.length !== MY_ID_LENGTH) throw new Refusal('Malformed Sentinel id in myid option.');
        this.myId = toNodeId(value);
        return;
    }
  }

  readMonitor(name: string, words: readonly string[]): void {
    if (name !== 'monitor') return;
    if (words.length !== 4) throw new Refusal(UNRECOGNIZED);
    const [masterName, host, portText, quorumText] = words;
    const quorum = leadingInteger(quorumText);
    if (quorum <= 0) throw new Refusal('Quorum must be 1 or greater.');
    const address = this.readAddress(host, portText);
    if (this.masters.some((master) => master.name === masterName))
      throw new Refusal('Duplicate master name.');
    this.masters.push({
      ...address,
      name: masterName,
      settings: defaultMasterSettings(quorum, this.context.periods),
      configEpoch: NO_EPOCH,
      leaderEpoch: NO_EPOCH,
      replicas: [],
      sentinels: [],
    });
  }

  readOther(name: string, words: readonly string[]): void {
    if (name === 'monitor' || GLOBAL.includes(name)) return;
    const expected = WORD_COUNTS.get(name);
    if (expected === undefined || !expected.includes(words.length)) throw new Refusal(UNRECOGNIZED);
    const master = this.masters.find((each) => each.name === words[0]);
    if (master === undefined) throw new Refusal('No such master with specified name.');
    this.readMasterLine(name, master, words.slice(1));
  }

  private readMasterLine(name: string, master: MasterDraft, words: readonly string[]): void {
    const { settings } = master;
    const [value, second = '', third] = words;
    switch (name) {
      case 'down-after-milliseconds':
        settings.downAfterMs = positiveTime(value);
        return;
      case 'failover-timeout':
        settings.failoverTimeoutMs = positiveTime(value);
        return;
      case 'parallel-syncs':
        settings.parallelSyncs = leadingInteger(value);
        return;
      case 'notification-script':
        settings.notificationScript = this.readScript(value, 'Notification');
        return;
      case 'client-reconfig-script':
        settings.clientReconfigScript = this.readScript(value, 'Client reconfiguration');
        return;
      case 'auth-pass':
        settings.authPass = value;
        return;
      case 'auth-user':
        settings.authUser = value;
        return;
      case 'master-reboot-down-after-period':
        settings.rebootDownAfterMs = leadingInteger(value);
        if (settings.rebootDownAfterMs < 0) throw new Refusal('negative time parameter.');
        return;
      case 'rename-command': {
        const command = toLowerAscii(value);
        if (settings.renamedCommands.has(command)) {
          throw new Refusal('Same command renamed multiple times with rename-command.');
        }
        settings.renamedCommands.set(command, second);
        return;
      }
      case 'config-epoch':
        master.configEpoch = readEpoch(value);
        this.raiseEpoch(master.configEpoch);
        return;
      case 'leader-epoch':
        master.leaderEpoch = readEpoch(value);
        return;
      case 'known-replica':
      case 'known-slave':
        this.addReplica(master, this.readAddress(value, second));
        return;
      case 'known-sentinel':
        if (third !== undefined) this.addSentinel(master, this.readAddress(value, second), toNodeId(third));
        return;
    }
  }

  private addReplica(master: MasterDraft, address: KnownAddress): void {
    if (master.replicas.some(({ host, port }) => host === address.host && port === address.port)) {
      throw new Refusal('Duplicate hostname and port for replica.');
    }
    master.replicas.push(address);
  }

  private addSentinel(master: MasterDraft, address: KnownAddress, runId: NodeId): void {
    if (master.sentinels.some((known) => known.runId === runId)) {
      throw new Refusal('Duplicate runid for sentinel.');
    }
    master.sentinels.push({ ...address, runId });
  }

  private readAddress(host: string, portText: string): KnownAddress {
    const port = leadingInteger(portText);
    if (port < 0 || port > 65535) throw new Refusal('Invalid port number.');
    if (!this.options.resolveHostnames && !isNumericAddress(host)) {
      throw new Refusal("Can't resolve instance hostname.");
    }
    return { host, port };
  }

  private readScript(path: string, what: string): string {
    if (!this.context.isExecutable(path)) {
      throw new Refusal(`${what} script seems non existing or non executable.`);
    }
    return path;
  }

  private raiseEpoch(epoch: Epoch): void {
    if (epoch > this.currentEpoch) this.currentEpoch = epoch;
  }
}

/** Words after the name of a per-master line, the master's name included. */
const WORD_COUNTS: ReadonlyMap<string, readonly number[]> = new Map([
  ['down-after-milliseconds', [2]],
  ['failover-timeout', [2]],
  ['parallel-syncs', [2]],
  ['notification-script', [2]],
  ['client-reconfig-script', [2]],
  ['auth-pass', [2]],
  ['auth-user', [2]],
  ['master-reboot-down-after-period', [2]],
  ['rename-command', [3]],
  ['config-epoch', [2]],
  ['leader-epoch', [2]],
  ['known-replica', [3]],
  ['known-slave', [3]],
  ['known-sentinel', [3, 4]],
]);

/** The names of the lines that belong to one master each. */
export const MASTER_LINE_NAMES: readonly string[] = ['monitor', ...WORD_COUNTS.keys()].filter(
  (name) => name !== 'known-slave',
);

/** As C's atoi reads it, which is how Redis Sentinel reads its file: leading digits, 0 without any. */
function leadingInteger(text: string): number {
  const digits = /^[ \t]*([+-]?[0-9]{1,15})/.exec(text);
  return digits === null ? 0 : Number(digits[1]);
}

function positiveTime(text: string): number {
  const ms = leadingInteger(text);
  if (ms <= 0) throw new Refusal('negative or zero time parameter.');
  return ms;
}

function yesOrNo(text: string, what: string): boolean {
  if (isWord(text, 'yes')) return true;
  if (isWord(text, 'no')) return false;
  throw new Refusal(`Please specify yes or no for the ${what}.`);
}

function readEpoch(text: string): Epoch {
  const epoch = parseEpoch(text);
  if (epoch === null) throw new Refusal('Invalid epoch: it must be between 0 and 9223372036854775807.');
  return epoch;
}
