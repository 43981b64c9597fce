/**
 * A command that takes long is suspended: a script. Its execution unit stays open, time stands still for the keyspace,
 * and other clients are told -BUSY but for the few commands that may end it. When it goes on to its end, whatever
 * waited for it goes on, too: the rest of a transaction, a replication stream.
 */
import type { Client } from './client.js';
import type { Command } from './command.js';
import { GateRank, type Gate } from './gates.js';
import type { Server } from './server.js';

export class Suspension implements Gate {
  readonly rank = GateRank.Busy;
  /** What clients are told; set by who suspends commands. */
  busyText = 'BUSY Redis is busy running a script.';
  private active = false;
  private closed = false;
  /** The rest of the transaction in which the suspended command runs. */
  private rest: (() => void) | null = null;
  private waiting: (() => void)[] = [];

  constructor(private readonly server: Server) {}

  /** The server is closed: what is suspended never goes on. */
  get isClosed(): boolean {
    return this.closed;
  }

  close(): void {
    this.closed = true;
  }

  get isActive(): boolean {
    return this.active;
  }

  /** Suspends the running command of a client. Its unit stays open. */
  begin(client: Client): void {
    this.active = true;
    this.server.dispatcher.hold();
    this.server.gates.add(this);
    this.server.blocking.block(client, 0, null, () => undefined);
  }

  /** The suspended command has been answered: the unit goes on with what is left of it, or ends. */
  end(client: Client): void {
    const { server, rest } = this;
    this.active = false;
    this.rest = null;
    server.gates.remove(this);
    server.blocking.release(client);
    rest?.();
    // `rest` may have been suspended in its turn.
    server.dispatcher.letGo(client);
    if (this.isActive) return;
    const { waiting } = this;
    this.waiting = [];
    for (const callback of waiting) callback();
  }

  /** Has the rest of a transaction executed when the suspended command is over, as part of the same unit. */
  continueWith(rest: () => void): void {
    this.rest = rest;
  }

  /** Calls back when nothing is suspended any more. */
  afterwards(callback: () => void): void {
    this.waiting.push(callback);
  }

  refusal(_client: Client, command: Command): string | null {
    return command.allowedWhenBusy ? null : this.busyText;
  }
}
