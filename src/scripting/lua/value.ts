/**
 * What a Lua value is here: nil is `undefined`, booleans, numbers (doubles) and strings (bytes, one latin1 character
 * each) are JavaScript's own; the rest are the classes of this folder. Nothing here knows Redis.
 */
import type { Coroutine } from './coroutine.js';
import type { LuaFunction } from './function.js';
import type { LuaTable } from './table.js';

/** A value scripts can hold and compare but not look into, such as `cjson.null`. */
export class Opaque {
  constructor(
    readonly typeName: 'userdata',
    /** What JSON and tostring call it. */
    readonly label: string,
  ) {}
}

export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction | Coroutine | Opaque;

export type LuaTypeName =
  'nil' | 'boolean' | 'number' | 'string' | 'table' | 'function' | 'thread' | 'userdata';

export function typeName(value: LuaValue): LuaTypeName {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'boolean':
      return 'boolean';
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    default:
      return value.typeName;
  }
}

/** Everything but nil and false counts as true. */
export function isTruthy(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}
