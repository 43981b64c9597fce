/**
 * A server or sentinel whose person is the test: it notes what it is sent and answers as it is told, on a virtual
 * machine of its own.
 */
import type { Connection, ConnectionHandler } from '../../src/platform/platform.js';
import type { VirtualProcess, VirtualWorld } from '../../src/platform/virtual/index.js';
import { Decoded, RequestDecoder } from '../../src/resp/request-decoder.js';

/** One command as it came. */
export interface Received {
  readonly atMs: number;
  readonly connection: number;
  readonly args: readonly string[];
}

/** The RESP reply to a command; null for none. */
export type Script = (args: readonly string[]) => string | null;

export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

export class ScriptedInstance {
  readonly received: Received[] = [];
  readonly process: VirtualProcess;
  private readonly connections: Connection[] = [];

  constructor(
    private readonly world: VirtualWorld,
    readonly name: string,
    port: number,
    public script: Script,
  ) {
    this.process = world.createProcess(name);
    this.process.network.listen(
      { host: '0.0.0.0', port },
      {},
      (connection) => this.accept(connection),
      (error) => {
        if (error !== null) throw error;
      },
    );
  }

  get host(): string {
    return this.process.host.address;
  }

  /** Commands of that name, in order. */
  commands(name: string): Received[] {
    return this.received.filter(({ args }) => args[0] === name);
  }

  /** Sends bytes on every connection that has subscribed. */
  publish(channel: string, payload: string): void {
    const message = `*3\r\n${bulk('message')}${bulk(channel)}${bulk(payload)}`;
    for (const { connection } of this.commands('SUBSCRIBE')) {
      this.connections[connection].write(Buffer.from(message, 'latin1'));
    }
  }

  private accept(connection: Connection): void {
    const number = this.connections.push(connection) - 1;
    const decoder = new RequestDecoder();
    const handler: ConnectionHandler = {
      onConnect: () => undefined,
      onDrain: () => undefined,
      onEnd: () => connection.end(),
      onClose: () => undefined,
      onData: (chunk) => {
        decoder.feed(chunk);
        while (decoder.next() === Decoded.Command) this.take(connection, number, decoder.args);
        decoder.retain();
      },
    };
    connection.handler = handler;
  }

  private take(connection: Connection, number: number, args: readonly string[]): void {
    this.received.push({ atMs: this.world.nowMs, connection: number, args: [...args] });
    const reply = this.script(args);
    if (reply !== null) connection.write(Buffer.from(reply, 'latin1'));
  }
}

/** What a healthy server answers a sentinel; `info` is the text of INFO. */
export function serverScript(info: () => string): Script {
  return ([name, second]) => {
    switch (name) {
      case 'PING':
        return '+PONG\r\n';
      case 'INFO':
        return bulk(info());
      case 'PUBLISH':
        return ':1\r\n';
      case 'SUBSCRIBE':
        return `*3\r\n${bulk('subscribe')}${bulk(second)}:1\r\n`;
      case 'EXEC':
        return '*4\r\n+OK\r\n+OK\r\n:0\r\n:0\r\n';
      default:
        return '+OK\r\n';
    }
  };
}

export function masterInfo(...replicas: readonly string[]): string {
  const lines = replicas.map((host, i) => `slave${i}:ip=${host},port=6379,state=online,offset=1,lag=0`);
  return [
    '# Replication',
    'run_id:' + 'a'.repeat(40),
    'role:master',
    ...lines,
    'master_repl_offset:1',
    '',
  ].join('\r\n');
}
