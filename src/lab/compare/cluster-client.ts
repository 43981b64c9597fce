/**
 * A client of a cluster: it has the table of slots, follows MOVED once, and asks any node for the table again when one
 * does not answer or says that the cluster is down.
 */
import { formatAddress, parseAddress, type HostAndPort } from '../../client/address.js';
import { ClientConnection } from '../../client/connection.js';
import { ReplyError } from '../../client/reply.js';
import { keySlot, SLOT_COUNT } from '../../keyspace/key-slot.js';
import type { Platform, Timer } from '../../platform/platform.js';
import { askOn, COMMAND_TIMEOUT_MS } from './client-connection.js';
import type { Answer, WorkloadClient } from './workload.js';

/** Between two questions for the table, while something is wrong. */
const REFRESH_INTERVAL_MS = 25;

export class ClusterClient implements WorkloadClient {
  private readonly owners = new Array<string | undefined>(SLOT_COUNT);
  private readonly connections = new Map<string, ClientConnection>();
  private refresh: Timer | null = null;
  private nextNode = 0;
  private isClosed = false;

  constructor(
    private readonly platform: Pick<Platform, 'network' | 'timers'>,
    private readonly nodes: readonly HostAndPort[],
  ) {}

  /** Resolves when it has the table and connections to all masters. */
  async open(): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => this.askForTable(resolve));
      const owners = new Set(this.owners);
      if (owners.has(undefined)) continue;
      await Promise.all([...owners].map((owner) => this.connectionTo(owner!).call('PING')));
      return;
    }
  }

  command(args: readonly [string, string, ...string[]], callback: (answer: Answer) => void): void {
    const slot = keySlot(args[1]);
    const owner = this.owners[slot] ?? formatAddress(this.nodes[0]!);
    this.askNode(owner, args, (answer, reply) => {
      const moved = reply instanceof ReplyError ? movedTo(reply) : null;
      if (moved === null) {
        if (answer.kind === 'error') this.refreshSoon();
        callback(answer);
        return;
      }
      // One slot of many has moved: the others are asked for in one go.
      this.owners[slot] = moved;
      this.refreshSoon();
      this.askNode(moved, args, callback);
    });
  }

  close(): void {
    this.isClosed = true;
    this.refresh?.cancel();
    for (const connection of this.connections.values()) connection.close();
  }

  private askNode(
    address: string,
    args: readonly string[],
    callback: (answer: Answer, reply: unknown) => void,
  ): void {
    askOn(this.connectionTo(address), args, callback);
  }

  private connectionTo(address: string): ClientConnection {
    const known = this.connections.get(address);
    if (known !== undefined && !known.isClosed) return known;
    const connection = new ClientConnection(this.platform, {
      address: parseAddress(address)!,
      connectTimeoutMs: COMMAND_TIMEOUT_MS,
    });
    this.connections.set(address, connection);
    return connection;
  }

  private refreshSoon(): void {
    if (this.isClosed) return;
    this.refresh ??= this.platform.timers.after(REFRESH_INTERVAL_MS, () => {
      this.refresh = null;
      this.askForTable(() => undefined);
    });
  }

  /** Of the nodes in turn, as the one that was asked last may be the one that hangs. */
  private askForTable(done: () => void): void {
    const node = formatAddress(this.nodes[this.nextNode++ % this.nodes.length]!);
    this.connectionTo(node).ask(
      ['CLUSTER', 'SLOTS'],
      (error, reply) => {
        if (error === null && Array.isArray(reply)) this.take(reply);
        done();
      },
      COMMAND_TIMEOUT_MS,
    );
  }

  private take(ranges: readonly unknown[]): void {
    for (const range of ranges) {
      if (!Array.isArray(range)) continue;
      const [first, last, master] = range as [number, number, [string, number]];
      const owner = `${master[0]}:${master[1]}`;
      for (let slot = first; slot <= last; slot++) this.owners[slot] = owner;
    }
  }
}

/** `MOVED 3999 127.0.0.1:6381`: the address; null for any other reply. */
function movedTo(reply: ReplyError): string | null {
  return reply.code === 'MOVED' ? (reply.message.split(' ')[2] ?? null) : null;
}
