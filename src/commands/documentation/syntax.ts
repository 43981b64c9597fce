/**
 * The notation in which the arguments of commands are documented, and what it says as the tree of COMMAND DOCS. It knows
 * no command and checks no request: what a command accepts is its handler's business.
 *
 * A sequence of arguments is separated by blanks. Each is
 * - a word in upper case, which stands for itself: `NX`; under another name `change="CH"`;
 * - a word in lower case, a value: `count:integer`, a string without a type, a key if it is called that;
 * - alternatives, `unit(M | KM)`, or several as one, `score_member{score:double member}`.
 *
 * A value may have a word in front that announces it (`COUNT count:integer`), and behind it the number of its key
 * specification if that is not the next one (`#2`), the version it came with (`@6.2.0`), that it went out of use with
 * (`!2.8.12`), `...` when it may be repeated and `*...` when so may the word in front. Brackets make it optional.
 */

export type ArgumentType =
  'string' | 'integer' | 'double' | 'key' | 'pattern' | 'unix-time' | 'pure-token' | 'oneof' | 'block';

export interface DocumentedArgument {
  readonly name: string;
  readonly type: ArgumentType;
  /** The word in front, or the argument itself if it is nothing but a word. */
  readonly token?: string;
  /** Which of the command's key specifications finds it. */
  readonly keySpecIndex?: number;
  readonly since?: string;
  readonly deprecatedSince?: string;
  readonly isOptional: boolean;
  readonly isMultiple: boolean;
  /** The token is repeated with the value. */
  readonly repeatsToken: boolean;
  /** What alternatives there are, or what the block is made of. */
  readonly parts: readonly DocumentedArgument[];
}

const TOKEN = /[A-Z][A-Z0-9_.-]*/y;
const NAME = /[a-z][a-zA-Z0-9_-]*/y;
const QUOTED = /"([^"]*)"|'([^']*)'/y;
const TYPE = /:(string|integer|double|key|pattern|unix-time)\b/y;
const KEY_INDEX = /#(\d+)/y;
const SINCE = /@(\d+\.\d+\.\d+)/y;
const DEPRECATED_SINCE = /!(\d+\.\d+\.\d+)/y;

/** Reads the notation. Throws a SyntaxError where the text does not follow it. */
export function parseSyntax(text: string): DocumentedArgument[] {
  return new SyntaxParser(text).parse();
}

class SyntaxParser {
  private position = 0;
  private nextKeySpec = 0;

  constructor(private readonly text: string) {}

  parse(): DocumentedArgument[] {
    const found = this.sequence();
    if (this.position < this.text.length) this.fail();
    return found;
  }

  private sequence(): DocumentedArgument[] {
    const found = [this.argument()];
    while (this.text[this.position] === ' ' && this.text[this.position + 1] !== '|') {
      this.position++;
      found.push(this.argument());
    }
    return found;
  }

  private argument(): DocumentedArgument {
    if (!this.takes('[')) return this.body();
    const inner = this.body();
    this.expect(']');
    return { ...inner, isOptional: true };
  }

  private body(): DocumentedArgument {
    const token = this.match(TOKEN)?.[0];
    if (token === undefined) return this.value(undefined);
    if (/^ [a-z"']/.test(this.text.slice(this.position, this.position + 2))) {
      this.position++;
      return this.value(token);
    }
    return this.suffixed({ name: token.toLowerCase(), type: 'pure-token', token, parts: [] });
  }

  private value(token: string | undefined): DocumentedArgument {
    const name = this.quoted() ?? this.match(NAME)?.[0];
    if (name === undefined) return this.fail();
    if (this.takes('=')) {
      const word = this.quoted() ?? this.fail();
      return this.suffixed({ name, type: 'pure-token', token: word, parts: [] });
    }
    if (this.takes('(')) return this.suffixed({ name, type: 'oneof', token, parts: this.alternatives() });
    if (this.takes('{')) {
      const parts = this.sequence();
      this.expect('}');
      return this.suffixed({ name, type: 'block', token, parts });
    }
    const type = this.match(TYPE)?.[1] as ArgumentType | undefined;
    return this.suffixed({ name, type: type ?? (name === 'key' ? 'key' : 'string'), token, parts: [] });
  }

  private alternatives(): DocumentedArgument[] {
    const found = [this.argument()];
    while (this.takes(' | ')) found.push(this.argument());
    this.expect(')');
    return found;
  }

  private suffixed(head: Pick<DocumentedArgument, 'name' | 'type' | 'token' | 'parts'>): DocumentedArgument {
    const keySpecIndex = this.keySpecIndex(head.type);
    const since = this.match(SINCE)?.[1];
    const deprecatedSince = this.match(DEPRECATED_SINCE)?.[1];
    const repeatsToken = this.takes('*');
    const isMultiple = this.takes('...');
    return { ...head, keySpecIndex, since, deprecatedSince, isOptional: false, isMultiple, repeatsToken };
  }

  private keySpecIndex(type: ArgumentType): number | undefined {
    const explicit = this.match(KEY_INDEX)?.[1];
    if (explicit === undefined && type !== 'key') return undefined;
    const index = explicit === undefined ? this.nextKeySpec : Number(explicit);
    this.nextKeySpec = index + 1;
    return index;
  }

  private quoted(): string | undefined {
    const found = this.match(QUOTED);
    return found?.[1] ?? found?.[2];
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    if (found !== null) this.position += found[0].length;
    return found;
  }

  private takes(literal: string): boolean {
    if (!this.text.startsWith(literal, this.position)) return false;
    this.position += literal.length;
    return true;
  }

  private expect(literal: string): void {
    if (!this.takes(literal)) this.fail();
  }

  private fail(): never {
    throw new SyntaxError(`syntax of a command: unexpected text at ${this.position} of "${this.text}"`);
  }
}
