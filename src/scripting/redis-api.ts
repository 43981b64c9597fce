/** `redis.*`: what scripts may ask of the server. The functions work for whichever script runs at the moment. */
import { REDIS_VERSION } from '../config/version.js';
import type { Audience } from '../server/propagation.js';
import type { Engine } from './engine.js';
import { LuaError } from './lua/error.js';
import type { Machine } from './lua/machine.js';
import { LuaTable } from './lua/table.js';
import type { LuaValue } from './lua/value.js';
import { addFunctions } from './lua/library/arguments.js';
import { argumentBytes } from './result-writer.js';
import type { ScriptRun } from './script-run.js';

/** What redis.* needs of its surroundings. */
export interface ScriptSurroundings {
  /** The running script. Null while a library is loaded. */
  readonly running: ScriptRun | null;
  sha1Hex(bytes: string): string;
  log(level: ScriptLogLevel, message: string): void;
}

export type ScriptLogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

const LOG_LEVELS: readonly ScriptLogLevel[] = ['debug', 'verbose', 'notice', 'warning'];

/** By the flags of redis.set_repl: 1 is the append-only log, 2 the replicas. */
const AUDIENCES: readonly Audience[] = ['nobody', 'log', 'replicas', 'all'];
const CONSTANTS: Readonly<Record<string, number | string>> = {
  LOG_DEBUG: 0,
  LOG_VERBOSE: 1,
  LOG_NOTICE: 2,
  LOG_WARNING: 3,
  REPL_AOF: 1,
  REPL_SLAVE: 2,
  REPL_REPLICA: 2,
  REPL_ALL: 3,
  REPL_NONE: 0,
  REDIS_VERSION,
  REDIS_VERSION_NUM: versionNumber(REDIS_VERSION),
};

/** 7.2.0 as 0x00070200. */
function versionNumber(version: string): number {
  const [major, minor, patch] = version.split('.').map(Number);
  return (major << 16) | (minor << 8) | patch;
}

/** The table `redis` of running scripts. Debugging functions are there and do nothing, as without a debugger. */
export function redisLibrary(engine: Engine, around: ScriptSurroundings): LuaTable {
  const library = libraryWithoutCalls(engine, around);
  addFunctions(library, {
    call: (args, machine) => [callRedis(around, machine, args, true)],
    pcall: (args, machine) => [callRedis(around, machine, args, false)],
    error_reply: (args, machine) => [singleField(machine, args, 'err', errorText)],
    status_reply: (args, machine) => [singleField(machine, args, 'ok', (text) => text)],
    setresp: (args, machine) => setProtocol(around, machine, args),
    set_repl: (args, machine) => setReplication(around, machine, args),
    replicate_commands: () => [true],
    breakpoint: () => [false],
    debug: () => [],
    acl_check_cmd: (args, machine) => [checkAcl(around, machine, args)],
  });
  return library;
}

/** The part of `redis` that is also there while a library is loaded. */
export function libraryWithoutCalls(engine: Engine, around: ScriptSurroundings): LuaTable {
  const library = new LuaTable(engine.machine.heap);
  for (const [name, value] of Object.entries(CONSTANTS)) library.set(name, value);
  return addFunctions(library, {
    log: (args, machine) => writeLog(around, machine, args),
    sha1hex: (args, machine) => {
      if (args.length !== 1) fail(machine, 'ERR wrong number of arguments');
      return [around.sha1Hex(argumentBytes(args[0]) ?? '')];
    },
  });
}

/** Raises an error as Redis does: a table with the text in `err`. */
export function fail(machine: Machine, text: string, isCounted = false): never {
  throw new LuaError(errorTable(machine, text, isCounted), machine.position());
}

function errorTable(machine: Machine, text: string, isCounted: boolean): LuaTable {
  const table = new LuaTable(machine.heap);
  table.set('err', text);
  if (isCounted) table.set('ignore_error_stats_update', true);
  return table;
}

function callRedis(
  around: ScriptSurroundings,
  machine: Machine,
  args: LuaValue[],
  raises: boolean,
): LuaValue {
  const reply = callForReply(around, machine, args);
  if (raises && reply instanceof LuaTable && reply.getString('err') !== undefined) {
    throw new LuaError(reply, machine.position());
  }
  return reply;
}

function callForReply({ running }: ScriptSurroundings, machine: Machine, args: LuaValue[]): LuaValue {
  if (running === null)
    return errorTable(machine, 'ERR redis.call/pcall can only be called inside a script invocation', false);
  if (args.length === 0) {
    return errorTable(machine, 'ERR Please specify at least one argument for this redis lib call', false);
  }
  const words: string[] = [];
  for (const arg of args) {
    const bytes = argumentBytes(arg);
    if (bytes === undefined) {
      return errorTable(machine, 'ERR Lua redis lib command arguments must be strings or integers', false);
    }
    words.push(bytes);
  }
  return running.call(words);
}

function errorText(text: string): string {
  // A dash in front is how the wire marks errors; without one the code is missing.
  const bare = text.startsWith('-') ? text.slice(1) : text;
  return text.startsWith('-') || text.includes(' ') ? bare : `ERR ${bare}`;
}

function singleField(
  machine: Machine,
  args: LuaValue[],
  field: 'err' | 'ok',
  shape: (text: string) => string,
): LuaTable {
  const [text] = args;
  if (args.length !== 1 || typeof text !== 'string') {
    return errorTable(machine, 'ERR wrong number or type of arguments', false);
  }
  const table = new LuaTable(machine.heap);
  table.set(field, shape(text.replace(/[\r\n]/g, ' ')));
  return table;
}

function writeLog(around: ScriptSurroundings, machine: Machine, args: LuaValue[]): LuaValue[] {
  if (args.length < 2) fail(machine, 'ERR redis.log() requires two arguments or more.');
  const [level, ...words] = args;
  if (typeof level !== 'number') fail(machine, 'ERR First argument must be a number (log level).');
  const name = LOG_LEVELS[Math.trunc(level)];
  if (name === undefined) fail(machine, 'ERR Invalid debug level.');
  around.log(name, words.map((word) => argumentBytes(word) ?? '').join(' '));
  return [];
}

function setProtocol({ running }: ScriptSurroundings, machine: Machine, args: LuaValue[]): LuaValue[] {
  if (args.length !== 1) fail(machine, 'ERR redis.setresp() requires one argument.');
  const version = args[0];
  if (version !== 2 && version !== 3) fail(machine, 'ERR RESP version must be 2 or 3.');
  running?.setProtocol(version);
  return [];
}

function setReplication({ running }: ScriptSurroundings, machine: Machine, args: LuaValue[]): LuaValue[] {
  if (args.length !== 1) fail(machine, 'ERR redis.set_repl() requires two arguments.');
  const audience = AUDIENCES[Math.trunc(Number(args[0]))];
  if (audience === undefined) {
    fail(machine, 'ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.');
  }
  running?.setAudience(audience);
  return [];
}

function checkAcl({ running }: ScriptSurroundings, machine: Machine, args: LuaValue[]): boolean {
  if (args.length === 0) fail(machine, 'ERR Please specify at least one argument for this redis lib call');
  const words = args.map((arg) => {
    const bytes = argumentBytes(arg);
    if (bytes === undefined) fail(machine, 'ERR redis.acl_check_cmd() arguments must be strings or integers');
    return bytes;
  });
  const allowed = running?.mayCall(words) ?? null;
  if (allowed === null) fail(machine, `ERR Invalid command passed to redis.acl_check_cmd()`);
  return allowed;
}
