/** A user of the access control list: how it authenticates and what it may do. */
import type { Hashing } from '../../platform/platform.js';
import { isWord, splitWords } from '../../resp/ascii.js';
import type { Command, KeyReference } from '../command.js';
import type { CommandTable } from '../command-table.js';
import type { RuleProblem } from './rule-error.js';
import { Selector, type Denial } from './selector.js';

const HASH_FORM = /^[0-9a-f]{64}$/;

/** What rules need to be applied. */
export interface RuleContext {
  readonly commands: CommandTable;
  readonly hash: Hashing;
  /** `acl-pubsub-default`: whether a new or reset user may use every channel. */
  readonly allChannelsByDefault: boolean;
}

export class User {
  enabled = false;
  noPassword = false;
  /** `sanitize-payload`: what RESTORE gets from this user is checked deeply. */
  sanitizesPayload = true;
  /** Fast path: every command, key and channel is allowed. Kept up to date by whoever changes the selectors. */
  allowsEverything = false;
  /** SHA-256 of each password, hexadecimal. */
  private passwordHashes: string[] = [];
  private root = new Selector();
  private others: Selector[] = [];

  constructor(readonly name: string) {}

  /** A user as SETUSER makes it: off, without password, allowed nothing but perhaps channels. */
  static create(name: string, context: RuleContext): User {
    const user = new User(name);
    user.root.allowsAllChannels = context.allChannelsByDefault;
    return user;
  }

  /** The default user of a server without any rules: on, no password, allowed everything. */
  static createOpen(name: string): User {
    const user = new User(name);
    user.enabled = true;
    user.noPassword = true;
    user.root.allowsAllKeys = true;
    user.root.allowsAllChannels = true;
    user.root.commands.allowAll();
    user.allowsEverything = true;
    return user;
  }

  /** Clients are this user without authenticating. */
  get isOpen(): boolean {
    return this.enabled && this.noPassword;
  }

  get passwords(): readonly string[] {
    return this.passwordHashes;
  }

  /** The root selector first. */
  get selectors(): readonly Selector[] {
    return [this.root, ...this.others];
  }

  acceptsPassword(hash: string): boolean {
    return this.enabled && (this.noPassword || this.passwordHashes.includes(hash));
  }

  /** Applies one rule. When it is refused the user may be half changed: apply to a copy. */
  apply(rule: string, context: RuleContext): RuleProblem | null {
    const problem = this.applyRule(rule, context);
    this.allowsEverything = this.selectors.some((selector) => selector.allowsEverything);
    return problem;
  }

  /**
   * What a command lacks the permission for, or null. Where several selectors deny, the one that came furthest
   * tells: it is the one that was meant.
   */
  denialFor(command: Command, args: readonly string[], keys: readonly KeyReference[]): Denial | null {
    let furthest: Denial | null = null;
    for (const selector of this.selectors) {
      const denial = selector.denialFor(command, args, keys);
      if (denial === null) return null;
      if (furthest === null || progressOf(denial) > progressOf(furthest)) furthest = denial;
    }
    return furthest;
  }

  /** Flags as GETUSER shows them. */
  describeFlags(): string[] {
    const flags = [this.enabled ? 'on' : 'off'];
    if (this.noPassword) flags.push('nopass');
    flags.push(this.sanitizesPayload ? 'sanitize-payload' : 'skip-sanitize-payload');
    return flags;
  }

  /** The rules that make this user, as files and ACL LIST have them, without `user` and the name. */
  describe(): string {
    const parts = this.describeFlags();
    for (const hash of this.passwordHashes) parts.push(`#${hash}`);
    parts.push(this.root.describe());
    for (const selector of this.others) parts.push(`(${selector.describe()})`);
    return parts.join(' ');
  }

  copyFrom(other: User): void {
    this.enabled = other.enabled;
    this.noPassword = other.noPassword;
    this.sanitizesPayload = other.sanitizesPayload;
    this.allowsEverything = other.allowsEverything;
    this.passwordHashes = [...other.passwordHashes];
    this.root = copyOf(other.root);
    this.others = other.others.map(copyOf);
  }

  private applyRule(rule: string, context: RuleContext): RuleProblem | null {
    if (isWord(rule, 'on')) this.enabled = true;
    else if (isWord(rule, 'off')) this.enabled = false;
    else if (isWord(rule, 'nopass')) {
      this.noPassword = true;
      this.passwordHashes = [];
    } else if (isWord(rule, 'resetpass')) {
      this.noPassword = false;
      this.passwordHashes = [];
    } else if (isWord(rule, 'sanitize-payload')) this.sanitizesPayload = true;
    else if (isWord(rule, 'skip-sanitize-payload')) this.sanitizesPayload = false;
    else if (isWord(rule, 'clearselectors')) this.others = [];
    else if (isWord(rule, 'reset')) this.copyFrom(User.create(this.name, context));
    else return this.applyOtherRule(rule, context);
    return null;
  }

  private applyOtherRule(rule: string, context: RuleContext): RuleProblem | null {
    const rest = rule.slice(1);
    switch (rule.charAt(0)) {
      case '>':
        return this.addPassword(context.hash.sha256Hex(rest));
      case '#':
        return HASH_FORM.test(rest) ? this.addPassword(rest) : 'bad-hash';
      case '<':
        return this.removePassword(context.hash.sha256Hex(rest));
      case '!':
        return HASH_FORM.test(rest) ? this.removePassword(rest) : 'bad-hash';
      case '(':
        if (rule.endsWith(')')) return this.addSelector(rule.slice(1, -1), context);
        break;
    }
    return this.root.apply(rule, context.commands);
  }

  private addPassword(hash: string): null {
    if (!this.passwordHashes.includes(hash)) this.passwordHashes.push(hash);
    this.noPassword = false;
    return null;
  }

  private removePassword(hash: string): RuleProblem | null {
    if (!this.passwordHashes.includes(hash)) return 'no-such-password';
    this.passwordHashes = this.passwordHashes.filter((other) => other !== hash);
    return null;
  }

  private addSelector(rules: string, context: RuleContext): RuleProblem | null {
    const words = splitWords(rules);
    if (words === null) return 'syntax';
    const selector = new Selector();
    selector.allowsAllChannels = context.allChannelsByDefault;
    for (const word of words) {
      const problem = selector.apply(word, context.commands);
      if (problem !== null) return problem;
    }
    this.others.push(selector);
    return null;
  }
}

function copyOf(selector: Selector): Selector {
  const copy = new Selector();
  copy.copyFrom(selector);
  return copy;
}

/** Orders denials by how much of the command had been allowed. */
function progressOf(denial: Denial): number {
  switch (denial.kind) {
    case 'command':
      return 0;
    case 'key':
      return 1 + denial.position;
    case 'channel':
      return 0x40000000 + denial.position;
  }
}
