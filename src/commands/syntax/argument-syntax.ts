/**
 * The notation in which the arguments of commands are written down, and what COMMAND DOCS makes of it.
 *
 *   name                 a value, a string unless a type follows: `count:integer`
 *   key@0                a key, told by the command's first key specification; `:key` without one
 *   name/shown           a value that people are shown under another name
 *   TOKEN                the word itself; `TOKEN(name)` when it has another name; `""` is an empty word
 *   TOKEN=name           a value behind a word; `TOKEN...=name`: both may be repeated
 *   [argument]           may be left out
 *   argument...          may be repeated
 *   name<one|other>      one of several
 *   name{first second}   several, in this order
 *   argument^6.2.0       known since that version; argument!6.2.0: not to be used any more since then
 */

import { toLowerAscii } from '../../resp/ascii.js';

export type ArgumentType =
  'string' | 'integer' | 'double' | 'key' | 'pattern' | 'unix-time' | 'pure-token' | 'oneof' | 'block';

export interface CommandArgument {
  readonly name: string;
  readonly type: ArgumentType;
  /** What people are shown; null where that is made of the parts. */
  readonly displayText: string | null;
  /** Index of the key specification that finds it. */
  readonly keySpec: number | null;
  readonly token: string | null;
  readonly since: string | null;
  readonly deprecatedSince: string | null;
  readonly isOptional: boolean;
  readonly isMultiple: boolean;
  /** The token is repeated with the value. */
  readonly isTokenMultiple: boolean;
  /** The alternatives, or the parts of a block. */
  readonly parts: readonly CommandArgument[];
}

/** @throws Error when the text is no such notation */
export function parseSyntax(text: string): CommandArgument[] {
  return new SyntaxParser(text).sequence(' ', '');
}

/** A name, a token, or the token `=`. */
const WORD = /=|[^\s[\]<>{}|()=^.!@:/]+/;
const VERSION = /[0-9]+\.[0-9]+\.[0-9]+/;
const DISPLAY = /[a-z][a-z0-9_:-]*/;
const TYPE = /[a-z]+(-[a-z]+)*/;
const INDEX = /[0-9]+/;
const VALUE_MARKS = ['@', ':', '/', '<', '{', '.'];

class SyntaxParser {
  private position = 0;

  constructor(private readonly text: string) {}

  /** Arguments up to `end` ('' is the end of the text). */
  sequence(separator: ' ' | '|', end: string): CommandArgument[] {
    const found = [this.argument()];
    while (this.takes(separator)) found.push(this.argument());
    if (end === '' ? this.position < this.text.length : !this.takes(end)) this.fail();
    return found;
  }

  private argument(): CommandArgument {
    if (!this.takes('[')) return this.required();
    const argument = { ...this.required(), isOptional: true };
    if (!this.takes(']')) this.fail();
    return argument;
  }

  private required(): CommandArgument {
    const word = this.match(WORD);
    if (this.text.startsWith('...=', this.position)) {
      this.position += 4;
      return { ...this.value(this.match(WORD)), token: word, isMultiple: true, isTokenMultiple: true };
    }
    if (this.takes('=')) return { ...this.value(this.match(WORD)), token: word };
    const next = this.text[this.position] ?? '';
    const isValue = next !== '(' && (/[a-z]/.test(word) || VALUE_MARKS.includes(next));
    return isValue ? this.value(word) : this.pureToken(word);
  }

  private pureToken(token: string): CommandArgument {
    let name = toLowerAscii(token);
    if (this.takes('(')) {
      name = this.match(WORD);
      if (!this.takes(')')) this.fail();
    }
    return this.withVersions({
      ...BARE,
      name,
      type: 'pure-token',
      displayText: name,
      token: token === '""' ? '' : token,
    });
  }

  private value(name: string): CommandArgument {
    const keySpec = this.takes('@') ? Number(this.match(INDEX)) : null;
    const typeName = this.takes(':') ? this.match(TYPE) : keySpec === null ? 'string' : 'key';
    const displayText = this.takes('/') ? this.match(DISPLAY) : name;
    let argument: CommandArgument = { ...BARE, name, type: typeName as ArgumentType, displayText, keySpec };
    if (this.takes('<')) {
      argument = { ...argument, type: 'oneof', displayText: null, parts: this.sequence('|', '>') };
    } else if (this.takes('{')) {
      argument = { ...argument, type: 'block', displayText: null, parts: this.sequence(' ', '}') };
    }
    if (this.takes('...')) argument = { ...argument, isMultiple: true };
    return this.withVersions(argument);
  }

  private withVersions(argument: CommandArgument): CommandArgument {
    const since = this.takes('^') ? this.match(VERSION) : null;
    const deprecatedSince = this.takes('!') ? this.match(VERSION) : null;
    return { ...argument, since, deprecatedSince };
  }

  private takes(mark: string): boolean {
    if (!this.text.startsWith(mark, this.position)) return false;
    this.position += mark.length;
    return true;
  }

  private match(pattern: RegExp): string {
    const found = pattern.exec(this.text.slice(this.position));
    if (found?.index !== 0) return this.fail();
    this.position += found[0].length;
    return found[0];
  }

  private fail(): never {
    throw new Error(`syntax of arguments: ${JSON.stringify(this.text)} at ${this.position}`);
  }
}

const BARE = {
  keySpec: null,
  token: null,
  since: null,
  deprecatedSince: null,
  isOptional: false,
  isMultiple: false,
  isTokenMultiple: false,
  parts: [],
} as const;
