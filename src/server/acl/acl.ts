/**
 * The access control list of a server: its users, who is who, and what each may do.
 *
 * Commands are checked against users that may not do everything; for the others dispatch looks at one boolean.
 * Users come from the configuration (`user`, `requirepass`), from the ACL file, or from ACL SETUSER; the first two
 * can be loaded only when the commands that their rules name are registered.
 */
import type { ConfigLine } from '../../config/errors.js';
import { ConfigFileError } from '../../config/errors.js';
import { systemErrorText } from '../../platform/system-errors.js';
import { bytesFromText, textFromBytes } from '../../resp/ascii.js';
import type { Client } from '../client.js';
import type { Command } from '../command.js';
import type { Server } from '../server.js';
import { readAclFile, writeAclFile } from './acl-file.js';
import { AclLog, type DenialContext } from './acl-log.js';
import { ruleProblemText } from './rule-error.js';
import { joinSelectors } from './rule-words.js';
import type { Denial } from './selector.js';
import { User, type RuleContext } from './user.js';

const DEFAULT_USER = 'default';
const ACL_FILE_MODE = 0o644;

/** Why the users could not be loaded at start. The text is for the log; the server must not start. */
export class AclStartError extends Error {
  override readonly name = 'AclStartError';
}

export class Acl {
  readonly log = new AclLog();
  /** Never replaced, only changed: clients that did not authenticate are this user. */
  readonly defaultUser = User.createOpen(DEFAULT_USER);
  private readonly users = new Map<string, User>([[DEFAULT_USER, this.defaultUser]]);

  constructor(private readonly server: Server) {
    const { config } = server;
    config.onChange('requirepass', (password) => this.setDefaultPassword(password));
    config.onChange('acllog-max-len', (maxLength) => this.log.trim(maxLength));
    config.addRewriteSource(() => [{ option: 'user', lines: this.rewriteLines() }]);
  }

  /**
   * Loads the users of the configuration and of the ACL file. To be called once, after all commands have been
   * registered and before anything is served.
   * @throws {ConfigFileError} for a `user` line that cannot be accepted
   * @throws {AclStartError} when the ACL file cannot be
   */
  loadAtStart(userLines: readonly ConfigLine[]): void {
    const { requirepass, aclfile } = this.server.config.values;
    if (requirepass !== '') this.setDefaultPassword(requirepass);
    if (userLines.length > 0 && aclfile !== '') {
      throw new AclStartError(
        'Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both.',
      );
    }
    this.loadConfiguredUsers(userLines);
    const problem = aclfile === '' ? null : this.loadFile();
    if (problem !== null) throw new AclStartError(`Aborting Redis startup because of ACL errors: ${problem}`);
  }

  /** All users, by name. */
  all(): User[] {
    return [...this.users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): User | undefined {
    return this.users.get(name);
  }

  /** The user that a name and a password stand for, or null. */
  authenticate(name: string, password: string): User | null {
    const user = this.users.get(name);
    if (user === undefined || !user.enabled) return null;
    if (user.noPassword) return user;
    return user.acceptsPassword(this.server.platform.hash.sha256Hex(password)) ? user : null;
  }

  /**
   * ACL SETUSER: all rules are applied or none. Subscribers that lose a channel are disconnected.
   * @returns the error text, or null
   */
  setUser(name: string, words: readonly string[]): string | null {
    const joined = joinSelectors(words);
    if (joined.kind === 'unmatched') {
      return `ERR Unmatched parenthesis in acl selector starting at '${joined.opening}'.`;
    }
    const context = this.ruleContext();
    const existing = this.users.get(name);
    const changed = User.create(name, context);
    if (existing !== undefined) changed.copyFrom(existing);
    for (const rule of joined.rules) {
      const problem = changed.apply(rule, context);
      if (problem !== null) {
        return `ERR Error in ACL SETUSER modifier '${rule}': ${ruleProblemText(problem)}`;
      }
    }
    if (existing === undefined) {
      this.users.set(name, changed);
      return null;
    }
    this.disconnectRevokedSubscribers(existing, changed);
    existing.copyFrom(changed);
    return null;
  }

  /** ACL DELUSER: false when there is no such user. Its clients are disconnected. */
  deleteUser(name: string, requester: Client): boolean {
    const user = this.users.get(name);
    if (user === undefined) return false;
    this.users.delete(name);
    this.disconnectClientsOf(user, requester);
    return true;
  }

  /**
   * The error text with which a command is denied to a client, or null. A denial is logged and counted. Not to be
   * called for users that may do everything.
   */
  denialFor(
    client: Client,
    command: Command,
    args: readonly string[],
    context: DenialContext = client.transaction === null ? 'toplevel' : 'multi',
  ): string | null {
    const { user } = client;
    const denial = this.check(user, command, args);
    if (denial === null) return null;
    const { statistics } = this.server;
    switch (denial.kind) {
      case 'command':
        statistics.aclDeniedCommand++;
        break;
      case 'key':
        statistics.aclDeniedKey++;
        break;
      case 'channel':
        statistics.aclDeniedChannel++;
        break;
    }
    const object = denial.kind === 'command' ? command.fullName : (args[denial.position] ?? '');
    this.record(client, denial.kind, context, object, user.name);
    return `NOPERM ${describeDenial(user, command, denial, null)}`;
  }

  /** Whether a user may run a command; null: it may. */
  check(user: User, command: Command, args: readonly string[]): Denial | null {
    if (user.allowsEverything) return null;
    return user.denialFor(command, args, command.keyReferences(args) ?? []);
  }

  /**
   * Whether the client may run the command and read any key there is: for commands that read keys which their
   * arguments do not name (SORT ... BY).
   */
  mayReadEveryKey({ user }: Client, command: Command, args: readonly string[]): boolean {
    if (user.allowsEverything) return true;
    return user.selectors.some(
      (selector) => selector.readsEveryKey && selector.denialFor(command, args, []) === null,
    );
  }

  /** Notes a failed attempt to authenticate. */
  recordFailedAuthentication(client: Client, username: string): void {
    this.server.statistics.aclDeniedAuth++;
    const context = client.transaction === null ? 'toplevel' : 'multi';
    this.record(client, 'auth', context, client.args[0] ?? '', username);
  }

  /** ACL LOAD, and the loading at start. Returns what is wrong with the file, or null. */
  loadFile(requester: Client | null = null): string | null {
    const { aclfile } = this.server.config.values;
    let text: string;
    try {
      text = this.server.platform.disk.readFileSync(textFromBytes(aclfile)).latin1Slice();
    } catch (error) {
      return `Error loading ACLs, opening file '${aclfile}': ${systemErrorText(error)}`;
    }
    const contents = readAclFile(text, aclfile, this.ruleContext());
    if (contents.kind === 'errors') return contents.text;
    this.replaceUsers(contents.users, requester);
    return null;
  }

  /** ACL SAVE. False when the file could not be written; the log then says why. */
  saveFile(): boolean {
    const { aclfile } = this.server.config.values;
    try {
      const bytes = Buffer.from(writeAclFile(this.all()), 'latin1');
      this.server.platform.disk.replaceFileSync(textFromBytes(aclfile), bytes, ACL_FILE_MODE);
      return true;
    } catch (error) {
      this.server.log.warning(bytesFromText(`Writing ACL file for ACL SAVE: ${systemErrorText(error)}`));
      return false;
    }
  }

  private loadConfiguredUsers(lines: readonly ConfigLine[]): void {
    const context = this.ruleContext();
    const seen = new Set<string>();
    for (const line of lines) {
      const [, name = '', ...words] = line.words;
      const refuse = (offender: string, text: string): never => {
        throw new ConfigFileError(`Error in user declaration '${offender}': ${text}`, line);
      };
      if (seen.has(name)) refuse(name, ruleProblemText('duplicate-user'));
      seen.add(name);
      const joined = joinSelectors(words);
      if (joined.kind === 'unmatched') return refuse(joined.opening, 'Unmatched parenthesis');
      const user = User.create(name, context);
      for (const rule of joined.rules) {
        const problem = user.apply(rule, context);
        if (problem !== null) refuse(rule, ruleProblemText(problem));
      }
      if (name === DEFAULT_USER) this.defaultUser.copyFrom(user);
      else this.users.set(name, user);
    }
  }

  /** `requirepass`: the old way to give the default user its only password, or none. */
  private setDefaultPassword(password: string): void {
    const context = this.ruleContext();
    this.defaultUser.apply('resetpass', context);
    this.defaultUser.apply(password === '' ? 'nopass' : `>${password}`, context);
  }

  private replaceUsers(users: ReadonlyMap<string, User>, requester: Client | null): void {
    const replaced = [...this.users.values()].filter((user) => user !== this.defaultUser);
    this.users.clear();
    this.defaultUser.copyFrom(users.get(DEFAULT_USER) ?? User.createOpen(DEFAULT_USER));
    for (const user of users.values()) this.users.set(user.name, user);
    this.users.set(DEFAULT_USER, this.defaultUser);
    for (const user of replaced) this.disconnectClientsOf(user, requester);
  }

  private disconnectClientsOf(user: User, requester: Client | null): void {
    for (const client of [...this.server.clients.all()]) {
      if (client.user !== user) continue;
      client.forgetAuthentication();
      if (client === requester) client.closeAfterReply = true;
      else client.close();
    }
  }

  /** Disconnects clients of a user that are subscribed to what it may no longer listen to. */
  private disconnectRevokedSubscribers(before: User, after: User): void {
    if (after.selectors.some((selector) => selector.allowsAllChannels)) return;
    const kept = new Set(after.selectors.flatMap((selector) => selector.channels));
    const keepsAll = before.selectors.every(
      (selector) => !selector.allowsAllChannels && selector.channels.every((channel) => kept.has(channel)),
    );
    if (keepsAll) return;
    const mayUse = (channel: string, isPattern: boolean): boolean =>
      after.selectors.some((selector) => selector.allowsChannel(channel, isPattern));
    for (const client of [...this.server.clients.all()]) {
      const { subscriptions } = client;
      if (client.user !== before || subscriptions === null) continue;
      const keeps =
        [...subscriptions.patterns].every((pattern) => mayUse(pattern, true)) &&
        [...subscriptions.channels, ...subscriptions.shardChannels].every((channel) =>
          mayUse(channel, false),
        );
      if (!keeps) client.close();
    }
  }

  private record(
    client: Client,
    reason: Denial['kind'] | 'auth',
    context: DenialContext,
    object: string,
    username: string,
  ): void {
    const clientInfo = this.server.clients.describe(client);
    const { nowMs, config } = this.server;
    this.log.add({ reason, context, object, username, clientInfo }, nowMs, config.values['acllog-max-len']);
  }

  private rewriteLines(): { text: string; force: boolean }[] {
    if (this.server.config.values.aclfile !== '') return [];
    return this.all().map((user) => ({ text: `user ${user.name} ${user.describe()}`, force: true }));
  }

  private ruleContext(): RuleContext {
    const { commands, platform, config } = this.server;
    return {
      commands,
      hash: platform.hash,
      allChannelsByDefault: config.values['acl-pubsub-default'] === 'allchannels',
    };
  }
}

/**
 * Says what a user lacks. Clients are not told the name of the key or channel, since the command may hold names
 * that its sender does not know (a script's); with `args`, as for ACL DRYRUN, it is named.
 */
export function describeDenial(
  user: User,
  command: Command,
  denial: Denial,
  args: readonly string[] | null,
): string {
  if (denial.kind === 'command') {
    return `User ${user.name} has no permissions to run the '${command.fullName}' command`;
  }
  if (args === null) return `No permissions to access a ${denial.kind}`;
  return `User ${user.name} has no permissions to access the '${args[denial.position] ?? ''}' ${denial.kind}`;
}
