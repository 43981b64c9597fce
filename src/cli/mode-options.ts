/** The options of the command line that ask for something else than sending a command, and what belongs to them. */
import { bytesFromText, splitWords } from '../resp/ascii.js';
import { CliError } from './errors.js';
import { leadingInteger } from './leading-number.js';

/** In the order in which they win when several are given. */
export const MODE_NAMES = [
  'latency-history',
  'latency',
  'latency-dist',
  'replica',
  'rdb',
  'functions-rdb',
  'pipe',
  'bigkeys',
  'memkeys',
  'hotkeys',
  'stat',
  'scan',
  'lru-test',
  'intrinsic-latency',
  'hint',
  'hint-file',
] as const;

export type ModeName = (typeof MODE_NAMES)[number];

export class ModeOptions {
  readonly chosen = new Set<ModeName>();
  /** Of `--scan`, `--bigkeys`, `--memkeys` and `--hotkeys`; null: all keys. */
  pattern: string | null = null;
  count = 10;
  /** Of `--memkeys`; null: the server's default. */
  memorySamples: number | null = null;
  lruKeys = 0;
  intrinsicSeconds = 0;
  /** Of `--rdb` and `--functions-rdb`; `-` is standard output. */
  snapshotPath = '';
  /** 0: for ever. */
  pipeTimeoutSeconds = 30;
  /** Of `--latency-dist`. */
  isMonochrome = false;
  /** Null without `--eval`. */
  scriptPath: string | null = null;
  /** What was typed so far, or a file of such lines with the hints that are expected. */
  hintInput = '';
  hintPath = '';
  isVerbose = false;

  /** How many words the option at `index` takes; 0 when it is none of these. @throws CliError */
  take(args: readonly string[], index: number): number {
    const name = args[index]!;
    if (Object.hasOwn(FLAGS, name)) {
      FLAGS[name]!(this);
      return 1;
    }
    const value = args[index + 1];
    if (value === undefined || !Object.hasOwn(SETTINGS, name)) return 0;
    SETTINGS[name]!(this, value);
    return 2;
  }

  /** @throws CliError when options contradict each other */
  check(): void {
    if (this.chosen.has('rdb') && this.chosen.has('functions-rdb')) {
      throw new CliError('Option --functions-rdb and --rdb are mutually exclusive.');
    }
  }
}

const FLAGS: Readonly<Record<string, (options: ModeOptions) => void>> = {
  '--latency': choosing('latency'),
  '--latency-history': choosing('latency-history'),
  '--latency-dist': choosing('latency-dist'),
  '--mono': (options) => (options.isMonochrome = true),
  '--replica': choosing('replica'),
  '--slave': choosing('replica'),
  '--pipe': choosing('pipe'),
  '--bigkeys': choosing('bigkeys'),
  '--memkeys': choosing('memkeys'),
  '--hotkeys': choosing('hotkeys'),
  '--stat': choosing('stat'),
  '--scan': choosing('scan'),
  '--verbose': (options) => (options.isVerbose = true),
};

const SETTINGS: Readonly<Record<string, (options: ModeOptions, value: string) => void>> = {
  '--pattern': (options, value) => (options.pattern = bytesFromText(value)),
  '--quoted-pattern': (options, value) => (options.pattern = unquoted(value)),
  '--count': (options, value) => (options.count = leadingInteger(value)),
  '--memkeys-samples': (options, value) => {
    options.chosen.add('memkeys');
    options.memorySamples = leadingInteger(value);
  },
  '--lru-test': (options, value) => {
    options.chosen.add('lru-test');
    options.lruKeys = leadingInteger(value);
  },
  '--intrinsic-latency': (options, value) => {
    options.chosen.add('intrinsic-latency');
    options.intrinsicSeconds = leadingInteger(value);
  },
  '--rdb': (options, value) => {
    options.chosen.add('rdb');
    options.snapshotPath = value;
  },
  '--functions-rdb': (options, value) => {
    options.chosen.add('functions-rdb');
    options.snapshotPath = value;
  },
  '--pipe-timeout': (options, value) => (options.pipeTimeoutSeconds = leadingInteger(value)),
  '--eval': (options, value) => (options.scriptPath = value),
  '--test_hint': (options, value) => {
    options.chosen.add('hint');
    options.hintInput = bytesFromText(value);
  },
  '--test_hint_file': (options, value) => {
    options.chosen.add('hint-file');
    options.hintPath = value;
  },
};

function choosing(mode: ModeName): (options: ModeOptions) => void {
  return (options) => options.chosen.add(mode);
}

function unquoted(text: string): string {
  const words = splitWords(bytesFromText(text));
  if (words?.length === 1) return words[0]!;
  throw new CliError('Invalid quoted string specified for --quoted-pattern.');
}
