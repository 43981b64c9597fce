/**
 * What may follow the words of a command that were typed so far: the arguments that are still missing. Words are matched
 * with the command's arguments, then what was not matched is shown.
 */
import type { CommandArgument } from '../../commands/syntax/argument-syntax.js';
import { toLowerAscii } from '../../resp/ascii.js';

/** @returns '' when nothing may follow, or when the words do not fit */
export function argumentHint(args: readonly CommandArgument[], words: readonly string[]): string {
  const progress = args.map((argument) => new Progress(argument));
  const matched = words.length === 0 ? 0 : matchSequence(words, progress);
  return matched === words.length ? listHint(progress, ' ') : '';
}

/** How much of an argument has been typed. */
class Progress {
  /** How many words belong to it. */
  words = 0;
  hasToken = false;
  hasValue = false;
  isComplete = false;
  parts: readonly Progress[] = [];

  constructor(readonly argument: CommandArgument) {
    this.reset();
  }

  reset(): void {
    this.words = 0;
    this.hasToken = false;
    this.hasValue = false;
    this.isComplete = false;
    this.parts = this.argument.parts.map((part) => new Progress(part));
  }
}

/** How many words the arguments take in turn; 0 when a required one does not fit. */
function matchSequence(words: readonly string[], list: readonly Progress[]): number {
  let taken = 0;
  for (let i = 0; i < list.length && taken < words.length;) {
    const rest = words.slice(taken);
    if (list[i]!.argument.isOptional) {
      const end = nextRequired(list, i);
      taken += matchInAnyOrder(rest, list.slice(i, end));
      i = end;
      continue;
    }
    const count = match(rest, list[i]!);
    if (count === 0) return 0;
    taken += count;
    i++;
  }
  return taken;
}

/** Optional arguments beside each other may come in any order. */
function matchInAnyOrder(words: readonly string[], list: readonly Progress[]): number {
  let taken = 0;
  let latest: Progress | null = null;
  while (taken < words.length) {
    let count = 0;
    const found = list.find((one) => one.words === 0 && (count = match(words.slice(taken), one)) > 0);
    if (found === undefined) break;
    // Whoever has begun another one is done with this, even if more of it could follow.
    if (latest !== null) latest.isComplete = true;
    latest = found;
    taken += count;
  }
  return taken;
}

function match(words: readonly string[], progress: Progress): number {
  const { isMultiple, isTokenMultiple, token } = progress.argument;
  let taken = matchOnce(words, progress);
  if (!isMultiple) return taken;
  while (progress.isComplete && taken < words.length) {
    progress.reset();
    const rest = words.slice(taken);
    if (token === null || isTokenMultiple) {
      taken += matchOnce(rest, progress);
    } else {
      // The token stands before the first value only.
      taken += matchValue(rest, progress);
      progress.hasToken = progress.words > 0;
    }
  }
  // There may always be one more.
  progress.isComplete = false;
  return taken;
}

function matchOnce(words: readonly string[], progress: Progress): number {
  const { token, type } = progress.argument;
  if (token === null) return matchValue(words, progress);
  if (toLowerAscii(token) !== toLowerAscii(words[0]!)) return 0;
  progress.hasToken = true;
  progress.words = 1;
  progress.isComplete = type === 'pure-token';
  if (type === 'pure-token' || words.length === 1) return 1;
  return matchValue(words.slice(1), progress);
}

/** What is no number does not fit, an empty word may become one. */
const INTEGER_START = /^[ \t]*([+-]?[0-9]|$)/;
const DOUBLE_START = /^[ \t]*([+-]?(\.?[0-9]|[iI][nN][fF]|[nN][aA][nN])|$)/;

/** How many words the argument has now, its token included. */
function matchValue(words: readonly string[], progress: Progress): number {
  const { parts } = progress;
  switch (progress.argument.type) {
    case 'block':
      progress.words += matchSequence(words, parts);
      progress.isComplete = parts.every((part) => part.isComplete);
      break;
    case 'oneof': {
      const chosen = parts.find((part) => match(words, part) > 0);
      progress.words += chosen?.words ?? 0;
      progress.isComplete = chosen?.isComplete ?? false;
      break;
    }
    case 'integer':
    case 'unix-time':
      takeWord(progress, INTEGER_START.test(words[0]!));
      break;
    case 'double':
      takeWord(progress, DOUBLE_START.test(words[0]!));
      break;
    case 'string':
    case 'key':
    case 'pattern':
    case 'pure-token':
      takeWord(progress, true);
      break;
  }
  return progress.words;
}

function takeWord(progress: Progress, fits: boolean): void {
  progress.words = fits ? progress.words + 1 : 0;
  progress.hasValue = fits;
  progress.isComplete = fits;
}

function listHint(list: readonly Progress[], separator: string): string {
  const pieces: string[] = [];
  for (let i = 0; i < list.length;) {
    if (!list[i]!.argument.isOptional) {
      pieces.push(hint(list[i++]!));
      continue;
    }
    const end = nextRequired(list, i);
    const group = list.slice(i, end);
    // First what was begun. Once a required argument has been given, no more optional ones can come before it.
    const begun = group.filter(({ words, isComplete }) => words > 0 && !isComplete);
    const others =
      end === list.length || list[end]!.words === 0 ? group.filter((one) => !begun.includes(one)) : [];
    pieces.push(...[...begun, ...others].map(hint));
    i = end;
  }
  return pieces.filter((piece) => piece !== '').join(separator);
}

function hint(progress: Progress): string {
  if (progress.isComplete) return '';
  const { argument, words, hasToken } = progress;
  const { token, type, isOptional, isMultiple } = argument;
  const word = token === null || hasToken ? '' : tokenText(token, type);
  const repetition = isMultiple ? repetitionHint(argument) : '';
  const text = [word + valueHint(progress), repetition].filter((piece) => piece !== '').join(' ');
  const opening = isOptional && words === 0 ? '[' : '';
  // redis-cli closes the bracket also where it stands before what was typed.
  const closing = isOptional && (words === 0 || isMultiple) ? ']' : '';
  return opening + text + closing;
}

function valueHint({ argument, words, hasValue, parts }: Progress): string {
  switch (argument.type) {
    case 'oneof':
      if (words === 0) return listHint(parts, '|');
      return parts
        .filter((part) => part.words > 0)
        .map(hint)
        .join('');
    case 'block':
      return listHint(parts, ' ');
    case 'pure-token':
      return '';
    default:
      return hasValue ? '' : shownName(argument);
  }
}

/** `[name ...]`, whatever has been typed of it. */
function repetitionHint(argument: CommandArgument): string {
  const { type, token, isTokenMultiple } = argument;
  const { parts } = new Progress(argument);
  const word = isTokenMultiple && token !== null ? tokenText(token, type) : '';
  let value = '';
  if (type === 'oneof' || type === 'block') value = listHint(parts, type === 'oneof' ? '|' : ' ');
  else if (type !== 'pure-token') value = shownName(argument);
  return `[${word}${value} ...]`;
}

function tokenText(token: string, type: CommandArgument['type']): string {
  return (token === '' ? '""' : token) + (type === 'pure-token' ? '' : ' ');
}

function shownName({ displayText, name }: CommandArgument): string {
  return (displayText ?? name) || '""';
}

function nextRequired(list: readonly Progress[], from: number): number {
  const found = list.findIndex(({ argument }, index) => index >= from && !argument.isOptional);
  return found === -1 ? list.length : found;
}
