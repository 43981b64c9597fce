/** Where help on commands comes from: the server, asked once; without one that answers, our own table. */
import type { WireReply } from '../../resp/reply-reader.js';
import { readCommandDocs } from './command-docs.js';
import { CommandHelp } from './command-help.js';

export class HelpDesk {
  /** Null until it was asked for the first time. */
  help: CommandHelp | null = null;

  /** @param ask resolves to the server's reply to a command; null: it did not answer, or refused */
  constructor(private readonly ask: (...args: string[]) => Promise<WireReply | null>) {}

  async open(): Promise<CommandHelp> {
    this.help ??= new CommandHelp(await this.commands());
    return this.help;
  }

  private async commands(): Promise<ConstructorParameters<typeof CommandHelp>[0]> {
    const reply = await this.ask('COMMAND', 'DOCS');
    const known = reply === null ? null : readCommandDocs(reply);
    return known ?? (await import('./own-commands.js')).ownCommands();
  }
}
