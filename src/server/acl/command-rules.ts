/**
 * The command part of a selector: which commands and subcommands it allows, and the text of the rules that led
 * there.
 *
 * What is allowed is a baseline (everything or nothing, from the last `+@all` or `-@all`) and one bit per command
 * that differs from it. Commands that are registered later have the baseline, as in Redis. The text keeps every
 * rule that may matter for commands of future releases; it is compacted only where nothing is lost.
 */
import { isWord, toLowerAscii } from '../../resp/ascii.js';
import { ACL_CATEGORIES, type AclCategory, type Command } from '../command.js';
import type { CommandTable } from '../command-table.js';
import type { RuleProblem } from './rule-error.js';

interface Rule {
  readonly sign: '+' | '-';
  /** Lower case: `get`, `config|set`, `@string`, `select|0`. */
  readonly name: string;
}

export class CommandRules {
  private baseline = false;
  /** Bits by {@link Command.id}: set where the permission differs from the baseline. */
  private exceptions = new Uint32Array(0);
  /** Something was taken away since `+@all`. Redis never regards that as "all commands" again; nor does this. */
  private narrowed = false;
  /** The deprecated `+command|argument`: first arguments allowed of commands that are denied as a whole. */
  private firstArguments = new Map<number, string[]>();
  private rules: Rule[] = [];

  /** Every command, present and future. */
  get allowsAll(): boolean {
    return this.baseline && !this.narrowed;
  }

  allows(command: Command, args: readonly string[]): boolean {
    if (command.needsNoAuth || this.baseline !== this.isException(command.id)) return true;
    const allowed = this.firstArguments.get(command.id);
    const given = args[1];
    return allowed !== undefined && given !== undefined && allowed.some((word) => isWord(given, word));
  }

  /** The rules as they are written: `-@all +get +@hash`. */
  describe(): string {
    const rules = this.rules.map(({ sign, name }) => ` ${sign}${name}`).join('');
    return `${this.baseline ? '+' : '-'}@all${rules}`;
  }

  allowAll(): void {
    this.restart(true);
  }

  denyAll(): void {
    this.restart(false);
  }

  /** Applies `+command`, `-command`, `+command|subcommand`, `+@category` and the like. */
  apply(rule: string, table: CommandTable): RuleProblem | null {
    const allow = rule.startsWith('+');
    const name = toLowerAscii(rule.slice(1));
    if (name.startsWith('@')) return this.applyCategory(name, allow, table);
    const command = table.findFull(name);
    if (command !== undefined) {
      this.permit(command, allow);
      this.record(allow, command.fullName);
      return null;
    }
    return allow ? this.allowFirstArgument(name, table) : 'unknown-command';
  }

  copyFrom(other: CommandRules): void {
    this.baseline = other.baseline;
    this.exceptions = other.exceptions.slice();
    this.narrowed = other.narrowed;
    this.firstArguments = new Map([...other.firstArguments].map(([id, words]) => [id, [...words]]));
    this.rules = [...other.rules];
  }

  private restart(baseline: boolean): void {
    this.baseline = baseline;
    this.exceptions = new Uint32Array(0);
    this.narrowed = false;
    this.firstArguments.clear();
    this.rules = [];
  }

  private applyCategory(name: string, allow: boolean, table: CommandTable): RuleProblem | null {
    if (name === '@all') {
      this.restart(allow);
      return null;
    }
    const category = ACL_CATEGORIES.find((known) => known === name.slice(1));
    if (category === undefined) return 'unknown-command';
    for (const command of table.all()) this.permitCategory(command, category, allow);
    this.record(allow, name);
    return null;
  }

  private permitCategory(command: Command, category: AclCategory, allow: boolean): void {
    if (command.categories.has(category)) this.permit(command, allow);
    for (const sub of command.subcommands?.values() ?? []) this.permitCategory(sub, category, allow);
  }

  /** A rule about a container holds for its subcommands as well. */
  private permit(command: Command, allow: boolean): void {
    this.setException(command.id, allow !== this.baseline);
    this.firstArguments.delete(command.id);
    for (const sub of command.subcommands?.values() ?? []) this.permit(sub, allow);
  }

  private allowFirstArgument(name: string, table: CommandTable): RuleProblem | null {
    const bar = name.lastIndexOf('|');
    if (bar === -1) return 'unknown-command';
    const command = table.findFull(name.slice(0, bar));
    if (command === undefined) return 'unknown-command';
    if (command.parent !== null) return 'first-argument-of-subcommand';
    const argument = name.slice(bar + 1);
    if (argument === '') return 'syntax';
    if (command.subcommands !== null) return 'unknown-command';
    const allowed = this.firstArguments.get(command.id) ?? [];
    if (!allowed.includes(argument)) this.firstArguments.set(command.id, [...allowed, argument]);
    this.record(true, name);
    return null;
  }

  /** Adds a rule to the text; it takes the place of earlier ones about the same thing or a part of it. */
  private record(allow: boolean, name: string): void {
    this.rules = this.rules.filter((rule) => rule.name !== name && !rule.name.startsWith(`${name}|`));
    this.rules.push({ sign: allow ? '+' : '-', name });
  }

  private isException(id: number): boolean {
    const word = this.exceptions[id >>> 5];
    return word !== undefined && (word & (1 << (id & 31))) !== 0;
  }

  private setException(id: number, value: boolean): void {
    const index = id >>> 5;
    if (index >= this.exceptions.length) {
      if (!value) return;
      const grown = new Uint32Array(index + 8);
      grown.set(this.exceptions);
      this.exceptions = grown;
    }
    const word = this.exceptions[index] ?? 0;
    const mask = 1 << (id & 31);
    this.exceptions[index] = value ? word | mask : word & ~mask;
    if (value && this.baseline) this.narrowed = true;
  }
}
