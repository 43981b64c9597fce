/** `table`: lists. */
import { BadArgument, Complaint } from '../error.js';
import { call, CallbackFunction, type Callback, type MachineRequest } from '../function.js';
import type { Machine } from '../machine.js';
import { numberToString } from '../numbers.js';
import { checkStringLength, comparisonHandler, incomparable } from '../operations.js';
import { LuaTable } from '../table.js';
import { isTruthy, typeName, type LuaValue } from '../value.js';
import {
  addFunctions,
  checkFunction,
  checkInteger,
  checkTable,
  optionalInteger,
  optionalString,
} from './arguments.js';

export function openTables(machine: Machine): void {
  const library = new LuaTable(machine.heap);
  addFunctions(library, {
    getn: (args) => [checkTable(args, 0).length],
    maxn: (args) => {
      let max = 0;
      checkTable(args, 0).forEach((key) => {
        if (typeof key === 'number' && key > max) max = key;
      });
      return [max];
    },
    setn: () => {
      throw new Complaint("'setn' is obsolete");
    },
    insert,
    remove,
    concat,
  });
  library.set('sort', new CallbackFunction(sort));
  library.set('foreach', new CallbackFunction(forEach));
  library.set('foreachi', new CallbackFunction(forEachIndex));
  machine.globals.set('table', library);
}

function insert(args: LuaValue[], machine: Machine): LuaValue[] {
  const table = checkTable(args, 0);
  checkWritable(table, machine);
  const end = table.length + 1;
  if (args.length === 2) {
    table.set(end, args[1]);
    return [];
  }
  if (args.length !== 3) throw new Complaint("wrong number of arguments to 'insert'");
  const position = checkInteger(args, 1);
  if (position >= 1 && position < end && args[2] !== undefined) {
    table.array.splice(position - 1, 0, args[2]);
    return [];
  }
  for (let i = Math.max(position, end); i > position; i--) table.set(i, table.get(i - 1));
  table.set(position, args[2]);
  return [];
}

function remove(args: LuaValue[], machine: Machine): LuaValue[] {
  const table = checkTable(args, 0);
  checkWritable(table, machine);
  const end = table.length;
  const position = optionalInteger(args, 1, end);
  if (position < 1 || position > end) return [];
  const value = table.get(position);
  table.array.splice(position - 1, 1);
  // What follows a gap may be at the end now.
  if (table.array.length > 0) table.set(table.array.length, table.array[table.array.length - 1]);
  return [value];
}

function checkWritable(table: LuaTable, machine: Machine): void {
  if (table.isReadOnly) machine.complainPlainly('Attempt to modify a readonly table');
}

function concat(args: LuaValue[], machine: Machine): LuaValue[] {
  const table = checkTable(args, 0);
  const separator = optionalString(args, 1, '');
  const from = optionalInteger(args, 2, 1);
  const to = optionalInteger(args, 3, table.length);
  const pieces: string[] = [];
  let bytes = 0;
  for (let i = from; i <= to; i++) {
    const value = table.get(i);
    const piece = typeof value === 'number' ? numberToString(value) : value;
    if (typeof piece !== 'string') {
      machine.complain(`invalid value (${typeName(value)}) at index ${i} in table for 'concat'`);
    }
    pieces.push(piece);
    bytes += piece.length + separator.length;
    checkStringLength(machine, bytes);
  }
  machine.account(bytes);
  return [pieces.join(separator)];
}

/** Sorts by merging: equal elements keep their order, and an inconsistent comparison does no harm. */
function* sort(args: LuaValue[], machine: Machine): Callback {
  const table = checkTable(args, 0);
  const comparison = args[1] === undefined ? undefined : checkFunction(args, 1);
  const values = table.array.slice();
  if (comparison === undefined && isPlain(values, 'number')) {
    values.sort((a, b) => (a as number) - (b as number));
  } else if (comparison === undefined && isPlain(values, 'string')) {
    values.sort((a, b) => ((a as string) < (b as string) ? -1 : 1));
  } else {
    yield* mergeSort(values, machine, comparison);
  }
  checkWritable(table, machine);
  values.forEach((value, i) => table.set(i + 1, value));
  return [];
}

function isPlain(values: readonly LuaValue[], type: 'number' | 'string'): boolean {
  return values.every((value) => typeof value === type);
}

function* mergeSort(
  values: LuaValue[],
  machine: Machine,
  comparison: LuaValue,
): Generator<MachineRequest, void, LuaValue[]> {
  let from = values;
  let to: LuaValue[] = new Array<LuaValue>(values.length).fill(undefined);
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        let takesRight = left >= middle;
        if (!takesRight && right < end) {
          const [isLess] = yield* lessThan(machine, comparison, from[right], from[left]);
          takesRight = isTruthy(isLess);
        }
        to[at] = takesRight ? from[right++] : from[left++];
      }
    }
    [from, to] = [to, from];
  }
  if (from !== values) from.forEach((value, i) => (values[i] = value));
}

function* lessThan(machine: Machine, comparison: LuaValue, a: LuaValue, b: LuaValue): Callback {
  if (comparison !== undefined) return yield* call(comparison, [a, b]);
  if (typeof a === 'number' && typeof b === 'number') return [a < b];
  if (typeof a === 'string' && typeof b === 'string') return [a < b];
  const handler = comparisonHandler(machine, '__lt', a, b);
  if (handler === undefined) machine.complainPlainly(incomparable(a, b));
  return yield* call(handler, [a, b]);
}

function* forEach(args: LuaValue[]): Callback {
  const table = checkTable(args, 0);
  const visitor = checkFunction(args, 1);
  let key: LuaValue = undefined;
  for (;;) {
    const place = table.placeAfter(key);
    if (place < 0) throw new BadArgument(1, "invalid key to 'next'");
    const occupied = table.occupiedPlace(place);
    if (occupied < 0) return [];
    key = table.keyAt(occupied);
    const results = yield* call(visitor, [key, table.valueAt(occupied)]);
    if (results[0] !== undefined) return [results[0]];
  }
}

function* forEachIndex(args: LuaValue[]): Callback {
  const table = checkTable(args, 0);
  const visitor = checkFunction(args, 1);
  const end = table.length;
  for (let i = 1; i <= end; i++) {
    const results = yield* call(visitor, [i, table.get(i)]);
    if (results[0] !== undefined) return [results[0]];
  }
  return [];
}
