/** Programs on virtual machines that answer commands as a test has them answer. */
import type { HostAndPort } from '../../../src/client/address.js';
import type { Connection } from '../../../src/platform/platform.js';
import type { VirtualProcess } from '../../../src/platform/virtual/index.js';
import { Decoded, RequestDecoder } from '../../../src/resp/request-decoder.js';

export const SERVER_PORT = 6379;

/** What a scripted program answers: RESP text, or null to say nothing. */
export type Answer = (args: readonly string[], connection: Connection) => string | null;

export const UNKNOWN_COMMAND = '-ERR unknown command\r\n';

/** A program that answers commands as it is told to. */
export class ScriptedProgram {
  readonly connections = new Set<Connection>();
  /** Commands received, by name, in order. */
  readonly received: string[] = [];

  constructor(
    readonly process: VirtualProcess,
    readonly port: number,
    answer: Answer,
  ) {
    process.network.listen(
      { host: '0.0.0.0', port },
      {},
      (connection) => this.serve(connection, answer),
      (error) => {
        if (error !== null) throw error;
      },
    );
  }

  get address(): HostAndPort {
    return { host: this.process.host.address, port: this.port };
  }

  private serve(connection: Connection, answer: Answer): void {
    const decoder = new RequestDecoder();
    this.connections.add(connection);
    connection.handler = {
      onConnect: () => undefined,
      onData: (chunk) => {
        decoder.feed(chunk);
        while (decoder.next() === Decoded.Command) {
          this.received.push(decoder.args.join(' '));
          const reply = answer(decoder.args, connection);
          if (reply !== null) connection.write(Buffer.from(reply, 'latin1'));
        }
        decoder.retain();
      },
      onDrain: () => undefined,
      onEnd: () => connection.end(),
      onClose: () => this.connections.delete(connection),
    };
  }
}

/** A data server that has a role and perhaps a password, and answers some more commands if it is told to. */
export class ScriptedServer {
  role: 'master' | 'slave' = 'master';
  password: string | null = null;
  readonly program: ScriptedProgram;
  private readonly authenticated = new WeakSet<Connection>();

  constructor(
    readonly process: VirtualProcess,
    private readonly answerMore: Answer = () => UNKNOWN_COMMAND,
  ) {
    this.program = new ScriptedProgram(process, SERVER_PORT, (args, connection) =>
      this.answer(args, connection),
    );
  }

  get address(): HostAndPort {
    return this.program.address;
  }

  /** How many clients are connected. */
  get clientCount(): number {
    return this.program.connections.size;
  }

  private answer(args: readonly string[], connection: Connection): string | null {
    const [command] = args;
    if (command === 'AUTH') {
      if (args.at(-1) !== this.password) return '-WRONGPASS invalid username-password pair\r\n';
      this.authenticated.add(connection);
      return '+OK\r\n';
    }
    if (this.password !== null && !this.authenticated.has(connection))
      return '-NOAUTH Authentication required.\r\n';
    if (command === 'PING') return '+PONG\r\n';
    if (command === 'ROLE') return this.role === 'master' ? bulks('master', '0') : bulks('slave', 'x', '1');
    return this.answerMore(args, connection);
  }
}

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

export function bulks(...texts: string[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join('')}`;
}
