/**
 * The configuration of one server: the value of every directive, read as plain properties, and the ways to change
 * them: while starting, by CONFIG SET (all or none), and by the server itself.
 *
 * What a directive is stands in directives/; this file never names one except where a mode or the operating
 * system gives it another value. Parts that act on directives register here, since they know what applying means.
 */

import { matchesGlob } from '../resp/glob.js';
import { bytesFromText, textFromBytes, toLowerAscii } from '../resp/ascii.js';
import type { Processes } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import { DIRECTIVES } from './directives/index.js';
import type { ConfigValues, DirectiveName } from './directives/index.js';
import { accepted, refused } from './directive.js';
import type { Directive, ParseContext, Parsed } from './directive.js';
import type { OptionLines } from './rewriter.js';

/** The working directory of the process, which `dir` changes. */
export type WorkingDirectory = Pick<Processes, 'workingDirectory' | 'changeDirectory'>;

/** Sentinels have another default port and no protected mode. */
export type ConfigMode = 'server' | 'sentinel';

/** Told after a directive has changed and everything about the change is settled. */
export type ChangeListener<Name extends DirectiveName> = (
  value: ConfigValues[Name],
  previous: ConfigValues[Name],
) => void;

/**
 * Makes a change take effect where that can fail, such as listening on another port. Called once per CONFIG SET
 * with all the directives it was registered for that changed; `values` already holds the new ones. Calls back
 * with null, or with the reason why it cannot be done; it is then called again with the old values in place.
 */
export type Applier = (changed: ReadonlySet<DirectiveName>, done: (problem: string | null) => void) => void;

/** What the sender of CONFIG SET may do, and when. */
export interface SetPermissions {
  /** `enable-protected-configs` lets this client change protected directives. */
  readonly protectedAllowed: boolean;
  /** A dataset is being loaded. */
  readonly loading: boolean;
}

interface NamedDirective {
  /** The directive's newer name, under which its value is kept. */
  readonly name: DirectiveName;
  /** The name as it was found: the newer name or the alias. */
  readonly foundAs: string;
  readonly directive: Directive<unknown>;
}

interface RegisteredApplier {
  readonly names: ReadonlySet<DirectiveName>;
  readonly takesTime: boolean;
  readonly applier: Applier;
}

interface Change {
  readonly name: DirectiveName;
  readonly foundAs: string;
  readonly previous: unknown;
}

const LOADING_ERROR = 'LOADING Redis is loading the dataset in memory';

/** All directives by all their names, in the order of the table. */
function namesOfTable(): ReadonlyMap<string, NamedDirective> {
  const byName = new Map<string, NamedDirective>();
  for (const [key, entry] of Object.entries(DIRECTIVES)) {
    const name = key as DirectiveName;
    const directive: Directive<unknown> = entry;
    byName.set(name, { name, foundAs: name, directive });
    if (directive.alias !== undefined)
      byName.set(directive.alias, { name, foundAs: directive.alias, directive });
  }
  return byName;
}

const BY_NAME = namesOfTable();

/** The newer name of a directive given by any of its names in any case; null when there is none. */
export function directiveNameOf(name: string): DirectiveName | null {
  return BY_NAME.get(toLowerAscii(name))?.name ?? null;
}

function failure(argument: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${argument}') - ${reason}`;
}

/** CONFIG SET gives all words in one argument, separated by single blanks. */
function wordsOfValue(directive: Directive<unknown>, value: string): string[] {
  if (!directive.type.severalWords) return [value];
  return value === '' ? [] : value.split(' ');
}

export class ServerConfig {
  /** The value of every directive. Plain properties, cheap enough to be read on every request. */
  readonly values: Readonly<ConfigValues>;
  /** Absolute path of the file this server was started with; null when there was none. */
  filePath: string | null = null;

  private readonly settable: Record<DirectiveName, unknown>;
  private readonly setAtStart = new Set<DirectiveName>();
  private readonly listeners = new Map<DirectiveName, ((value: unknown, previous: unknown) => void)[]>();
  private readonly appliers: RegisteredApplier[] = [];
  private readonly rewriteSources: (() => readonly OptionLines[])[] = [];
  private readonly waitingSets: (() => void)[] = [];
  private isApplying = false;

  constructor(
    private readonly processes: WorkingDirectory,
    readonly mode: ConfigMode = 'server',
  ) {
    const defaults = Object.entries(DIRECTIVES).map(([name, { defaultValue }]): [string, unknown] => [
      name,
      defaultValue,
    ]);
    // An object made in one go keeps its properties in fast mode; one that grew by 200 assignments does not.
    this.settable = Object.fromEntries(defaults) as Record<DirectiveName, unknown>;
    this.values = this.settable as ConfigValues;
    this.assign('dir', bytesFromText(processes.workingDirectory));
    if (mode === 'sentinel') {
      this.assign('port', 26379);
      this.assign('protected-mode', false);
    }
  }

  /**
   * Sets a directive while starting: immutable ones too, and without anybody being told.
   * @param name any name, any case
   * @returns why it is refused, or null
   */
  configure(name: string, words: readonly string[]): string | null {
    const found = BY_NAME.get(toLowerAscii(name));
    if (found === undefined) return 'Bad directive or wrong number of arguments';
    if (!found.directive.type.severalWords && words.length !== 1) return 'wrong number of arguments';
    const parsed = this.parse(found, words, this.setAtStart.has(found.name));
    if ('refusal' in parsed) return parsed.refusal;
    this.settable[found.name] = parsed.value;
    this.setAtStart.add(found.name);
    return null;
  }

  /** Whether a directive was given at start, in the file or on the command line. */
  wasConfigured(name: DirectiveName): boolean {
    return this.setAtStart.has(name);
  }

  /**
   * Notes a value that the server came to by itself: the master's address after REPLICAOF, a password set by ACL
   * rules. Nobody is told; the caller is the one who acts on it.
   */
  assign<Name extends DirectiveName>(name: Name, value: ConfigValues[Name]): void {
    this.settable[name] = value;
  }

  /** Calls back after CONFIG SET has changed a directive. */
  onChange<Name extends DirectiveName>(name: Name, listener: ChangeListener<Name>): void {
    const listeners = this.listeners.get(name) ?? [];
    listeners.push(listener as (value: unknown, previous: unknown) => void);
    this.listeners.set(name, listeners);
  }

  /**
   * Registers who makes changes of these directives take effect, and can refuse them.
   * @param options.takesTime it may call back later than it is called
   */
  applyWith(
    names: readonly DirectiveName[],
    applier: Applier,
    options: { readonly takesTime?: boolean } = {},
  ): void {
    this.appliers.push({ names: new Set(names), takesTime: options.takesTime ?? false, applier });
  }

  /** Whether CONFIG SET of any of these directives may not be settled when {@link set} returns. */
  mayTakeTime(names: readonly string[]): boolean {
    const slow = this.appliers.filter(({ takesTime }) => takesTime);
    return names.some((name) => {
      const directive = directiveNameOf(name);
      return directive !== null && slow.some((each) => each.names.has(directive));
    });
  }

  /** Registers lines of a rewritten file that are not directives of the table: `user`, `sentinel ...`. */
  addRewriteSource(source: () => readonly OptionLines[]): void {
    this.rewriteSources.push(source);
  }

  /** CONFIG GET: names and values of the directives that match any of the patterns, each once. */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const matches = new Map<string, string>();
    for (const pattern of patterns) {
      if (!/[[*?]/.test(pattern)) {
        const found = BY_NAME.get(toLowerAscii(pattern));
        if (found !== undefined && !matches.has(pattern)) matches.set(pattern, this.format(found));
        continue;
      }
      for (const [name, found] of BY_NAME) {
        if (found.directive.hidden === true || matches.has(name)) continue;
        if (matchesGlob(pattern, name, true)) matches.set(name, this.format(found));
      }
    }
    return [...matches];
  }

  /** Whether a directive's value must be kept out of logs. */
  isSensitive(name: string): boolean {
    return BY_NAME.get(toLowerAscii(name))?.directive.sensitive === true;
  }

  /**
   * CONFIG SET: changes all the directives or none.
   * @param done called with null, or with the whole error reply (code included). It is called before this returns
   *   unless something that takes time has to be applied, such as listening on another port.
   */
  set(
    pairs: readonly (readonly [name: string, value: string])[],
    permissions: SetPermissions,
    done: (error: string | null) => void,
  ): void {
    if (this.isApplying) {
      this.waitingSets.push(() => this.set(pairs, permissions, done));
      return;
    }
    const targets = this.findTargets(pairs, permissions);
    if (typeof targets === 'string') {
      done(targets);
      return;
    }
    const directory = this.values.dir;
    const changes: Change[] = [];
    for (const { found, value } of targets) {
      const { name, foundAs } = found;
      const parsed = this.parse(found, wordsOfValue(found.directive, value), false);
      if ('refusal' in parsed) {
        this.restore(changes, directory);
        done(failure(foundAs, parsed.refusal));
        return;
      }
      const previous = this.settable[name];
      if (found.directive.type.equals(previous, parsed.value)) continue;
      changes.push({ name, foundAs, previous });
      this.settable[name] = parsed.value;
    }
    this.isApplying = true;
    this.applyAll(changes, (problem, culprit) => {
      if (problem === null) {
        this.finishSet(() => {
          this.tellListeners(changes);
          done(null);
        });
        return;
      }
      this.restore(changes, directory);
      this.applyAll(changes, () => {
        this.finishSet(() => {
          done(failure(culprit, problem));
        });
      });
    });
  }

  /** The lines that a rewritten file has for every directive and for what the registered sources write. */
  rewriteLines(): OptionLines[] {
    const options: OptionLines[] = [];
    for (const { name, foundAs, directive } of BY_NAME.values()) {
      if (foundAs !== name) continue;
      // A cluster node's master is the cluster's business, and its file would be refused with one.
      const skipped =
        (this.mode === 'sentinel' && name === 'save') ||
        (this.values['cluster-enabled'] && name === 'replicaof');
      const lines = skipped ? [] : directive.type.rewrite(this.settable[name], directive.defaultValue);
      options.push({
        option: name,
        lines: lines.map(({ text, force }) => ({ text: `${name} ${text}`, force })),
      });
    }
    for (const source of this.rewriteSources) options.push(...source());
    return options;
  }

  /**
   * What was given at start and changes nothing: directives that nothing acts on, set to something else than
   * their default. One sentence each, for the log.
   */
  idleDirectives(): string[] {
    const sentences: string[] = [];
    for (const { name, foundAs, directive } of BY_NAME.values()) {
      const { effect = 'full', type, defaultValue } = directive;
      if (foundAs !== name || effect === 'full' || type.equals(this.settable[name], defaultValue)) continue;
      sentences.push(
        effect === 'pending'
          ? `The directive '${name}' is accepted, but nothing acts on it yet`
          : `The directive '${name}' is accepted, but has no effect in this server`,
      );
    }
    return sentences;
  }

  private format({ name, directive }: NamedDirective): string {
    return directive.type.format(this.settable[name]);
  }

  private parse(
    { name, directive }: NamedDirective,
    words: readonly string[],
    repeated: boolean,
  ): Parsed<unknown> {
    const context: ParseContext<unknown> = {
      present: this.settable[name],
      repeated,
      changeDirectory: (path) => this.enterDirectory(path),
    };
    return directive.type.parse(words, context);
  }

  private enterDirectory(path: string): Parsed<string> {
    const { processes } = this;
    try {
      processes.changeDirectory(textFromBytes(path));
      return accepted(bytesFromText(processes.workingDirectory));
    } catch (error) {
      return refused(systemErrorText(error));
    }
  }

  /** Looks up what CONFIG SET is about to change; or the error that forbids it before anything is touched. */
  private findTargets(
    pairs: readonly (readonly [string, string])[],
    permissions: SetPermissions,
  ): { readonly found: NamedDirective; readonly value: string }[] | string {
    const targets: { readonly found: NamedDirective; readonly value: string }[] = [];
    for (const [argument, value] of pairs) {
      const found = BY_NAME.get(toLowerAscii(argument));
      if (found === undefined) {
        return `ERR Unknown option or number of arguments for CONFIG SET - '${argument}'`;
      }
      const { directive } = found;
      if (directive.immutable === true) return failure(argument, "can't set immutable config");
      if (directive.protected === true && !permissions.protectedAllowed) {
        return failure(argument, "can't set protected config");
      }
      if (directive.deniedWhileLoading === true && permissions.loading) return LOADING_ERROR;
      if (targets.some((target) => target.found.name === found.name)) {
        return failure(argument, 'duplicate parameter');
      }
      targets.push({ found, value });
    }
    return targets;
  }

  private restore(changes: readonly Change[], directory: string): void {
    for (const { name, previous } of changes) this.settable[name] = previous;
    if (changes.some(({ name }) => name === 'dir')) this.enterDirectory(directory);
  }

  /** Runs the appliers concerned, one after the other, up to the first that fails. */
  private applyAll(
    changes: readonly Change[],
    done: (problem: string | null, culprit: string) => void,
  ): void {
    const changed = new Set(changes.map(({ name }) => name));
    const concerned = this.appliers.filter(({ names }) => [...changed].some((name) => names.has(name)));
    const next = (index: number): void => {
      const entry = concerned[index];
      if (entry === undefined) {
        done(null, '');
        return;
      }
      const own = changes.filter(({ name }) => entry.names.has(name));
      entry.applier(new Set(own.map(({ name }) => name)), (problem) => {
        if (problem === null) next(index + 1);
        else done(problem, own[0]?.foundAs ?? '');
      });
    };
    next(0);
  }

  private tellListeners(changes: readonly Change[]): void {
    for (const { name, previous } of changes) {
      for (const listener of this.listeners.get(name) ?? []) listener(this.settable[name], previous);
    }
  }

  private finishSet(conclude: () => void): void {
    this.isApplying = false;
    conclude();
    this.waitingSets.shift()?.();
  }
}
