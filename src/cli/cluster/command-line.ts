/** `--cluster <subcommand> <words>` and the options `--cluster-...` of the command line. */
import { bytesFromText } from '../../resp/ascii.js';
import { CliError } from '../errors.js';
import { leadingFraction, leadingInteger } from '../leading-number.js';

export interface ClusterOptions {
  /** Per master. */
  replicas: number;
  masterId: string | null;
  addsReplica: boolean;
  from: string | null;
  to: string | null;
  /** 0: not given. */
  slots: number;
  alwaysYes: boolean;
  timeoutMs: number;
  /** Null: not given. */
  keysPerMigrate: number | null;
  thresholdPercent: number;
  /** `<node id>=<weight>` each. */
  weights: string[];
  usesEmptyMasters: boolean;
  simulates: boolean;
  replaces: boolean;
  copies: boolean;
  fromUsername: string | null;
  fromPassword: string | null;
  asksFromPassword: boolean;
  searchMultipleOwners: boolean;
  fixesWithUnreachableMasters: boolean;
  onlyMasters: boolean;
  onlyReplicas: boolean;
}

type Flag = (options: ClusterOptions) => void;
type Setting = (options: ClusterOptions, value: string) => void;

const PREFIX = '--cluster';

const FLAGS: Readonly<Record<string, Flag>> = {
  '--cluster-slave': (options) => (options.addsReplica = true),
  '--cluster-yes': (options) => (options.alwaysYes = true),
  '--cluster-use-empty-masters': (options) => (options.usesEmptyMasters = true),
  '--cluster-simulate': (options) => (options.simulates = true),
  '--cluster-replace': (options) => (options.replaces = true),
  '--cluster-copy': (options) => (options.copies = true),
  '--cluster-from-askpass': (options) => (options.asksFromPassword = true),
  '--cluster-search-multiple-owners': (options) => (options.searchMultipleOwners = true),
  '--cluster-fix-with-unreachable-masters': (options) => (options.fixesWithUnreachableMasters = true),
  '--cluster-only-masters': (options) => (options.onlyMasters = true),
  '--cluster-only-replicas': (options) => (options.onlyReplicas = true),
};

const SETTINGS: Readonly<Record<string, Setting>> = {
  '--cluster-replicas': (options, value) => (options.replicas = leadingInteger(value)),
  '--cluster-master-id': (options, value) => (options.masterId = value),
  '--cluster-from': (options, value) => (options.from = value),
  '--cluster-to': (options, value) => (options.to = value),
  '--cluster-slots': (options, value) => (options.slots = leadingInteger(value)),
  '--cluster-timeout': (options, value) => (options.timeoutMs = leadingInteger(value)),
  '--cluster-pipeline': (options, value) => (options.keysPerMigrate = atLeastOne(value)),
  '--cluster-threshold': (options, value) => (options.thresholdPercent = leadingFraction(value)),
  '--cluster-from-user': (options, value) => (options.fromUsername = bytesFromText(value)),
  '--cluster-from-pass': (options, value) => (options.fromPassword = bytesFromText(value)),
};

/** What the command line asks of the cluster manager, collected word by word. */
export class ClusterCommandLine {
  /** Null when this is no command of the cluster manager. */
  subcommand: string | null = null;
  words: string[] = [];
  readonly options: ClusterOptions = {
    replicas: 0,
    masterId: null,
    addsReplica: false,
    from: null,
    to: null,
    slots: 0,
    alwaysYes: false,
    timeoutMs: 60_000,
    keysPerMigrate: null,
    thresholdPercent: 2,
    weights: [],
    usesEmptyMasters: false,
    simulates: false,
    replaces: false,
    copies: false,
    fromUsername: null,
    fromPassword: null,
    asksFromPassword: false,
    searchMultipleOwners: false,
    fixesWithUnreachableMasters: false,
    onlyMasters: false,
    onlyReplicas: false,
  };

  /**
   * Takes what belongs to the cluster manager from position `index` on.
   * @returns how many words it took; 0 when the first one is not for it
   * @throws CliError when an option makes no sense
   */
  take(args: readonly string[], index: number): number {
    const name = args[index]!;
    if (!name.startsWith('-')) return this.subcommand === null ? 0 : this.takeWords(args, index);
    if (!name.startsWith(PREFIX)) return 0;
    const next = args[index + 1];
    if (Object.hasOwn(FLAGS, name)) {
      FLAGS[name]!(this.options);
      return 1;
    }
    if (next === undefined) return 0;
    if (Object.hasOwn(SETTINGS, name)) {
      SETTINGS[name]!(this.options, next);
      return 2;
    }
    if (name === '--cluster-weight') return this.takeWeights(args, index);
    if (name !== PREFIX || this.subcommand !== null) return 0;
    this.subcommand = next;
    const words = wordsFrom(args, index + 2);
    this.words = words;
    return 2 + words.length;
  }

  /** The subcommand's words may also come after its options, but not in two places: some would be missed. */
  private takeWords(args: readonly string[], index: number): number {
    if (this.words.length > 0) {
      throw new CliError(
        `Unexpected '${args[index]}': all words of --cluster ${this.subcommand} go together`,
      );
    }
    this.words = wordsFrom(args, index);
    return this.words.length;
  }

  private takeWeights(args: readonly string[], index: number): number {
    const words = wordsFrom(args, index + 1);
    const end = words.findIndex((word) => !word.includes('='));
    const weights = end < 0 ? words : words.slice(0, end);
    this.options.weights.push(...weights);
    return 1 + weights.length;
  }
}

/** Up to the next option. */
function wordsFrom(args: readonly string[], start: number): string[] {
  const end = args.findIndex((word, index) => index >= start && word.startsWith('-'));
  return args.slice(start, end < 0 ? args.length : end);
}

function atLeastOne(value: string): number {
  const count = leadingInteger(value);
  if (count < 1) throw new CliError(`--cluster-pipeline needs a number of keys, not '${value}'`);
  return count;
}
