/**
 * What a command is: its declaration, from which dispatch, COMMAND, ACL, routing and documentation are fed, and
 * the record the server keeps of it while it runs.
 */
import type { Client } from './client.js';
import { findKeyPositions, findKeys, type KeyReference } from './key-finding.js';
import { LatencyHistogram } from './latency-histogram.js';

export type { KeyReference } from './key-finding.js';

/**
 * Flags in Redis's spelling and order of their bits. COMMAND INFO shows them, but for `may_replicate` and
 * `touches_arbitrary_keys`, which Redis keeps to itself.
 */
export const COMMAND_FLAGS = [
  'write',
  'readonly',
  'denyoom',
  'module',
  'admin',
  'pubsub',
  'noscript',
  'blocking',
  'loading',
  'stale',
  'skip_monitor',
  'skip_slowlog',
  'asking',
  'fast',
  'no_auth',
  'may_replicate',
  'no_mandatory_keys',
  'no_async_loading',
  'no_multi',
  'movablekeys',
  'allow_busy',
  'touches_arbitrary_keys',
] as const;

export type CommandFlag = (typeof COMMAND_FLAGS)[number];

/** ACL categories in the order ACL CAT lists them. */
export const ACL_CATEGORIES = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const;

export type AclCategory = (typeof ACL_CATEGORIES)[number];

export type KeySpecFlag =
  | 'RO'
  | 'RW'
  | 'OW'
  | 'RM'
  | 'access'
  | 'update'
  | 'insert'
  | 'delete'
  | 'not_key'
  | 'incomplete'
  | 'variable_flags';

/** Where keys are among the arguments, as COMMAND INFO's key specifications say it. */
export interface KeySpec {
  readonly flags: readonly KeySpecFlag[];
  readonly begin:
    { readonly index: number } | { readonly keyword: string; readonly startFrom: number } | 'unknown';
  readonly find:
    | { readonly lastKey: number; readonly step: number; readonly limit: number }
    | { readonly keyCountIndex: number; readonly firstKey: number; readonly step: number }
    | 'unknown';
}

/** One key at argument `index`. */
export function keyAt(index: number, ...flags: KeySpecFlag[]): KeySpec {
  return { flags, begin: { index }, find: { lastKey: 0, step: 1, limit: 0 } };
}

/** Keys from `first` to `last` (negative: counted from the end), every `step` arguments. */
export function keyRange(first: number, last: number, step: number, ...flags: KeySpecFlag[]): KeySpec {
  return {
    flags,
    begin: { index: first },
    find: { lastKey: last < 0 ? last : last - first, step, limit: 0 },
  };
}

/** A key count at argument `index`, the keys right behind it. */
export function keysCountedAt(index: number, ...flags: KeySpecFlag[]): KeySpec {
  return { flags, begin: { index }, find: { keyCountIndex: 0, firstKey: 1, step: 1 } };
}

/** Which arguments are channels (or patterns of channels) that the command publishes to or subscribes to. */
export interface ChannelArguments {
  readonly first: number;
  /** How many; `all`: to the last argument. */
  readonly count: number | 'all';
  readonly arePatterns: boolean;
}

/**
 * Runs a command. `args[0]` is the command name (`args[1]` the subcommand's, where there is one); the number of
 * arguments has been checked against the arity. Replies go to `client.reply`; what the command changed is told
 * to `client.server` (see propagation.ts). It must not throw for anything a client can send.
 */
export type CommandHandler = (client: Client, args: string[]) => void;

/** The declaration of a command. */
export interface CommandSpec {
  /** Lower case; for a subcommand its own name only. */
  readonly name: string;
  readonly summary: string;
  readonly since: string;
  /** The group of COMMAND DOCS: `string`, `list`, `generic`, `server`, `connection`, ... */
  readonly group: string;
  readonly complexity?: string;
  /** Number of arguments including the name(s); negative: at least that many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** Categories that do not follow from flags and group; see {@link categoriesOf}. */
  readonly categories?: readonly AclCategory[];
  /** The category of what the command works on, where it is not the group's; null: none (SORT). */
  readonly groupCategory?: AclCategory | null;
  readonly keys?: readonly KeySpec[];
  /** Positions of the keys among the arguments, where the key specifications cannot say it. Null: syntax error. */
  readonly findKeys?: (args: readonly string[]) => number[] | null;
  /** What is done to the key at a position, where that depends on the other arguments (SET ... GET). */
  readonly keyFlags?: (args: readonly string[], position: number) => readonly KeySpecFlag[];
  readonly channels?: ChannelArguments;
  /** What a call counts as for gates and pauses, where that depends on its arguments: scripts declare flags. */
  readonly judge?: (args: readonly string[], called: Command) => Command;
  /** Command tips (hints to client libraries). */
  readonly tips?: readonly string[];
  readonly deprecatedSince?: string;
  readonly replacedBy?: string;
  readonly subcommands?: readonly CommandSpec[];
  /** Absent only for containers that cannot be called without a subcommand. */
  readonly handler?: CommandHandler;
}

/** A registered command or subcommand with its statistics. */
export class Command {
  readonly spec: CommandSpec;
  readonly name: string;
  /** `config|get` for a subcommand, the name otherwise. */
  readonly fullName: string;
  readonly parent: Command | null;
  readonly arity: number;
  readonly handler: CommandHandler | null;
  readonly subcommands: Map<string, Command> | null;
  readonly categories: ReadonlySet<AclCategory>;
  /** Position in the table; ACL rules keep one bit per command. */
  readonly id: number;

  readonly isWrite: boolean;
  readonly isReadOnly: boolean;
  readonly deniedWhenOutOfMemory: boolean;
  readonly isAdmin: boolean;
  readonly isBlocking: boolean;
  readonly allowedWhileLoading: boolean;
  readonly allowedWhenStale: boolean;
  readonly skipsMonitor: boolean;
  readonly skipsSlowLog: boolean;
  readonly needsNoAuth: boolean;
  readonly mayReplicate: boolean;
  readonly isFast: boolean;
  /** So quick that a run of them is timed as a whole; see Dispatcher. */
  readonly isTimedInRuns: boolean;
  readonly deniedInMulti: boolean;
  readonly allowedWhenBusy: boolean;
  readonly deniedInScripts: boolean;
  readonly isPubSub: boolean;
  readonly deniedWhileAsyncLoading: boolean;
  /** Looks at keys that it was not given, so the expiries it causes are no part of its own unit. */
  readonly touchesArbitraryKeys: boolean;

  calls = 0;
  microseconds = 0;
  rejectedCalls = 0;
  failedCalls = 0;
  /** Made with the first call while `latency-tracking` is on. */
  latency: LatencyHistogram | null = null;

  constructor(spec: CommandSpec, parent: Command | null, takeId: () => number) {
    this.spec = spec;
    this.parent = parent;
    this.id = takeId();
    this.name = spec.name;
    this.fullName = parent === null ? spec.name : `${parent.name}|${spec.name}`;
    this.arity = spec.arity;
    this.handler = spec.handler ?? null;
    this.categories = categoriesOf(spec, parent);
    const has = (flag: CommandFlag): boolean => spec.flags.includes(flag);
    this.isWrite = has('write');
    this.isReadOnly = has('readonly');
    this.deniedWhenOutOfMemory = has('denyoom');
    this.isAdmin = has('admin');
    this.isBlocking = has('blocking');
    this.allowedWhileLoading = has('loading');
    this.allowedWhenStale = has('stale');
    // Administrative commands may hold secrets.
    this.skipsMonitor = has('skip_monitor') || has('admin');
    this.skipsSlowLog = has('skip_slowlog');
    this.needsNoAuth = has('no_auth');
    this.mayReplicate = has('may_replicate');
    this.isFast = has('fast');
    this.isTimedInRuns =
      (this.isFast || spec.complexity === 'O(1)') && (this.isWrite || this.isReadOnly) && !has('blocking');
    this.deniedInMulti = has('no_multi');
    this.allowedWhenBusy = has('allow_busy');
    this.deniedInScripts = has('noscript');
    this.isPubSub = has('pubsub');
    this.deniedWhileAsyncLoading = has('no_async_loading');
    this.touchesArbitraryKeys = has('touches_arbitrary_keys');
    this.subcommands =
      spec.subcommands === undefined
        ? null
        : new Map(spec.subcommands.map((sub) => [sub.name, new Command(sub, this, takeId)]));
  }

  /** What this call counts as: the command itself, but for those whose arguments say more. */
  judgedFor(args: readonly string[]): Command {
    return this.spec.judge === undefined ? this : this.spec.judge(args, this);
  }

  acceptsArgumentCount(count: number): boolean {
    return this.arity >= 0 ? count === this.arity : count >= -this.arity;
  }

  get hasKeys(): boolean {
    return (this.spec.keys?.length ?? 0) > 0 || this.spec.findKeys !== undefined;
  }

  resetStatistics(): void {
    this.calls = 0;
    this.microseconds = 0;
    this.rejectedCalls = 0;
    this.failedCalls = 0;
    this.latency = null;
  }

  /** Adds `count` calls that took so long each. */
  recordLatency(milliseconds: number, count: number): void {
    (this.latency ??= new LatencyHistogram()).record(milliseconds, count);
  }

  /** The keys in `args` with what is done to them; see {@link findKeys}. */
  keyReferences(args: readonly string[]): KeyReference[] | null {
    return findKeys(this.spec, args);
  }

  /** Positions of the keys in `args`; see {@link findKeys}. */
  keyPositions(args: readonly string[]): readonly number[] | null {
    return findKeyPositions(this.spec, args);
  }
}

/**
 * ACL categories: those that flags imply (as Redis derives them), those of the data type's group, and those
 * that the declaration adds.
 */
function categoriesOf(spec: CommandSpec, parent: Command | null): Set<AclCategory> {
  const categories = new Set<AclCategory>(spec.categories ?? []);
  const has = (flag: CommandFlag): boolean => spec.flags.includes(flag);
  const isContainer = spec.handler === undefined && spec.subcommands !== undefined;
  const group = spec.groupCategory === undefined ? GROUP_CATEGORY[spec.group] : spec.groupCategory;
  if (group !== undefined && group !== null && !isContainer) categories.add(group);
  if (has('write')) categories.add('write');
  if (has('readonly') && spec.group !== 'scripting') categories.add('read');
  if (has('admin')) {
    categories.add('admin');
    categories.add('dangerous');
  }
  if (has('pubsub')) categories.add('pubsub');
  if (has('blocking')) categories.add('blocking');
  categories.add(has('fast') ? 'fast' : 'slow');
  if (parent !== null) for (const inherited of parent.spec.categories ?? []) categories.add(inherited);
  return categories;
}

const GROUP_CATEGORY: Readonly<Record<string, AclCategory | undefined>> = {
  generic: 'keyspace',
  string: 'string',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  hash: 'hash',
  bitmap: 'bitmap',
  hyperloglog: 'hyperloglog',
  geo: 'geo',
  stream: 'stream',
  connection: 'connection',
  transactions: 'transaction',
  scripting: 'scripting',
};
