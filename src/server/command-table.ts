/** The one table of commands of a server: every part that offers commands registers their declarations here. */
import { toLowerAscii, toUpperAscii } from '../resp/ascii.js';
import { Command, type CommandSpec } from './command.js';

export class CommandTable {
  /** Both spellings that clients use, `get` and `GET`, are keys, so that the common case needs no conversion. */
  private readonly bySpelling = new Map<string, Command>();
  private readonly commands = new Map<string, Command>();
  private nextId = 0;

  register(specs: readonly CommandSpec[]): void {
    for (const spec of specs) {
      if (this.commands.has(spec.name)) throw new Error(`command ${spec.name} is declared twice`);
      const command = new Command(spec, null, () => this.nextId++);
      this.commands.set(spec.name, command);
      this.bySpelling.set(spec.name, command);
      this.bySpelling.set(toUpperAscii(spec.name), command);
    }
  }

  /** `rename-command`: the command answers to the new name only; an empty one removes it. */
  rename(name: string, newName: string): boolean {
    const lower = toLowerAscii(name);
    const command = this.commands.get(lower);
    if (command === undefined) return false;
    this.bySpelling.delete(lower);
    this.bySpelling.delete(toUpperAscii(lower));
    if (newName !== '') {
      this.bySpelling.set(toLowerAscii(newName), command);
      this.bySpelling.set(toUpperAscii(newName), command);
    }
    return true;
  }

  /** Number of ids given out: commands and subcommands. */
  get idCount(): number {
    return this.nextId;
  }

  /** Finds a top-level command by the name a client sent. */
  find(name: string): Command | undefined {
    return this.bySpelling.get(name) ?? this.bySpelling.get(toLowerAscii(name));
  }

  /** The command or subcommand that these arguments call; a container itself only when nothing follows. */
  findCalled(args: readonly string[]): Command | undefined {
    const [name = '', subcommand] = args;
    const found = this.find(name);
    if (found === undefined || found.subcommands === null || subcommand === undefined) return found;
    return found.subcommands.get(toLowerAscii(subcommand));
  }

  /** Finds by `name` or `container|subcommand`. */
  findFull(fullName: string): Command | undefined {
    const bar = fullName.indexOf('|');
    if (bar === -1) return this.find(fullName);
    return this.find(fullName.slice(0, bar))?.subcommands?.get(toLowerAscii(fullName.slice(bar + 1)));
  }

  /** Top-level commands in the order of registration. */
  all(): IterableIterator<Command> {
    return this.commands.values();
  }

  get size(): number {
    return this.commands.size;
  }

  resetStatistics(): void {
    for (const command of this.commands.values()) {
      command.resetStatistics();
      for (const sub of command.subcommands?.values() ?? []) sub.resetStatistics();
    }
  }
}
