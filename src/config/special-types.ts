/**
 * The value types that only one or two directives have: save points, addresses to bind, the master's address,
 * output buffer limits, percentiles, signal options, OOM scores, the working directory.
 */

import { isWord, quoteBytes } from '../resp/ascii.js';
import { parseDouble } from '../resp/numbers.js';
import { accepted, refused } from './directive.js';
import type { Directive, ParseContext, Parsed, RewriteLine, Traits } from './directive.js';
import { formatMemorySize, parseMemorySize } from './memory-units.js';
import { notOneOf } from './value-types.js';

/** Reads an integer as leniently as strtoll with an end check: a sign and leading zeros are fine. */
function parseLenientInteger(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) return NaN;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : NaN;
}

function equalLists<Item>(a: readonly Item[], b: readonly Item[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** A single empty word stands for no words at all. */
function withoutEmpty(words: readonly string[]): readonly string[] {
  return words.length === 1 && words[0] === '' ? [] : words;
}

/** "Save when at least `changes` keys changed within `seconds`." */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** Save points. Lines of a file add up, the first one replacing the defaults; `""` means none. */
export function savePoints(
  defaultValue: readonly SavePoint[],
  traits: Traits = {},
): Directive<readonly SavePoint[]> {
  const parse = (
    given: readonly string[],
    context: ParseContext<readonly SavePoint[]>,
  ): Parsed<readonly SavePoint[]> => {
    const words = withoutEmpty(given);
    const points: SavePoint[] = context.repeated && words.length > 0 ? [...context.present] : [];
    if (words.length % 2 !== 0) return refused('Invalid save parameters');
    for (let i = 0; i < words.length; i += 2) {
      const seconds = parseLenientInteger(words[i] ?? '');
      const changes = parseLenientInteger(words[i + 1] ?? '');
      if (!(seconds >= 1) || !(changes >= 0)) return refused('Invalid save parameters');
      points.push({ seconds, changes });
    }
    return accepted(points);
  };
  const line = (point: SavePoint): string => `${point.seconds} ${point.changes}`;
  return {
    ...traits,
    defaultValue,
    type: {
      severalWords: true,
      parse,
      format: (points) => points.map(line).join(' '),
      equals: (a, b) => equalLists(a.map(line), b.map(line)),
      // Always written: without a line the defaults would be in force again at the next start.
      rewrite: (points) =>
        points.length === 0
          ? [{ text: '""', force: true }]
          : points.map((point) => ({ text: line(point), force: true })),
    },
  };
}

const MOST_BIND_ADDRESSES = 16;

/** The addresses to listen on. A leading `-` marks one that may be missing on this machine. */
export function bindAddresses(
  defaultValue: readonly string[],
  traits: Traits = {},
): Directive<readonly string[]> {
  return {
    ...traits,
    defaultValue,
    type: {
      severalWords: true,
      parse: (words) =>
        words.length > MOST_BIND_ADDRESSES
          ? refused('Too many bind addresses specified.')
          : accepted([...withoutEmpty(words)]),
      format: (addresses) => addresses.join(' '),
      equals: equalLists,
      rewrite: (addresses, initial) =>
        equalLists(addresses, initial)
          ? []
          : [{ text: addresses.length === 0 ? '""' : addresses.join(' '), force: true }],
    },
  };
}

/** Where this server's master is. */
export interface MasterAddress {
  readonly host: string;
  readonly port: number;
}

/** `<host> <port>`, or `no one`. */
export function masterAddress(traits: Traits = {}): Directive<MasterAddress | null> {
  const parse = (words: readonly string[]): Parsed<MasterAddress | null> => {
    const [host = '', portText = ''] = words;
    if (words.length !== 2) return refused('wrong number of arguments');
    if (isWord(host, 'no') && isWord(portText, 'one')) return accepted(null);
    const port = parseLenientInteger(portText);
    if (!(port >= 0 && port <= 65535)) return refused('Invalid master port');
    return accepted({ host, port });
  };
  const format = (address: MasterAddress | null): string =>
    address === null ? '' : `${address.host} ${address.port}`;
  return {
    ...traits,
    defaultValue: null,
    type: {
      severalWords: true,
      parse,
      format,
      equals: (a, b) => format(a) === format(b),
      rewrite: (address) => (address === null ? [] : [{ text: format(address), force: true }]),
    },
  };
}

/** When a client that does not read its replies is disconnected. 0 means no limit. */
export interface OutputBufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  /** How long the soft limit may be exceeded. */
  readonly softSeconds: number;
}

export type ClientClass = 'normal' | 'replica' | 'pubsub';
export type OutputBufferLimits = Readonly<Record<ClientClass, OutputBufferLimit>>;

const CLIENT_CLASSES: readonly ClientClass[] = ['normal', 'replica', 'pubsub'];

function clientClassOf(word: string): ClientClass | null {
  if (isWord(word, 'slave')) return 'replica';
  return CLIENT_CLASSES.find((name) => isWord(word, name)) ?? null;
}

/** Groups of `<class> <hard> <soft> <seconds>`; classes that are not named keep their limits. */
export function outputBufferLimits(
  defaultValue: OutputBufferLimits,
  traits: Traits = {},
): Directive<OutputBufferLimits> {
  const parse = (
    words: readonly string[],
    context: ParseContext<OutputBufferLimits>,
  ): Parsed<OutputBufferLimits> => {
    if (words.length % 4 !== 0) return refused('Wrong number of arguments in buffer limit configuration.');
    const limits = { ...context.present };
    for (let i = 0; i < words.length; i += 4) {
      const clientClass = clientClassOf(words[i] ?? '');
      if (clientClass === null)
        return refused('Invalid client class specified in buffer limit configuration.');
      const hardBytes = parseMemorySize(words[i + 1] ?? '');
      const softBytes = parseMemorySize(words[i + 2] ?? '');
      const softSeconds = parseLenientInteger(words[i + 3] ?? '');
      if (!Number.isSafeInteger(hardBytes) || !Number.isSafeInteger(softBytes) || !(softSeconds >= 0)) {
        return refused('Error in hard, soft or soft_seconds setting in buffer limit configuration.');
      }
      limits[clientClass] = { hardBytes, softBytes, softSeconds };
    }
    return accepted(limits);
  };
  const equalLimit = (a: OutputBufferLimit, b: OutputBufferLimit): boolean =>
    a.hardBytes === b.hardBytes && a.softBytes === b.softBytes && a.softSeconds === b.softSeconds;
  return {
    ...traits,
    defaultValue,
    type: {
      severalWords: true,
      parse,
      format: (limits) =>
        CLIENT_CLASSES.map((name) => {
          const { hardBytes, softBytes, softSeconds } = limits[name];
          return `${name === 'replica' ? 'slave' : name} ${hardBytes} ${softBytes} ${softSeconds}`;
        }).join(' '),
      equals: (a, b) => CLIENT_CLASSES.every((name) => equalLimit(a[name], b[name])),
      rewrite: (limits, initial) =>
        CLIENT_CLASSES.map((name) => {
          const { hardBytes, softBytes, softSeconds } = limits[name];
          return {
            text: `${name} ${formatMemorySize(hardBytes)} ${formatMemorySize(softBytes)} ${softSeconds}`,
            force: !equalLimit(limits[name], initial[name]),
          };
        }),
    },
  };
}

/** The percentiles that INFO latencystats shows. */
export function percentiles(
  defaultValue: readonly number[],
  traits: Traits = {},
): Directive<readonly number[]> {
  const parse = (words: readonly string[]): Parsed<readonly number[]> => {
    const values: number[] = [];
    for (const word of withoutEmpty(words)) {
      const value = parseDouble(word);
      if (Number.isNaN(value)) return refused('Invalid latency-tracking-info-percentiles parameters');
      if (value < 0 || value > 100) {
        return refused('latency-tracking-info-percentiles parameters should sit between [0.0,100.0]');
      }
      values.push(value);
    }
    return accepted(values);
  };
  const format = (values: readonly number[]): string =>
    values.map((value) => String(Number(value.toFixed(6)))).join(' ');
  return {
    ...traits,
    defaultValue,
    type: {
      severalWords: true,
      parse,
      format,
      equals: equalLists,
      rewrite: (values, initial) => [
        { text: values.length === 0 ? '""' : format(values), force: !equalLists(values, initial) },
      ],
    },
  };
}

export type ShutdownOption = 'save' | 'nosave' | 'now' | 'force';

const SHUTDOWN_OPTIONS: readonly ShutdownOption[] = ['save', 'nosave', 'now', 'force'];

/** What a signal's shutdown does: any of save, nosave, now, force; none of them is `default`. */
export function shutdownOptions(traits: Traits = {}): Directive<readonly ShutdownOption[]> {
  const parse = (words: readonly string[]): Parsed<readonly ShutdownOption[]> => {
    const known = ['default', ...SHUTDOWN_OPTIONS];
    const recognised = words.every((word) => known.some((option) => isWord(word, option)));
    if (words.length === 0 || !recognised) return notOneOf(known);
    const chosen = SHUTDOWN_OPTIONS.filter((option) => words.some((word) => isWord(word, option)));
    if (chosen.includes('save') && chosen.includes('nosave')) {
      return refused("shutdown options SAVE and NOSAVE can't be used simultaneously");
    }
    return accepted(chosen);
  };
  const format = (options: readonly ShutdownOption[]): string =>
    options.length === 0 ? 'default' : options.join(' ');
  return {
    ...traits,
    defaultValue: [],
    type: {
      severalWords: true,
      parse,
      format,
      equals: equalLists,
      rewrite: (options) => [{ text: format(options), force: options.length > 0 }],
    },
  };
}

/** The OOM score adjustments of a master, a replica and a background child. */
export function oomScores(
  defaultValue: readonly number[],
  traits: Traits = {},
): Directive<readonly number[]> {
  const parse = (words: readonly string[]): Parsed<readonly number[]> => {
    if (words.length !== defaultValue.length) return refused('wrong number of arguments');
    const values = words.map(parseLenientInteger);
    return values.every((value) => value >= -2000 && value <= 2000)
      ? accepted(values)
      : refused('Invalid oom-score-adj-values, elements must be between -2000 and 2000.');
  };
  const format = (values: readonly number[]): string => values.join(' ');
  return {
    ...traits,
    defaultValue,
    type: {
      severalWords: true,
      parse,
      format,
      equals: equalLists,
      rewrite: (values, initial) => [{ text: format(values), force: !equalLists(values, initial) }],
    },
  };
}

/**
 * The working directory. It is entered while the line is read, so that relative names in later lines mean what
 * they say; the value is absolute and is always written, since a rewritten file may be started from elsewhere.
 */
export function workingDirectory(traits: Traits = {}): Directive<string> {
  return {
    ...traits,
    defaultValue: '',
    type: {
      severalWords: false,
      parse: (words, context) => context.changeDirectory(words[0] ?? ''),
      format: (path) => path,
      equals: (a, b) => a === b,
      rewrite: (path): RewriteLine[] => (path === '' ? [] : [{ text: quoteBytes(path), force: true }]),
    },
  };
}
