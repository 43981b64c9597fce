/**
 * Operations on values beyond the plain cases: coercions, metamethods, and the texts of the errors when neither helps.
 * A result goes to an absolute stack position, or, when a metamethod is a Lua function, that function's frame is put on
 * top and its result goes there later.
 */
import { LuaTable } from './table.js';
import type { Machine } from './machine.js';
import { numberToString, stringToNumber } from './numbers.js';
import { typeName, type LuaValue } from './value.js';
import { compareBytes } from '../../resp/ascii.js';

export type ArithmeticEvent = '__add' | '__sub' | '__mul' | '__div' | '__mod' | '__pow';

/** Chains of `__index` and `__newindex` longer than this are taken for circles. */
const MAX_CHAIN = 100;
/** No string can be longer: V8 takes no more than half a gigabyte. */
const MAX_STRING_BYTES = 512 * 1024 * 1024 - 25;

/** The metamethod of a value, or undefined. */
export function metamethod(machine: Machine, value: LuaValue, event: string): LuaValue {
  return machine.metatableOf(value)?.getString(event);
}

/** A value as a number, as arithmetic sees it. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? stringToNumber(value) : undefined;
}

export function index(machine: Machine, from: LuaValue, key: LuaValue, at: number): void {
  let object = from;
  for (let i = 0; i < MAX_CHAIN; i++) {
    let handler: LuaValue;
    if (object instanceof LuaTable) {
      const value = object.get(key);
      handler = value === undefined ? object.metatable?.getString('__index') : undefined;
      if (handler === undefined) {
        machine.current.stack[at] = value;
        return;
      }
    } else {
      handler = metamethod(machine, object, '__index');
      if (handler === undefined) machine.failOn('index', object, i === 0 ? 1 : -1);
    }
    if (typeName(handler) === 'function') {
      machine.invoke(handler, [object, key], { kind: 'registers', at, count: 1 });
      return;
    }
    object = handler;
  }
  machine.complain('loop in gettable');
}

/** @param scratch where a metamethod's unwanted result may go */
export function setIndex(
  machine: Machine,
  into: LuaValue,
  key: LuaValue,
  value: LuaValue,
  scratch: number,
): void {
  let object = into;
  for (let i = 0; i < MAX_CHAIN; i++) {
    let handler: LuaValue;
    if (object instanceof LuaTable) {
      handler =
        object.metatable === null || object.get(key) !== undefined
          ? undefined
          : object.metatable.getString('__newindex');
      if (handler === undefined) {
        assign(machine, object, key, value);
        return;
      }
    } else {
      handler = metamethod(machine, object, '__newindex');
      if (handler === undefined) machine.failOn('index', object, i === 0 ? 0 : -1);
    }
    if (typeName(handler) === 'function') {
      machine.invoke(handler, [object, key, value], { kind: 'registers', at: scratch, count: 0 });
      return;
    }
    object = handler;
  }
  machine.complain('loop in settable');
}

/** Sets an element without metamethods, but with everything else that can be wrong. */
export function assign(machine: Machine, table: LuaTable, key: LuaValue, value: LuaValue): void {
  if (table.isReadOnly) machine.complain('Attempt to modify a readonly table');
  if (key === undefined) machine.complain('table index is nil');
  if (key !== key) machine.complain('table index is NaN');
  table.set(key, value);
}

export function compute(event: ArithmeticEvent, left: number, right: number): number {
  switch (event) {
    case '__add':
      return left + right;
    case '__sub':
      return left - right;
    case '__mul':
      return left * right;
    case '__div':
      return left / right;
    case '__mod':
      return left - Math.floor(left / right) * right;
    case '__pow':
      return power(left, right);
  }
}

/** C's pow: 1 to whatever power is 1, even NaN. */
export function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return Math.pow(base, exponent);
}

export function arithmetic(
  machine: Machine,
  event: ArithmeticEvent,
  left: LuaValue,
  right: LuaValue,
  at: number,
): void {
  const leftNumber = toNumber(left);
  const rightNumber = toNumber(right);
  if (leftNumber !== undefined && rightNumber !== undefined) {
    machine.current.stack[at] = compute(event, leftNumber, rightNumber);
    return;
  }
  const handler = metamethod(machine, left, event) ?? metamethod(machine, right, event);
  if (handler === undefined) {
    const isLeft = leftNumber === undefined;
    machine.failOn('perform arithmetic on', isLeft ? left : right, isLeft ? 1 : 2);
  }
  machine.invoke(handler, [left, right], { kind: 'registers', at, count: 1 });
}

export function negate(machine: Machine, value: LuaValue, at: number): void {
  const number = toNumber(value);
  if (number !== undefined) {
    machine.current.stack[at] = -number;
    return;
  }
  const handler = metamethod(machine, value, '__unm');
  if (handler === undefined) machine.failOn('perform arithmetic on', value, 1);
  machine.invoke(handler, [value, value], { kind: 'registers', at, count: 1 });
}

export function lengthOf(machine: Machine, value: LuaValue, at: number): void {
  const { stack } = machine.current;
  if (value instanceof LuaTable) {
    stack[at] = value.length;
    return;
  }
  if (typeof value === 'string') {
    stack[at] = value.length;
    return;
  }
  const handler = metamethod(machine, value, '__len');
  if (handler === undefined) machine.failOn('get length of', value, 1);
  machine.invoke(handler, [value], { kind: 'registers', at, count: 1 });
}

export function concatenate(machine: Machine, left: LuaValue, right: LuaValue, at: number): void {
  const head = typeof left === 'number' ? numberToString(left) : left;
  const tail = typeof right === 'number' ? numberToString(right) : right;
  if (typeof head === 'string' && typeof tail === 'string') {
    machine.account(head.length + tail.length);
    machine.current.stack[at] = head + tail;
    return;
  }
  const handler = metamethod(machine, left, '__concat') ?? metamethod(machine, right, '__concat');
  if (handler === undefined) {
    const isLeft = typeof head !== 'string';
    machine.failOn('concatenate', isLeft ? left : right, isLeft ? 1 : 2);
  }
  machine.invoke(handler, [left, right], { kind: 'registers', at, count: 1 });
}

/** Refuses a string that cannot be held. */
export function checkStringLength(machine: Machine, lengthBytes: number): void {
  if (lengthBytes > MAX_STRING_BYTES) machine.complain('not enough memory');
}

/** Whether two different objects are equal by their common `__eq`; jumps to `target` if that is `wanted`. */
export function equalsSlowly(
  machine: Machine,
  left: LuaValue,
  right: LuaValue,
  target: number,
  wanted: boolean,
): void {
  const result = { kind: 'test', at: target, count: wanted ? 1 : 0 } as const;
  if (left instanceof LuaTable && right instanceof LuaTable) {
    const handler = left.metatable?.getString('__eq');
    if (handler !== undefined && handler === right.metatable?.getString('__eq')) {
      machine.invoke(handler, [left, right], result);
      return;
    }
  }
  machine.deliver(result, [false]);
}

export function compareSlowly(
  machine: Machine,
  event: '__lt' | '__le',
  left: LuaValue,
  right: LuaValue,
  target: number,
  wanted: boolean,
): void {
  const result = { kind: 'test', at: target, count: wanted ? 1 : 0 } as const;
  if (typeof left === 'string' && typeof right === 'string') {
    const order = compareBytes(left, right);
    machine.deliver(result, [event === '__lt' ? order < 0 : order <= 0]);
    return;
  }
  const handler = comparisonHandler(machine, event, left, right);
  if (handler !== undefined) {
    machine.invoke(handler, [left, right], result);
    return;
  }
  // a <= b may also be told by not (b < a).
  const opposite = event === '__le' ? comparisonHandler(machine, '__lt', left, right) : undefined;
  if (opposite === undefined) machine.complain(incomparable(left, right));
  machine.invoke(opposite, [right, left], { ...result, count: wanted ? 0 : 1 });
}

/** Both must have the same one, and be of the same type. */
export function comparisonHandler(
  machine: Machine,
  event: '__lt' | '__le',
  left: LuaValue,
  right: LuaValue,
): LuaValue {
  if (typeName(left) !== typeName(right)) return undefined;
  const handler = metamethod(machine, left, event);
  return handler === metamethod(machine, right, event) ? handler : undefined;
}

export function incomparable(left: LuaValue, right: LuaValue): string {
  const [first, second] = [typeName(left), typeName(right)];
  return first === second
    ? `attempt to compare two ${first} values`
    : `attempt to compare ${first} with ${second}`;
}
