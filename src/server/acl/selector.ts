/**
 * A selector: one set of permissions of a user, for commands, keys and channels together. A user has a root
 * selector and any number of further ones; a command passes when any single one allows all of it.
 */
import { matchesGlob } from '../../resp/glob.js';
import { isWord } from '../../resp/ascii.js';
import type { Command, KeyReference, KeySpecFlag } from '../command.js';
import type { CommandTable } from '../command-table.js';
import { CommandRules } from './command-rules.js';
import type { RuleProblem } from './rule-error.js';

interface KeyPattern {
  readonly text: string;
  readonly read: boolean;
  readonly write: boolean;
}

/** What a command lacks the permission for. `position` is that of the key or channel among the arguments. */
export type Denial =
  | { readonly kind: 'command' }
  | { readonly kind: 'key'; readonly position: number }
  | { readonly kind: 'channel'; readonly position: number };

/** A key counts as written to when its value or existence may change. */
const WRITING_FLAGS: readonly KeySpecFlag[] = ['insert', 'delete', 'update'];

export class Selector {
  readonly commands = new CommandRules();
  allowsAllKeys = false;
  allowsAllChannels = false;
  private keyPatterns: KeyPattern[] = [];
  private channelPatterns: string[] = [];

  get allowsEverything(): boolean {
    return this.allowsAllKeys && this.allowsAllChannels && this.commands.allowsAll;
  }

  /** No key is kept from reading, whatever its name. */
  get readsEveryKey(): boolean {
    return this.allowsAllKeys || this.keyPatterns.some(({ text, read }) => read && text === '*');
  }

  get channels(): readonly string[] {
    return this.channelPatterns;
  }

  /** Applies a rule about keys, channels or commands. */
  apply(rule: string, table: CommandTable): RuleProblem | null {
    if (isWord(rule, 'allkeys') || rule === '~*') {
      this.allowsAllKeys = true;
      this.keyPatterns = [];
      return null;
    }
    if (isWord(rule, 'resetkeys')) {
      this.allowsAllKeys = false;
      this.keyPatterns = [];
      return null;
    }
    if (isWord(rule, 'allchannels') || rule === '&*') {
      this.allowsAllChannels = true;
      this.channelPatterns = [];
      return null;
    }
    if (isWord(rule, 'resetchannels')) {
      this.allowsAllChannels = false;
      this.channelPatterns = [];
      return null;
    }
    if (isWord(rule, 'allcommands')) return this.commands.apply('+@all', table);
    if (isWord(rule, 'nocommands')) return this.commands.apply('-@all', table);
    switch (rule.charAt(0)) {
      case '~':
        return this.addKeyPattern({ text: rule.slice(1), read: true, write: true });
      case '%':
        return this.addPartialKeyPattern(rule);
      case '&':
        return this.addChannelPattern(rule.slice(1));
      case '+':
      case '-':
        return rule.length > 1 ? this.commands.apply(rule, table) : 'unknown-command';
      default:
        return 'syntax';
    }
  }

  /** Null when this selector alone allows the command. */
  denialFor(command: Command, args: readonly string[], keys: readonly KeyReference[]): Denial | null {
    if (!this.commands.allows(command, args)) return { kind: 'command' };
    if (!this.allowsAllKeys) {
      for (const { position, flags } of keys) {
        if (!this.allowsKey(args[position] ?? '', flags)) return { kind: 'key', position };
      }
    }
    const { channels } = command.spec;
    if (!this.allowsAllChannels && channels !== undefined) {
      const end = channels.count === 'all' ? args.length : channels.first + channels.count;
      for (let position = channels.first; position < end && position < args.length; position++) {
        if (!this.allowsChannel(args[position] ?? '', channels.arePatterns)) {
          return { kind: 'channel', position };
        }
      }
    }
    return null;
  }

  allowsKey(key: string, flags: readonly KeySpecFlag[]): boolean {
    if (this.allowsAllKeys) return true;
    const reads = flags.includes('access');
    const writes = flags.some((flag) => WRITING_FLAGS.includes(flag));
    return this.keyPatterns.some(
      (pattern) => (!reads || pattern.read) && (!writes || pattern.write) && matchesGlob(pattern.text, key),
    );
  }

  /** A pattern to subscribe to must be among the allowed ones to the letter: it cannot be told what it matches. */
  allowsChannel(channel: string, isPattern: boolean): boolean {
    if (this.allowsAllChannels) return true;
    return this.channelPatterns.some((pattern) =>
      isPattern ? pattern === channel : matchesGlob(pattern, channel),
    );
  }

  /** `~key %R~key2`, as GETUSER shows it; empty when no key is allowed. */
  describeKeys(): string {
    if (this.allowsAllKeys) return '~*';
    return this.keyPatterns
      .map(({ text, read, write }) => (read && write ? `~${text}` : `%${read ? 'R' : 'W'}~${text}`))
      .join(' ');
  }

  describeChannels(): string {
    if (this.allowsAllChannels) return '&*';
    return this.channelPatterns.map((pattern) => `&${pattern}`).join(' ');
  }

  /** The whole selector as rules that make it. */
  describe(): string {
    const keys = this.describeKeys();
    const channels = this.describeChannels();
    const parts = [keys, this.allowsAllChannels ? '' : 'resetchannels', channels, this.commands.describe()];
    return parts.filter((part) => part !== '').join(' ');
  }

  copyFrom(other: Selector): void {
    this.commands.copyFrom(other.commands);
    this.allowsAllKeys = other.allowsAllKeys;
    this.allowsAllChannels = other.allowsAllChannels;
    this.keyPatterns = [...other.keyPatterns];
    this.channelPatterns = [...other.channelPatterns];
  }

  private addPartialKeyPattern(rule: string): RuleProblem | null {
    const tilde = rule.indexOf('~');
    if (tilde === -1) return 'syntax';
    const letters = rule.slice(1, tilde);
    let read = false;
    let write = false;
    for (const letter of letters) {
      if (isWord(letter, 'r')) read = true;
      else if (isWord(letter, 'w')) write = true;
      else return 'syntax';
    }
    if (!read && !write) return 'syntax';
    return this.addKeyPattern({ text: rule.slice(tilde + 1), read, write });
  }

  private addKeyPattern(added: KeyPattern): RuleProblem | null {
    if (this.allowsAllKeys) return 'pattern-after-all-keys';
    if (hasBlanks(added.text)) return 'syntax';
    const index = this.keyPatterns.findIndex((pattern) => pattern.text === added.text);
    const existing = this.keyPatterns[index];
    if (existing === undefined) {
      this.keyPatterns.push(added);
    } else {
      this.keyPatterns[index] = {
        text: added.text,
        read: existing.read || added.read,
        write: existing.write || added.write,
      };
    }
    return null;
  }

  private addChannelPattern(pattern: string): RuleProblem | null {
    if (this.allowsAllChannels) return 'pattern-after-all-channels';
    if (hasBlanks(pattern)) return 'syntax';
    if (!this.channelPatterns.includes(pattern)) this.channelPatterns.push(pattern);
    return null;
  }
}

/** Names and patterns stand in files between blanks, unquoted: they can hold neither blanks nor NUL. */
export function hasBlanks(text: string): boolean {
  return /[\t-\r \0]/.test(text);
}
