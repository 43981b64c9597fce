/**
 * What a configuration directive is: its name's entry in the one table that drives parsing, CONFIG GET, SET and
 * REWRITE and the command line.
 *
 * A directive is a value type (how text becomes a value and back) plus traits (may it change at run time, is
 * it shown). Nothing in here knows a particular directive; those are listed by theme in directives/.
 */

/** The outcome of reading a value: the value, or why it is refused (the end of Redis's error text). */
export type Parsed<Value> = { readonly value: Value } | { readonly refusal: string };

/** What reading a value may need besides its words. */
export interface ParseContext<Value> {
  /** The value before this one. */
  readonly present: Value;
  /** An earlier line of the same load has already set this directive: `save` lines add up. */
  readonly repeated: boolean;
  /** Enters a directory, as `dir` does while it is read. Returns the reason when that is impossible. */
  changeDirectory(path: string): Parsed<string>;
}

/** One line that CONFIG REWRITE would write for a directive. */
export interface RewriteLine {
  readonly text: string;
  /** Written even when the file has no line of this option to replace: the value is not the default. */
  readonly force: boolean;
}

/** How the text of a directive becomes a value and back. */
export interface ValueType<Value> {
  /** Takes any number of words; otherwise exactly one. A single word in a file is split at its blanks. */
  readonly severalWords: boolean;
  parse(words: readonly string[], context: ParseContext<Value>): Parsed<Value>;
  /** The text CONFIG GET answers, which `parse` accepts. */
  format(value: Value): string;
  equals(a: Value, b: Value): boolean;
  /** What follows the name on the lines of a rewritten file. No lines: the directive is taken out of it. */
  rewrite(value: Value, defaultValue: Value): readonly RewriteLine[];
}

/**
 * What a directive does in this server.
 * - `full`: as in Redis.
 * - `pending`: accepted, kept and shown, but the part that would act on it is not there yet.
 * - `none`: accepted so that existing files work; there is nothing here that it could act on.
 */
export type Effect = 'full' | 'pending' | 'none';

/** Everything about a directive besides its values. */
export interface Traits {
  /** The older or newer second name: in files, GET and SET both are understood. */
  readonly alias?: string;
  /** Set at start only. */
  readonly immutable?: boolean;
  /** Not listed by patterns of CONFIG GET, only by its exact name. */
  readonly hidden?: boolean;
  /** CONFIG SET needs `enable-protected-configs`. */
  readonly protected?: boolean;
  /** CONFIG SET is refused while a dataset is being loaded. */
  readonly deniedWhileLoading?: boolean;
  /** The value is kept out of MONITOR, SLOWLOG and logs. */
  readonly sensitive?: boolean;
  /** `full` when absent. */
  readonly effect?: Effect;
}

export interface Directive<Value> extends Traits {
  readonly type: ValueType<Value>;
  readonly defaultValue: Value;
}

/** A part of the table: directives by name. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table of directives of all value types
export type DirectiveTable = Readonly<Record<string, Directive<any>>>;

/** The values of a table of directives, by name. */
export type ValuesOf<Table extends DirectiveTable> = {
  -readonly [Name in keyof Table]: Table[Name] extends Directive<infer Value> ? Value : never;
};

export function accepted<Value>(value: Value): Parsed<Value> {
  return { value };
}

export function refused(refusal: string): { readonly refusal: string } {
  return { refusal };
}
