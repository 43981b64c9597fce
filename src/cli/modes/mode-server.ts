/** The server that a mode works on: questions and answers, one after the other or many at a time. */
import { textFromBytes } from '../../resp/ascii.js';
import type { WireReply } from '../../resp/reply-reader.js';
import { ConnectionLost, type CliConnection } from '../cli-connection.js';
import { CliError } from '../errors.js';
import { introduce, reachServer } from '../server-connection.js';
import type { ModeContext } from './mode.js';

const RECONNECT_AFTER_MS = 1000;
const CLEAR_LINE = '\r\x1b[0K';

export class ModeServer {
  private constructor(
    private readonly context: ModeContext,
    private current: CliConnection,
  ) {}

  /** @throws CliError when there is no server, or it does not accept us */
  static async connect(context: ModeContext): Promise<ModeServer> {
    return new ModeServer(context, await openConnection(context));
  }

  get connection(): CliConnection {
    return this.current;
  }

  close(): void {
    this.current.close();
  }

  /** @throws CliError when the connection is lost */
  async ask(...args: string[]): Promise<WireReply> {
    const [reply] = await this.askAll([args]);
    return reply!;
  }

  /** Sends all of them before the first reply is read. @throws CliError when the connection is lost */
  async askAll(commands: readonly (readonly string[])[]): Promise<WireReply[]> {
    for (const command of commands) this.current.send(command);
    const replies: WireReply[] = [];
    try {
      while (replies.length < commands.length) replies.push(await this.current.readInBand());
    } catch (error) {
      if (error instanceof ConnectionLost) throw new CliError('\nI/O error');
      throw error;
    }
    return replies;
  }

  /** As {@link ask}, but a connection that is lost is opened again, as often as it takes; a person sees the tries. */
  async askPersistently(...args: string[]): Promise<WireReply> {
    const { terminal } = this.context;
    for (let tries = 0; ;) {
      try {
        const reply = await this.current.ask(args);
        if (tries > 0) terminal.write(CLEAR_LINE);
        return reply;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
      terminal.write(`${CLEAR_LINE}Reconnecting... ${++tries}\r`);
      await this.pause(RECONNECT_AFTER_MS);
      await this.reconnect();
    }
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.context.platform.timers.after(delayMs, resolve));
  }

  /** When nobody is there the old connection, which is lost, stays. */
  private async reconnect(): Promise<void> {
    try {
      this.current = await openConnection(this.context);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
    }
  }
}

async function openConnection({ platform, options }: ModeContext): Promise<CliConnection> {
  const connection = await reachServer(platform.network, options);
  try {
    const { complaint } = await introduce(connection, options);
    if (complaint === null) return connection;
    connection.close();
    throw new CliError(textFromBytes(complaint));
  } catch (error) {
    throw error instanceof ConnectionLost ? new CliError(`Error: ${error.message}`) : error;
  }
}
