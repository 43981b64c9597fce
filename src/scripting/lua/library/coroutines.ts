/** `coroutine`. The machine does the switching; here are its requests. */
import { Coroutine } from '../coroutine.js';
import { BadArgument, LuaError } from '../error.js';
import { CallbackFunction, type Callback } from '../function.js';
import type { Machine } from '../machine.js';
import { LuaTable } from '../table.js';
import type { LuaValue } from '../value.js';
import { addFunctions, checkFunction, type Args } from './arguments.js';
import { caught } from './base.js';

export function openCoroutines(machine: Machine): void {
  const library = new LuaTable(machine.heap);
  addFunctions(library, {
    create: (args) => [new Coroutine(checkFunction(args, 0))],
    status: (args) => [checkCoroutine(args).status],
    running: (_args, owner) => [owner.current.resumer === null ? undefined : owner.current],
    wrap: (args) => {
      const coroutine = new Coroutine(checkFunction(args, 0));
      return [new CallbackFunction((given, owner) => resumeWrapped(coroutine, given, owner))];
    },
  });
  library.set('resume', new CallbackFunction(resume));
  library.set(
    'yield',
    new CallbackFunction(function* (values): Callback {
      return yield { kind: 'yield', values };
    }),
  );
  machine.globals.set('coroutine', library);
}

function checkCoroutine(args: Args): Coroutine {
  const [value] = args;
  if (value instanceof Coroutine) return value;
  throw new BadArgument(1, 'coroutine expected');
}

function* resume(args: LuaValue[]): Callback {
  const coroutine = checkCoroutine(args);
  if (coroutine.status !== 'suspended') {
    return [false, `cannot resume ${coroutine.status === 'dead' ? 'dead' : 'non-suspended'} coroutine`];
  }
  try {
    return [true, ...(yield { kind: 'resume', coroutine, args: args.slice(1) })];
  } catch (error) {
    return [false, caught(error)];
  }
}

function* resumeWrapped(coroutine: Coroutine, args: LuaValue[], machine: Machine): Callback {
  if (coroutine.status !== 'suspended') {
    const state = coroutine.status === 'dead' ? 'dead' : 'non-suspended';
    throw new LuaError(`${machine.where(2)}cannot resume ${state} coroutine`, machine.position());
  }
  return yield { kind: 'resume', coroutine, args };
}
