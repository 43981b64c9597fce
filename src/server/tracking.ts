/**
 * Client-side caching: remembers which keys clients have read (or which prefixes they asked for) and tells them when
 * those keys change. It costs nothing while no client tracks. Who may ask for what is commands/client/tracking.ts.
 */
import type { Client } from './client.js';
import type { Command } from './command.js';
import { GateRank, type Gate, type Gates } from './gates.js';
import { writeInvalidation, writeRedirectionBroken } from './message.js';

/** Which keys a client hears of: those it read, those it opted in or did not opt out of, or all with its prefixes. */
export type TrackingMode = 'default' | 'broadcast' | 'opt-in' | 'opt-out';

/** What a client asked for with CLIENT TRACKING. */
export interface TrackingOptions {
  readonly mode: TrackingMode;
  /** It is not told of its own changes. */
  readonly noLoop: boolean;
  /** The id of the client that gets the messages; 0: the client itself. */
  readonly redirectTo: number;
}

export class TrackingState {
  /** CLIENT CACHING was said: the next command is the exception to the opt-in or opt-out. */
  caching = false;
  redirectionBroken = false;
  readonly prefixes = new Set<string>();

  constructor(public options: TrackingOptions) {}
}

/** The listeners of a prefix, and what changed since they were last told, with who changed it (null: nobody). */
interface Prefix {
  readonly clients: Set<Client>;
  readonly changed: Map<string, Client | null>;
}

/** What tracking needs of the server. */
export interface TrackingSurroundings {
  readonly gates: Gates;
  findClient(id: number): Client | undefined;
  allClients(): Iterable<Client>;
  /** `tracking-table-max-keys`; 0: no limit. */
  maxKeys(): number;
  scheduleTurnEnd(): void;
}

/** So many keys are forgotten at once; more each time that was not enough. */
const FORGOTTEN_AT_ONCE = 100;

export class Tracking implements Gate {
  /** The first of all: it refuses nothing, and must see every command. */
  readonly rank = GateRank.Cluster;
  clientCount = 0;
  /** Readers of keys, by the clients' ids: what a closed client has read is forgotten as it changes. */
  private readonly readers = new Map<string, Set<number>>();
  private readonly prefixes = new Map<string, Prefix>();
  private readerCount = 0;
  private hasChangedPrefixes = false;
  private timesNotEnough = 0;
  /** The tracking client whose command is running. */
  private running: Client | null = null;

  constructor(private readonly server: TrackingSurroundings) {}

  get keyCount(): number {
    return this.readers.size;
  }

  /** Keys, counted once for each of their readers. */
  get itemCount(): number {
    return this.readerCount;
  }

  get prefixCount(): number {
    return this.prefixes.size;
  }

  /** @param prefixes for broadcast mode, in addition to those that the client has; none: all keys */
  enable(client: Client, options: TrackingOptions, prefixes: readonly string[]): void {
    if (client.tracking === null) {
      client.tracking = new TrackingState(options);
      if (this.clientCount++ === 0) this.server.gates.add(this);
    }
    client.tracking.options = options;
    client.tracking.redirectionBroken = false;
    if (options.mode !== 'broadcast') return;
    for (const prefix of prefixes.length === 0 ? [''] : prefixes) {
      client.tracking.prefixes.add(prefix);
      const listeners = this.prefixes.get(prefix);
      if (listeners === undefined)
        this.prefixes.set(prefix, { clients: new Set([client]), changed: new Map() });
      else listeners.clients.add(client);
    }
  }

  disable(client: Client): void {
    const { tracking } = client;
    if (tracking === null) return;
    client.tracking = null;
    for (const prefix of tracking.prefixes) {
      const clients = this.prefixes.get(prefix)?.clients;
      clients?.delete(client);
      if (clients?.size === 0) this.prefixes.delete(prefix);
    }
    if (--this.clientCount === 0) this.server.gates.remove(this);
  }

  /** A tracking client begins to execute a command. */
  begin(client: Client): void {
    this.running = client;
  }

  /**
   * A tracking client has executed a command: what it read is remembered.
   * @param isOutermost the command is no part of a transaction or script
   */
  end(client: Client, command: Command, args: readonly string[], isOutermost: boolean): void {
    const { tracking } = client;
    // A script counts with the commands that it calls.
    const reads = command.isReadOnly && !command.isPubSub && command.spec.group !== 'scripting';
    if (tracking !== null && reads) this.remember(client, tracking, command, args);
    if (isOutermost) this.over(client, command);
  }

  /** What a client sent is over: its changes are told from those of others again, and CLIENT CACHING has had its effect. */
  over(client: Client, command: Command | null): void {
    this.running = null;
    if (client.tracking === null || client.transaction !== null || command?.parent?.name === 'client') return;
    client.tracking.caching = false;
  }

  private remember(client: Client, tracking: TrackingState, command: Command, args: readonly string[]): void {
    const { mode } = tracking.options;
    if (mode === 'broadcast') return;
    if (mode === 'opt-in' && !tracking.caching) return;
    if (mode === 'opt-out' && tracking.caching) return;
    for (const position of command.keyPositions(args) ?? []) {
      const key = args[position];
      const readers = this.readers.get(key);
      if (readers === undefined) {
        this.readers.set(key, new Set([client.id]));
        this.readerCount++;
      } else if (!readers.has(client.id)) {
        readers.add(client.id);
        this.readerCount++;
      }
    }
  }

  /** A key was changed, by the client whose command is running. */
  keyTouched(key: string): void {
    if (this.clientCount > 0) this.invalidate(key, this.running);
  }

  /** A key went without anybody having asked for it. */
  keyExpired(key: string): void {
    if (this.clientCount > 0) this.invalidate(key, null);
  }

  private invalidate(key: string, by: Client | null): void {
    for (const [prefix, { changed }] of this.prefixes) {
      if (!key.startsWith(prefix)) continue;
      // What nobody did is told to everybody, whoever did something to the key before.
      changed.set(key, changed.get(key) === null ? null : by);
      this.hasChangedPrefixes = true;
      this.server.scheduleTurnEnd();
    }
    this.tellReaders(key, by);
  }

  private tellReaders(key: string, by: Client | null): void {
    const readers = this.readers.get(key);
    if (readers === undefined) return;
    this.readers.delete(key);
    this.readerCount -= readers.size;
    for (const id of readers) {
      const client = this.server.findClient(id);
      const options = client?.tracking?.options;
      if (client === undefined || options === undefined || options.mode === 'broadcast') continue;
      if (!(options.noLoop && client === by)) this.tell(client, [key]);
    }
  }

  /** All keys are gone: clients are told so at once, with null for the keys. */
  flushed(): void {
    if (this.clientCount > 0) {
      for (const client of this.server.allClients()) if (client.tracking !== null) this.tell(client, null);
    }
    this.readers.clear();
    this.readerCount = 0;
  }

  /** Tells the listeners of prefixes what has changed. To be called at the end of a turn. */
  broadcast(): void {
    if (!this.hasChangedPrefixes) return;
    this.hasChangedPrefixes = false;
    for (const { clients, changed } of this.prefixes.values()) {
      if (changed.size === 0) continue;
      const all = [...changed.keys()];
      for (const client of clients) {
        const noLoop = client.tracking?.options.noLoop === true;
        const keys = noLoop ? all.filter((key) => changed.get(key) !== client) : all;
        if (keys.length > 0) this.tell(client, keys);
      }
      changed.clear();
    }
  }

  /** Before any command: the table is kept within its limit. What is forgotten is told as if it had changed. */
  refusal(): null {
    this.forgetSurplus();
    return null;
  }

  forgetSurplus(): void {
    const maxKeys = this.server.maxKeys();
    let effort = FORGOTTEN_AT_ONCE * (this.timesNotEnough + 1);
    if (maxKeys === 0 || this.readers.size <= maxKeys) {
      this.timesNotEnough = 0;
      return;
    }
    for (const key of this.readers.keys()) {
      if (this.readers.size <= maxKeys || effort-- === 0) break;
      this.tellReaders(key, null);
    }
    this.timesNotEnough = this.readers.size > maxKeys ? this.timesNotEnough + 1 : 0;
  }

  private tell(client: Client, keys: readonly string[] | null): void {
    const { tracking } = client;
    if (tracking === null) return;
    const { redirectTo } = tracking.options;
    if (redirectTo === 0) {
      if (client.reply.protocol === 3) this.deliver(client, () => writeInvalidation(client, keys));
      return;
    }
    const target = this.server.findClient(redirectTo);
    if (target === undefined || target.closeAfterReply) {
      tracking.redirectionBroken = true;
      if (client.reply.protocol === 3) {
        this.deliver(client, () => writeRedirectionBroken(client, redirectTo));
      }
    } else if (target.reply.protocol === 3 || target.subscriptions !== null) {
      this.deliver(target, () => writeInvalidation(target, keys));
    }
  }

  /** A message comes after the reply to the command that is being answered. */
  private deliver(client: Client, write: () => void): void {
    if (client.isAnswering) client.messagesAfterReply.push(write);
    else write();
  }
}
