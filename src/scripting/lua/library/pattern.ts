/** Lua's patterns: `%a`, `[set]`, `*+-?`, captures, `%b()`, `%f[set]`, `%1`. */
import { Complaint } from '../error.js';
import type { LuaValue } from '../value.js';

const MAX_CAPTURES = 32;
const POSITION = -2;
const UNCLOSED = -1;
/** Deeper recursion than this would end the process's own stack. */
const MAX_DEPTH = 5000;

interface Capture {
  start: number;
  length: number;
}

export class PatternMatch {
  private captures: Capture[] = [];
  private depth = 0;

  constructor(
    private readonly subject: string,
    private readonly pattern: string,
  ) {}

  /** Matches at a position of the subject, from a position of the pattern on; returns the end, or -1. */
  at(position: number, patternStart: number): number {
    this.captures.length = 0;
    this.depth = 0;
    return this.match(position, patternStart);
  }

  get captureCount(): number {
    return this.captures.length;
  }

  whole(start: number, end: number): string {
    return this.subject.slice(start, end);
  }

  /** A capture; number 0 of a pattern without captures is the whole match. */
  capture(number: number, start: number, end: number): LuaValue {
    if (number >= this.captures.length) {
      if (number !== 0) throw new Complaint('invalid capture index');
      return this.subject.slice(start, end);
    }
    const { start: from, length } = this.captures[number];
    if (length === UNCLOSED) throw new Complaint('unfinished capture');
    return length === POSITION ? from + 1 : this.subject.slice(from, from + length);
  }

  /** All captures, or the whole match if there are none. */
  allCaptures(start: number, end: number): LuaValue[] {
    const count = Math.max(1, this.captures.length);
    return Array.from({ length: count }, (_, i) => this.capture(i, start, end));
  }

  private match(from: number, patternFrom: number): number {
    if (++this.depth > MAX_DEPTH) throw new Complaint('pattern too complex');
    try {
      return this.matchDefault(from, patternFrom);
    } finally {
      this.depth--;
    }
  }

  private matchDefault(from: number, patternFrom: number): number {
    const { pattern, subject } = this;
    let s = from;
    let p = patternFrom;
    while (p < pattern.length) {
      const item = pattern[p];
      if (item === '(') {
        return pattern[p + 1] === ')'
          ? this.startCapture(s, p + 2, POSITION)
          : this.startCapture(s, p + 1, UNCLOSED);
      }
      if (item === ')') return this.endCapture(s, p + 1);
      if (item === '$' && p + 1 === pattern.length) return s === subject.length ? s : -1;
      if (item === '%') {
        const kind = pattern[p + 1];
        if (kind === 'b') {
          s = this.matchBalance(s, p + 2);
          if (s === -1) return -1;
          p += 4;
          continue;
        }
        if (kind === 'f') {
          p += 2;
          if (pattern[p] !== '[') throw new Complaint("missing '[' after '%f' in pattern");
          const end = this.classEnd(p);
          const before = s === 0 ? 0 : subject.charCodeAt(s - 1);
          const after = s < subject.length ? subject.charCodeAt(s) : 0;
          if (this.matchesSet(before, p, end - 1) || !this.matchesSet(after, p, end - 1)) return -1;
          p = end;
          continue;
        }
        if (kind >= '0' && kind <= '9') {
          s = this.matchBackReference(s, kind);
          if (s === -1) return -1;
          p += 2;
          continue;
        }
      }
      const end = this.classEnd(p);
      const suffix = pattern[end];
      if (suffix === '?') {
        if (s < subject.length && this.matchesSingle(s, p, end)) {
          const rest = this.match(s + 1, end + 1);
          if (rest !== -1) return rest;
        }
        p = end + 1;
        continue;
      }
      if (suffix === '*') return this.expandMost(s, p, end, 0);
      if (suffix === '+') return this.expandMost(s, p, end, 1);
      if (suffix === '-') return this.expandLeast(s, p, end);
      if (s >= subject.length || !this.matchesSingle(s, p, end)) return -1;
      s++;
      p = end;
    }
    return s;
  }

  private expandMost(s: number, p: number, end: number, least: number): number {
    let count = 0;
    while (s + count < this.subject.length && this.matchesSingle(s + count, p, end)) count++;
    for (; count >= least; count--) {
      const rest = this.match(s + count, end + 1);
      if (rest !== -1) return rest;
    }
    return -1;
  }

  private expandLeast(from: number, p: number, end: number): number {
    for (let s = from; ; s++) {
      const rest = this.match(s, end + 1);
      if (rest !== -1) return rest;
      if (s >= this.subject.length || !this.matchesSingle(s, p, end)) return -1;
    }
  }

  private startCapture(s: number, p: number, length: number): number {
    if (this.captures.length >= MAX_CAPTURES) throw new Complaint('too many captures');
    this.captures.push({ start: s, length });
    const end = this.match(s, p);
    if (end === -1) this.captures.pop();
    return end;
  }

  private endCapture(s: number, p: number): number {
    const capture = this.captures.findLast(({ length }) => length === UNCLOSED);
    if (capture === undefined) throw new Complaint('invalid pattern capture');
    capture.length = s - capture.start;
    const end = this.match(s, p);
    if (end === -1) capture.length = UNCLOSED;
    return end;
  }

  private matchBalance(from: number, p: number): number {
    const { pattern, subject } = this;
    if (p + 1 >= pattern.length) throw new Complaint('unbalanced pattern');
    if (subject[from] !== pattern[p]) return -1;
    let open = 1;
    for (let s = from + 1; s < subject.length; s++) {
      if (subject[s] === pattern[p + 1]) {
        if (--open === 0) return s + 1;
      } else if (subject[s] === pattern[p]) open++;
    }
    return -1;
  }

  private matchBackReference(s: number, digit: string): number {
    const index = Number(digit) - 1;
    const capture = this.captures[index];
    if (capture === undefined || capture.length === UNCLOSED) throw new Complaint('invalid capture index');
    const text = this.subject.slice(capture.start, capture.start + Math.max(0, capture.length));
    return this.subject.startsWith(text, s) ? s + text.length : -1;
  }

  private classEnd(from: number): number {
    const { pattern } = this;
    let p = from;
    const first = pattern[p++];
    if (first === '%') {
      if (p >= pattern.length) throw new Complaint("malformed pattern (ends with '%')");
      return p + 1;
    }
    if (first !== '[') return p;
    if (pattern[p] === '^') p++;
    do {
      if (p >= pattern.length) throw new Complaint("malformed pattern (missing ']')");
      if (pattern[p++] === '%' && p < pattern.length) p++;
    } while (pattern[p] !== ']' || p >= pattern.length);
    return p + 1;
  }

  private matchesSingle(s: number, p: number, end: number): boolean {
    const code = this.subject.charCodeAt(s);
    switch (this.pattern[p]) {
      case '.':
        return true;
      case '%':
        return matchesClass(code, this.pattern[p + 1]);
      case '[':
        return this.matchesSet(code, p, end - 1);
      default:
        return this.pattern.charCodeAt(p) === code;
    }
  }

  /** @param from of the opening bracket @param end of the closing one */
  private matchesSet(code: number, from: number, end: number): boolean {
    const { pattern } = this;
    let p = from + 1;
    const isNegated = pattern[p] === '^';
    if (isNegated) p++;
    for (; p < end; p++) {
      if (pattern[p] === '%') {
        p++;
        if (matchesClass(code, pattern[p])) return !isNegated;
      } else if (pattern[p + 1] === '-' && p + 2 < end) {
        if (pattern.charCodeAt(p) <= code && code <= pattern.charCodeAt(p + 2)) return !isNegated;
        p += 2;
      } else if (pattern.charCodeAt(p) === code) return !isNegated;
    }
    return isNegated;
  }
}

const isLower = (c: number): boolean => c >= 97 && c <= 122;
const isUpper = (c: number): boolean => c >= 65 && c <= 90;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isGraphic = (c: number): boolean => c > 32 && c < 127;
const isAlphanumeric = (c: number): boolean => isLower(c) || isUpper(c) || isDigit(c);

/** C's character classes, in the C locale. */
const CLASSES: Readonly<Record<string, ((c: number) => boolean) | undefined>> = {
  a: (c) => isLower(c) || isUpper(c),
  c: (c) => c < 32 || c === 127,
  d: isDigit,
  l: isLower,
  p: (c) => isGraphic(c) && !isAlphanumeric(c),
  s: (c) => c === 32 || (c >= 9 && c <= 13),
  u: isUpper,
  w: isAlphanumeric,
  x: (c) => isDigit(c) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70),
  z: (c) => c === 0,
};

function matchesClass(code: number, letter: string): boolean {
  const lower = letter >= 'A' && letter <= 'Z' ? letter.toLowerCase() : letter;
  const test = CLASSES[lower];
  if (test === undefined) return letter.charCodeAt(0) === code;
  return test(code) === (lower === letter);
}

const SPECIAL = /[\^$*+?.([%-]/;

/** Whether a pattern means just itself. */
export function isPlain(pattern: string): boolean {
  return !SPECIAL.test(pattern);
}
