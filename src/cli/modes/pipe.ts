/** `--pipe`: standard input is protocol, which goes to the server as it is; its replies are counted. */
import type { InputFlow } from '../../platform/terminal.js';
import type { Timer } from '../../platform/platform.js';
import type { WireReply } from '../../resp/reply-reader.js';
import { encodeCommand } from '../../client/command-link.js';
import { ConnectionLost, type CliConnection } from '../cli-connection.js';
import { CliError } from '../errors.js';
import type { Mode, ModeContext } from './mode.js';
import { ModeServer } from './mode-server.js';

/** The server may lag this far behind the input. */
const MAX_UNSENT_BYTES = 128 * 1024;
const MARK_LENGTH = 20;

export const pipe: Mode = async (context) => {
  const server = await ModeServer.connect(context);
  const status = await new BulkTransfer(context, server.connection).run();
  server.close();
  return status;
};

class BulkTransfer {
  /** An ECHO of this after all of the input: its reply is the last. */
  private readonly mark: string;
  private readonly flow: InputFlow;
  private hasEnded = false;
  private errors = 0;
  private replies = 0;
  private lastReplyMs: number;

  constructor(
    private readonly context: ModeContext,
    private readonly connection: CliConnection,
  ) {
    const { platform, terminal } = context;
    this.mark = platform.random.hex(MARK_LENGTH);
    this.lastReplyMs = platform.clock.monotonicMs();
    this.flow = terminal.openInput({
      onBytes: (chunk) => this.send(chunk),
      onEnd: () => this.endInput(),
    });
    connection.onDrain(() => this.flow.resume());
  }

  /** Resolves to the exit status. @throws CliError when the connection is lost */
  async run(): Promise<number> {
    const { terminal } = this.context;
    const isComplete = await this.readReplies();
    if (isComplete) terminal.write('Last reply received from server.\n');
    terminal.write(`errors: ${this.errors}, replies: ${this.replies}\n`);
    return this.errors === 0 ? 0 : 1;
  }

  private send(chunk: Buffer): void {
    this.connection.write(chunk);
    if (this.connection.unsentBytes > MAX_UNSENT_BYTES) this.flow.pause();
  }

  private endInput(): void {
    this.hasEnded = true;
    // The empty line before it makes good a command that lacks its end.
    this.connection.write(Buffer.from('\r\n', 'latin1'));
    this.connection.write(encodeCommand(['ECHO', this.mark]));
    this.context.terminal.write('All data transferred. Waiting for the last reply...\n');
  }

  /** False when the server fell silent before the last reply. */
  private async readReplies(): Promise<boolean> {
    const stopWatching = this.watchSilence();
    try {
      for (;;) {
        const reply = await this.connection.readInBand();
        if (this.isLast(reply)) return true;
        this.count(reply);
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (error.message === SILENT) return false;
      throw new CliError('Error reading replies from server');
    } finally {
      stopWatching();
    }
  }

  private isLast(reply: WireReply): boolean {
    return this.hasEnded && reply.type === 'bulk' && reply.text === this.mark;
  }

  private count(reply: WireReply): void {
    this.lastReplyMs = this.context.platform.clock.monotonicMs();
    this.replies++;
    if (reply.type !== 'error') return;
    this.errors++;
    this.context.terminal.writeError(`${reply.text}\n`);
  }

  /** Gives up when, after the end of the input, no reply has come for so long. */
  private watchSilence(): () => void {
    const { platform, terminal, options } = this.context;
    const limitSeconds = options.modes.pipeTimeoutSeconds;
    if (limitSeconds <= 0) return () => undefined;
    const timer: Timer = platform.timers.every(1000, () => {
      const silentMs = platform.clock.monotonicMs() - this.lastReplyMs;
      if (!this.hasEnded || silentMs <= limitSeconds * 1000) return;
      terminal.writeError(`No replies for ${limitSeconds} seconds: exiting.\n`);
      this.errors++;
      this.connection.lose(SILENT);
    });
    return () => timer.cancel();
  }
}

const SILENT = 'The server is silent';
