/** Counts what a script can still reach: the only way to tell how much memory it really holds. */
import { Coroutine } from './coroutine.js';
import { Cell, Closure } from './function.js';
import { LuaTable } from './table.js';
import type { LuaValue } from './value.js';

const FUNCTION_BYTES = 64;

/**
 * Bytes reachable from these values; the count stops soon after `limitBytes`. JavaScript does not tell whether two
 * equal strings are one, so a string counts wherever it is held: rather too much than too little.
 */
export function takeCensus(roots: readonly (LuaValue | Coroutine)[], limitBytes: number): number {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [...roots];
  let bytes = 0;
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      bytes += value.length;
    } else if (typeof value === 'object' && value !== null && !seen.has(value)) {
      seen.add(value);
      waiting.push(value);
    }
  };
  for (const root of roots) seen.add(root);
  while (waiting.length > 0 && bytes <= limitBytes) {
    const object = waiting.pop();
    if (object instanceof LuaTable) {
      bytes += object.ownBytes;
      visit(object.metatable);
      object.forEach((key, value) => {
        visit(key);
        visit(value);
      });
    } else if (object instanceof Closure) {
      bytes += FUNCTION_BYTES;
      for (const cell of object.cells) visit(cell);
    } else if (object instanceof Cell) {
      visit(object.value);
    } else if (object instanceof Coroutine) {
      visitCoroutine(object, visit);
    }
  }
  return bytes;
}

function visitCoroutine(coroutine: Coroutine, visit: (value: unknown) => void): void {
  visit(coroutine.body);
  for (const frame of coroutine.frames) {
    if (!frame.isLua) continue;
    visit(frame.closure);
    for (const value of frame.varargs) visit(value);
    const end = Math.max(frame.base + frame.closure.prototype.registerCount, frame.top);
    for (let i = frame.base; i < end; i++) visit(coroutine.stack[i]);
  }
}
