/**
 * The value types that most directives have, as functions that make a directive: yesNo, integer, octal, memory,
 * memoryOrPercent, text, choice. Error texts are Redis's, since tests and people look for them.
 *
 * Types that only one directive has are in special-types.ts.
 */

import { isWord, quoteBytes, toLowerAscii } from '../resp/ascii.js';
import { parseSafeInteger } from '../resp/numbers.js';
import { accepted, refused } from './directive.js';
import type { Directive, Parsed, RewriteLine, Traits, ValueType } from './directive.js';
import { formatMemorySize, parseMemorySize } from './memory-units.js';

/** The largest values of C's `int` and `unsigned int`, which bound many of Redis's directives. */
export const INT_MAX = 2147483647;
export const INT_MIN = -2147483648;
export const UINT_MAX = 4294967295;
/** Redis allows 2^63 - 1 here; a JavaScript number is exact up to this. */
export const SAFE_MAX = Number.MAX_SAFE_INTEGER;

interface Range {
  readonly min: number;
  readonly max: number;
}

function same<Value>(a: Value, b: Value): boolean {
  return a === b;
}

/** The one line most directives have: written when it differs from the default or is already in the file. */
function oneLine<Value>(format: (value: Value) => string): ValueType<Value>['rewrite'] {
  return (value, defaultValue): RewriteLine[] => [{ text: format(value), force: value !== defaultValue }];
}

/** `yes` or `no`. */
export function yesNo(defaultValue: boolean, traits: Traits = {}): Directive<boolean> {
  const format = (value: boolean): string => (value ? 'yes' : 'no');
  const parse = (words: readonly string[]): Parsed<boolean> => {
    const word = words[0] ?? '';
    if (isWord(word, 'yes')) return accepted(true);
    if (isWord(word, 'no')) return accepted(false);
    return refused("argument must be 'yes' or 'no'");
  };
  return {
    ...traits,
    defaultValue,
    type: { severalWords: false, parse, format, equals: same, rewrite: oneLine(format) },
  };
}

interface NumberOptions extends Traits, Range {
  readonly default: number;
  /** Values outside are accepted within min..max, then moved to the nearest of these. */
  readonly clamp?: Range;
}

function numeric(
  options: NumberOptions,
  read: (text: string) => number,
  refusal: string,
  format: (value: number) => string,
  formatInFile: (value: number) => string = format,
): Directive<number> {
  const { default: defaultValue, min, max, clamp, ...traits } = options;
  const parse = (words: readonly string[]): Parsed<number> => {
    const value = read(words[0] ?? '');
    if (Number.isNaN(value)) return refused(refusal);
    if (value < min || value > max) {
      return refused(`argument must be between ${format(min)} and ${format(max)} inclusive`);
    }
    return accepted(clamp === undefined ? value : Math.min(Math.max(value, clamp.min), clamp.max));
  };
  return {
    ...traits,
    defaultValue,
    type: { severalWords: false, parse, format, equals: same, rewrite: oneLine(formatInFile) },
  };
}

/** A decimal integer in a range. */
export function integer(options: NumberOptions): Directive<number> {
  return numeric(options, parseSafeInteger, "argument couldn't be parsed into an integer", String);
}

/** A file mode. */
export function octal(options: NumberOptions): Directive<number> {
  const read = (text: string): number => (/^[0-7]{1,12}$/.test(text) ? parseInt(text, 8) : NaN);
  const format = (value: number): string => value.toString(8);
  return numeric(options, read, "argument couldn't be parsed as an octal number", format);
}

/** A number of bytes, with units. */
export function memory(options: NumberOptions): Directive<number> {
  return numeric(options, parseMemorySize, 'argument must be a memory value', String, formatMemorySize);
}

/** A number of bytes, or a share of another limit. */
export interface MemoryOrPercent {
  readonly unit: 'bytes' | 'percent';
  readonly amount: number;
}

/** A number of bytes with units, or a percentage up to 100. */
export function memoryOrPercent(defaultBytes: number, traits: Traits = {}): Directive<MemoryOrPercent> {
  const parse = (words: readonly string[]): Parsed<MemoryOrPercent> => {
    const word = words[0] ?? '';
    const bytes = parseMemorySize(word);
    if (Number.isSafeInteger(bytes)) return accepted({ unit: 'bytes', amount: bytes });
    const percent = word.endsWith('%') ? parseSafeInteger(word.slice(0, -1)) : NaN;
    if (!(percent >= 0)) return refused('argument must be a memory or percent value');
    if (percent > 100) return refused('percentage argument must be less or equal to 100');
    return accepted({ unit: percent === 0 ? 'bytes' : 'percent', amount: percent });
  };
  const equals = (a: MemoryOrPercent, b: MemoryOrPercent): boolean =>
    a.unit === b.unit && a.amount === b.amount;
  return {
    ...traits,
    defaultValue: { unit: 'bytes', amount: defaultBytes },
    type: {
      severalWords: false,
      parse,
      format: (value) => (value.unit === 'percent' ? `${value.amount}%` : String(value.amount)),
      equals,
      rewrite: (value, defaultValue) => [
        {
          text: value.unit === 'percent' ? `${value.amount}%` : formatMemorySize(value.amount),
          force: !equals(value, defaultValue),
        },
      ],
    },
  };
}

interface TextOptions extends Traits {
  readonly default?: string;
  /** Returns why a value is refused, null when it is good. */
  readonly check?: (text: string) => string | null;
}

/** Any byte string. The empty one is a value of its own and is written as `""`. */
export function text(options: TextOptions = {}): Directive<string> {
  return textDirective(options, false);
}

/** A byte string where the empty one means "not set": a rewritten file then has no line for it. */
export function optionalText(options: TextOptions = {}): Directive<string> {
  return textDirective(options, true);
}

function textDirective(options: TextOptions, emptyMeansUnset: boolean): Directive<string> {
  const { default: defaultValue = '', check, ...traits } = options;
  const parse = (words: readonly string[]): Parsed<string> => {
    const value = words[0] ?? '';
    const refusal = check?.(value) ?? null;
    return refusal === null ? accepted(value) : refused(refusal);
  };
  const rewrite = (value: string, initial: string): RewriteLine[] =>
    emptyMeansUnset && value === '' ? [] : [{ text: quoteBytes(value), force: value !== initial }];
  return {
    ...traits,
    defaultValue,
    type: { severalWords: false, parse, format: (value) => value, equals: same, rewrite },
  };
}

/** Redis's refusal of a word that is none of those it knows. */
export function notOneOf(words: readonly string[]): { readonly refusal: string } {
  return refused(`argument(s) must be one of the following: ${words.join(', ')}`);
}

/** One of a few words; `synonyms` are accepted too and stand for one of them. */
export function choice<const Word extends string>(
  words: readonly Word[],
  defaultValue: NoInfer<Word>,
  traits: Traits & { readonly synonyms?: Readonly<Record<string, NoInfer<Word>>> } = {},
): Directive<Word> {
  const { synonyms = {}, ...rest } = traits;
  const meanings = new Map<string, Word>(words.map((word) => [word, word]));
  for (const [synonym, word] of Object.entries(synonyms)) meanings.set(synonym, word);
  const parse = (given: readonly string[]): Parsed<Word> => {
    const meaning = given.length === 1 ? meanings.get(toLowerAscii(given[0] ?? '')) : undefined;
    return meaning === undefined ? notOneOf([...meanings.keys()]) : accepted(meaning);
  };
  return {
    ...rest,
    defaultValue,
    type: {
      severalWords: false,
      parse,
      format: (value) => value,
      equals: same,
      rewrite: oneLine<Word>((value) => value),
    },
  };
}
