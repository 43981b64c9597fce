/** A library of functions: its source, and what it registers when it is loaded. */
import { LuaError, LuaSyntaxError } from '../lua/error.js';
import { CallbackFunction, Closure, NativeFunction, type LuaFunction } from '../lua/function.js';
import { addFunctions } from '../lua/library/arguments.js';
import { plainText } from '../lua/library/base.js';
import type { Machine } from '../lua/machine.js';
import { LuaTable } from '../lua/table.js';
import type { LuaValue } from '../lua/value.js';
import type { Engine } from '../engine.js';
import { argumentBytes } from '../result-writer.js';
import { fail, libraryWithoutCalls, type ScriptSurroundings } from '../redis-api.js';
import { parseFlag, ScriptFlags, type ScriptFlag } from '../script-flags.js';
import { splitWords, toLowerAscii } from '../../resp/ascii.js';

export interface LibraryFunction {
  readonly name: string;
  readonly description: string | null;
  readonly flags: ScriptFlags;
  readonly callback: LuaFunction;
  readonly library: Library;
}

export interface Library {
  readonly name: string;
  readonly source: string;
  /** By name in lower case. */
  readonly functions: Map<string, LibraryFunction>;
}

export type Metadata =
  | { readonly kind: 'right'; readonly name: string; readonly code: string }
  | { readonly kind: 'wrong'; readonly text: string };

const NAME_RULE =
  'can only contain letters, numbers, or underscores(_) and must be at least one character long';
const VALID_NAME = /^[A-Za-z0-9_]+$/;

/** Globals that a library cannot use while it is loaded: what they give would differ from server to server. */
const HIDDEN_WHILE_LOADING = ['math', 'getmetatable', 'os'] as const;

/** A library while it is loaded; afterwards nothing can be registered any more. */
interface Registrar {
  readonly library: Library;
  isOpen: boolean;
}

/** Work that loading a library may take: half a second's, or the server would stand still. */
const LOAD_WORK = 12_000_000;

/** Reads the first line of a library's source. */
export function readMetadata(source: string): Metadata {
  const end = source.indexOf('\n');
  if (!source.startsWith('#!')) return wrong('Missing library metadata');
  const words = end === -1 ? null : splitWords(source.slice(0, end));
  if (words === null || words.length === 0) return wrong('Invalid library metadata');
  const engine = words[0].slice(2);
  let name: string | null = null;
  for (const word of words.slice(1)) {
    if (!toLowerAscii(word).startsWith('name=')) return wrong(`Invalid metadata value given: ${word}`);
    if (name !== null) return wrong('Invalid metadata value, name argument was given multiple times');
    name = word.slice('name='.length);
  }
  if (name === null) return wrong('Library name was not given');
  if (!VALID_NAME.test(name)) return wrong(`Library names ${NAME_RULE}`);
  if (toLowerAscii(engine) !== 'lua') return wrong(`Engine '${engine}' not found`);
  return { kind: 'right', name, code: source.slice(end) };
}

function wrong(text: string): Metadata {
  return { kind: 'wrong', text: `ERR ${text}` };
}

/** Runs a library's source, in which it registers its functions. A string tells why that cannot be done. */
export function loadLibrary(
  engine: Engine,
  around: ScriptSurroundings,
  source: string,
  { name, code }: Extract<Metadata, { kind: 'right' }>,
): Library | string {
  const { machine } = engine;
  const library: Library = { name, source, functions: new Map() };
  let closure: Closure;
  try {
    closure = engine.compile(code, '@user_function');
  } catch (error) {
    if (error instanceof LuaSyntaxError) return `ERR Error compiling function: ${error.message}`;
    throw error;
  }
  const registrar: Registrar = { library, isOpen: true };
  const whole = [...HIDDEN_WHILE_LOADING, 'redis'].map(
    (name) => [name, machine.globals.getString(name)] as const,
  );
  for (const name of HIDDEN_WHILE_LOADING) engine.setGlobal(name, undefined);
  engine.setGlobal('redis', loadingLibrary(engine, around, registrar));
  try {
    machine.start(closure, []);
    if (!machine.run(LOAD_WORK)) return 'ERR Error registering functions: FUNCTION LOAD timeout';
  } catch (error) {
    if (error instanceof LuaError) return `ERR Error registering functions: ${errorText(machine, error)}`;
    throw error;
  } finally {
    registrar.isOpen = false;
    for (const [name, value] of whole) engine.setGlobal(name, value);
  }
  return library.functions.size === 0 ? 'ERR No functions registered' : library;
}

function errorText(machine: Machine, { value }: LuaError): string {
  if (!(value instanceof LuaTable)) return `ERR ${plainText(machine, value)}`;
  const text = value.getString('err');
  return typeof text === 'string' ? text : 'ERR unknown error';
}

/** `redis` while a library is loaded: nothing that needs a running function. */
function loadingLibrary(engine: Engine, around: ScriptSurroundings, registrar: Registrar): LuaTable {
  const table = libraryWithoutCalls(engine, around);
  addFunctions(table, { register_function: (args, machine) => register(machine, registrar, args) });
  return sealed(engine, table);
}

/** What is missing in it is told by the error of an unknown global. */
function sealed(engine: Engine, table: LuaTable): LuaTable {
  table.metatable = engine.machine.globals.metatable;
  table.isReadOnly = true;
  return table;
}

interface Registration {
  name: string | null;
  callback: LuaFunction | null;
  description: string | null;
  flags: readonly ScriptFlag[];
}

function register(machine: Machine, { library, isOpen }: Registrar, args: LuaValue[]): LuaValue[] {
  if (!isOpen) fail(machine, 'ERR redis.register_function can only be called on FUNCTION LOAD command');
  if (args.length < 1 || args.length > 2) {
    fail(machine, 'ERR wrong number of arguments to redis.register_function');
  }
  const registration = args.length === 1 ? namedArguments(machine, args[0]) : positional(machine, args);
  const { name, callback, description, flags } = registration;
  if (name === null) fail(machine, 'ERR redis.register_function must get a function name argument');
  if (callback === null) fail(machine, 'ERR redis.register_function must get a callback argument');
  if (!VALID_NAME.test(name)) fail(machine, `ERR Library names ${NAME_RULE}`);
  const key = toLowerAscii(name);
  if (library.functions.has(key)) fail(machine, 'ERR Function already exists in the library');
  library.functions.set(key, { name, description, flags: new ScriptFlags(flags, false), callback, library });
  return [];
}

function positional(machine: Machine, args: LuaValue[]): Registration {
  const name = argumentBytes(args[0]);
  if (name === undefined) fail(machine, 'ERR first argument to redis.register_function must be a string');
  if (!isFunction(args[1])) {
    fail(machine, 'ERR second argument to redis.register_function must be a function');
  }
  return { name, callback: args[1], description: null, flags: [] };
}

function namedArguments(machine: Machine, given: LuaValue): Registration {
  if (!(given instanceof LuaTable)) {
    fail(
      machine,
      'ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).',
    );
  }
  const registration: Registration = { name: null, callback: null, description: null, flags: [] };
  given.forEach((key, value) => {
    switch (key) {
      case 'function_name': {
        const name = argumentBytes(value);
        if (name === undefined) {
          fail(machine, 'ERR function_name argument given to redis.register_function must be a string');
        }
        registration.name = name;
        return;
      }
      case 'description': {
        const description = argumentBytes(value);
        if (description === undefined) {
          fail(machine, 'ERR description argument given to redis.register_function must be a string');
        }
        registration.description = description;
        return;
      }
      case 'callback':
        if (!isFunction(value)) {
          fail(machine, 'ERR callback argument given to redis.register_function must be a function');
        }
        registration.callback = value;
        return;
      case 'flags':
        registration.flags = readFlags(machine, value);
        return;
      default:
        fail(
          machine,
          typeof key === 'string'
            ? 'ERR unknown argument given to redis.register_function'
            : 'ERR named argument key given to redis.register_function is not a string',
        );
    }
  });
  return registration;
}

function readFlags(machine: Machine, value: LuaValue): readonly ScriptFlag[] {
  if (!(value instanceof LuaTable)) {
    fail(
      machine,
      'ERR flags argument to redis.register_function must be a table representing function flags',
    );
  }
  return value.array.map((name) => {
    const flag = typeof name === 'string' ? parseFlag(name) : null;
    if (flag === null) fail(machine, 'ERR unknown flag given');
    return flag;
  });
}

function isFunction(value: LuaValue): value is LuaFunction {
  return value instanceof Closure || value instanceof NativeFunction || value instanceof CallbackFunction;
}
