/** Errors of scripts. They are values: any Lua value can be thrown, and `pcall` hands it over. */
import type { LuaValue } from './value.js';

/** Where an error was raised. */
export interface SourcePosition {
  readonly source: string;
  readonly line: number;
}

/** An error on its way to a `pcall` or to whoever runs the script. */
export class LuaError extends Error {
  constructor(
    readonly value: LuaValue,
    /** Null when no Lua code was running. */
    readonly position: SourcePosition | null,
    /** No pcall catches it: the script was killed. */
    readonly isFinal = false,
  ) {
    super(typeof value === 'string' ? value : 'Lua error');
  }
}

/** Thrown by functions in TypeScript: the machine puts `source:line:` of the caller in front of the text. */
export class Complaint extends Error {}

/** A wrong argument: the machine adds the name of the function as the caller knows it. */
export class BadArgument extends Error {
  constructor(
    /** 1 is the first. */
    readonly position: number,
    readonly reason: string,
  ) {
    super(reason);
  }
}

/** The source does not compile. The text is complete: `source:line: reason near 'token'`. */
export class LuaSyntaxError extends Error {}
