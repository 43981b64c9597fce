/** `string`, which is also where the methods of strings are looked up. */
import { toLowerAscii, toUpperAscii } from '../../../resp/ascii.js';
import { BadArgument, Complaint } from '../error.js';
import {
  call,
  CallbackFunction,
  Closure,
  NativeFunction,
  type Callback,
  type MachineRequest,
} from '../function.js';
import type { Machine } from '../machine.js';
import { numberToString } from '../numbers.js';
import { checkStringLength } from '../operations.js';
import { LuaTable } from '../table.js';
import { isTruthy, typeName, type LuaValue } from '../value.js';
import { addFunctions, checkFunction, checkInteger, checkString, optionalInteger } from './arguments.js';
import { format } from './format.js';
import { isPlain, PatternMatch } from './pattern.js';

export function openStrings(machine: Machine): void {
  const library = new LuaTable(machine.heap);
  const gmatch = new NativeFunction(gmatchIterator);
  library.set('gmatch', gmatch);
  library.set('gfind', gmatch);
  library.set('gsub', new CallbackFunction(gsub));
  addFunctions(library, {
    format,
    len: (args) => [checkString(args, 0).length],
    lower: (args) => [toLowerAscii(checkString(args, 0))],
    upper: (args) => [toUpperAscii(checkString(args, 0))],
    reverse: (args) => {
      const text = checkString(args, 0);
      let reversed = '';
      for (let i = text.length - 1; i >= 0; i--) reversed += text[i];
      return [reversed];
    },
    sub: (args) => {
      const text = checkString(args, 0);
      const [from, to] = range(text.length, checkInteger(args, 1), optionalInteger(args, 2, -1));
      return [from > to ? '' : text.slice(from - 1, to)];
    },
    byte: (args) => {
      const text = checkString(args, 0);
      const first = optionalInteger(args, 1, 1);
      const [from, to] = range(text.length, first, optionalInteger(args, 2, first));
      if (to - from >= 8000) throw new Complaint('string slice too long');
      const codes: number[] = [];
      for (let i = from; i <= to; i++) codes.push(text.charCodeAt(i - 1));
      return codes;
    },
    char: (args) => {
      let text = '';
      for (let i = 0; i < args.length; i++) {
        const code = checkInteger(args, i);
        if (code < 0 || code > 255) throw new BadArgument(i + 1, 'invalid value');
        text += String.fromCharCode(code);
      }
      return [text];
    },
    rep: (args, owner) => {
      const text = checkString(args, 0);
      const count = checkInteger(args, 1);
      if (count <= 0) return [''];
      checkStringLength(owner, text.length * count);
      owner.account(text.length * count);
      return [text.repeat(count)];
    },
    find: (args) => find(args, true),
    match: (args) => find(args, false),
    // Nothing loads compiled functions, so there is nothing in it but the mark of one.
    dump: (args) => {
      if (checkFunction(args, 0) instanceof Closure) return ['\x1bLua'];
      throw new Complaint('unable to dump given function');
    },
  });
  machine.globals.set('string', library);
  const metatable = new LuaTable(machine.heap);
  metatable.set('__index', library);
  machine.stringMetatable = metatable;
}

/** A range of positions from 1 on; negative ones count from the end. */
function range(length: number, from: number, to: number): [number, number] {
  const first = from < 0 ? Math.max(length + from + 1, 1) : Math.max(from, 1);
  const last = to < 0 ? length + to + 1 : Math.min(to, length);
  return [first, last];
}

function find(args: LuaValue[], wantsPositions: boolean): LuaValue[] {
  const subject = checkString(args, 0);
  const pattern = checkString(args, 1);
  let start = optionalInteger(args, 2, 1);
  start = start < 0 ? Math.max(subject.length + start, 0) : Math.max(start - 1, 0);
  if (start > subject.length) start = subject.length;
  if (wantsPositions && (isTruthy(args[3]) || isPlain(pattern))) {
    const found = subject.indexOf(pattern, start);
    return found === -1 ? [undefined] : [found + 1, found + pattern.length];
  }
  const isAnchored = pattern.startsWith('^');
  const match = new PatternMatch(subject, pattern);
  for (let at = start; at <= subject.length; at++) {
    const end = match.at(at, isAnchored ? 1 : 0);
    if (end !== -1) {
      if (!wantsPositions) return match.allCaptures(at, end);
      return [at + 1, end, ...(match.captureCount === 0 ? [] : match.allCaptures(at, end))];
    }
    if (isAnchored) break;
  }
  return [undefined];
}

function gmatchIterator(args: LuaValue[]): LuaValue[] {
  const subject = checkString(args, 0);
  const match = new PatternMatch(subject, checkString(args, 1));
  let position = 0;
  return [
    new NativeFunction(() => {
      for (; position <= subject.length; position++) {
        const at = position;
        const end = match.at(at, 0);
        if (end === -1) continue;
        position = end === at ? end + 1 : end;
        return match.allCaptures(at, end);
      }
      return [undefined];
    }),
  ];
}

function* gsub(args: LuaValue[], machine: Machine): Callback {
  const subject = checkString(args, 0);
  const pattern = checkString(args, 1);
  const replacement = args[2];
  const type = typeName(replacement);
  if (type !== 'string' && type !== 'number' && type !== 'table' && type !== 'function') {
    throw new BadArgument(3, 'string/function/table expected');
  }
  const limit = optionalInteger(args, 3, subject.length + 1);
  const isAnchored = pattern.startsWith('^');
  const match = new PatternMatch(subject, pattern);
  let result = '';
  let position = 0;
  let count = 0;
  while (count < limit) {
    const end = match.at(position, isAnchored ? 1 : 0);
    if (end !== -1) {
      count++;
      const whole = subject.slice(position, end);
      const value = yield* replacementFor(match, replacement, position, end);
      const text = replaced(whole, value);
      machine.account(text.length);
      result += text;
    }
    if (end !== -1 && end > position) position = end;
    else if (position < subject.length) result += subject[position++];
    else break;
    if (isAnchored) break;
  }
  result += subject.slice(position);
  checkStringLength(machine, result.length);
  return [result, count];
}

function* replacementFor(
  match: PatternMatch,
  replacement: LuaValue,
  start: number,
  end: number,
): Generator<MachineRequest, LuaValue, LuaValue[]> {
  if (replacement instanceof LuaTable) {
    const key = match.capture(0, start, end);
    return key === undefined ? undefined : replacement.get(key);
  }
  if (typeName(replacement) === 'function') {
    const [value] = yield* call(replacement, match.allCaptures(start, end));
    return value;
  }
  const template = typeof replacement === 'number' ? numberToString(replacement) : String(replacement);
  return expand(template, match, start, end);
}

/** A replacement's `%1` and so on. */
function expand(template: string, match: PatternMatch, start: number, end: number): string {
  let text = '';
  for (let i = 0; i < template.length; i++) {
    const character = template[i];
    if (character !== '%') {
      text += character;
      continue;
    }
    const next = template[++i] ?? '\0';
    if (next < '0' || next > '9') text += next;
    else if (next === '0') text += match.whole(start, end);
    else {
      const capture = match.capture(Number(next) - 1, start, end);
      text += typeof capture === 'number' ? numberToString(capture) : String(capture);
    }
  }
  return text;
}

function replaced(whole: string, value: LuaValue): string {
  if (!isTruthy(value)) return whole;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberToString(value);
  throw new Complaint(`invalid replacement value (a ${typeName(value)})`);
}
