/**
 * What finding the master of a Sentinel group and finding the masters of a cluster have in common: rounds of questions (by
 * a poll, after every loss, whenever somebody asks), further ones while a master is missing, connections that end with
 * their master, events and the end of it all.
 *
 * Whom to ask, what an answer is worth and which masters are held is the business of {@link MasterDiscovery} and
 * {@link ClusterDiscovery}.
 *
 * It is driven by callbacks alone, so it runs in simulated time; the promises are for the caller's convenience.
 */
import { EventEmitter } from 'eventemitter3';
import type { Timer } from '../platform/platform.js';
import { addressTranslation, formatAddress, type AddressMap, type HostAndPort } from './address.js';
import { Complaints } from './complaints.js';
import type { ClientConnection, ClientPlatform, Credentials } from './connection.js';
import { ClientError, stoppedError } from './errors.js';
import { checkMaster } from './master-check.js';
import { MasterLink, type LivenessPing } from './master-link.js';
import { Waiters } from './waiters.js';

/** What may be said of every discovery. Times are optional; names and passwords are text, which goes out as UTF-8. */
export interface DiscoveryOptions {
  /** Where announced addresses are reached from here. */
  readonly addressMap?: AddressMap;
  /** For a master to accept a connection and tell its role; 1000 when absent. */
  readonly masterTimeoutMs?: number;
  /** Between polls; 1000 when absent. */
  readonly pollIntervalMs?: number;
  /** Before questions are asked again while a master is missing; 200 when absent. */
  readonly retryDelayMs?: number;
  /**
   * Pings every master on a connection of its own and takes it for lost when no reply comes in time, for a master
   * that hangs without closing TCP. A master that runs a long command hangs as well: mind the deadline.
   */
  readonly livenessPing?: LivenessPing;
}

/** Where a master is, who says so, and since which configuration. */
export interface ResolvedMaster {
  /** Of the group; in a cluster its slots. */
  readonly name: string;
  /** Where to connect. */
  readonly address: HostAndPort;
  /** What is announced; differs from `address` when an address map translates it. */
  readonly announced: HostAndPort;
  readonly configEpoch: number;
  /** The sentinel, or the node of the cluster, that said so. */
  readonly source: HostAndPort;
}

/** Why an answer was of no use. */
export interface Refusal {
  /** Who was asked: a sentinel, a node of a cluster, or the master itself. */
  readonly source: HostAndPort;
  readonly error: Error;
}

/** There is no master that could be verified. */
export class DiscoveryError extends ClientError {
  constructor(
    /** The master's name, or which slots. */
    what: string,
    /** What each of those said that were asked. */
    readonly refusals: readonly Refusal[],
  ) {
    const said = refusals.map(({ source, error }) => `${formatAddress(source)}: ${error.message}`);
    super('NO_MASTER', `No verified master for ${what}${said.length === 0 ? '' : ` (${said.join('; ')})`}`);
  }
}

/** Told from `start()` to `stop()`. */
export interface DiscoveryEvents<Master extends ResolvedMaster> {
  /**
   * A master was verified: the first, another one, or the same again after it was lost. In a cluster also when it has
   * got slots of others; `previous` had the first of the slots that are new to it.
   */
  master: [master: Master, previous: Master | null];
  /** A master is gone, hangs, is no master any more, or has been superseded: in a cluster, has lost all its slots. */
  lost: [master: Master, reason: Error];
  /** Nobody who was asked named a master that could be verified; told again only when the reasons have changed. */
  unresolved: [error: DiscoveryError];
}

/** A round of questions. Once it is aborted it says nothing any more. */
interface Round {
  start(): void;
  abort(): void;
}

/** @typeParam Answer what whoever asks is given when a round ends well */
export abstract class Discovery<Master extends ResolvedMaster, Answer = unknown> extends EventEmitter<
  DiscoveryEvents<Master>
> {
  protected readonly pollIntervalMs: number;
  protected readonly retryDelayMs: number;
  protected readonly masterTimeoutMs: number;
  /** Where an announced address is reached from here. */
  protected readonly toReachable: (announced: HostAndPort) => HostAndPort;
  /** Those who wait for the end of the round under way. */
  protected readonly waiters = new Waiters<Answer>();

  /** Connections given to the caller, to be closed when their master must not be used any more. */
  private readonly given = new Map<ClientConnection, Master>();
  private readonly complaints = new Complaints();
  private readonly livenessPing: LivenessPing | undefined;
  private state: 'idle' | 'watching' | 'stopped' = 'idle';
  private round: Round | null = null;
  private poll: Timer | null = null;
  private retry: Timer | null = null;

  protected constructor(
    protected readonly platform: ClientPlatform,
    protected readonly masterCredentials: Credentials,
    options: DiscoveryOptions,
  ) {
    super();
    this.pollIntervalMs = options.pollIntervalMs ?? 1000;
    this.retryDelayMs = options.retryDelayMs ?? 200;
    this.masterTimeoutMs = options.masterTimeoutMs ?? 1000;
    this.toReachable = addressTranslation(options.addressMap);
    this.livenessPing = options.livenessPing;
  }

  /** Watches from now on; events tell of every change. */
  start(): void {
    if (this.state !== 'idle') return;
    this.state = 'watching';
    this.poll = this.platform.timers.every(this.pollIntervalMs, () => {
      this.ask();
      for (const link of this.links()) link.recheckRole();
    });
    this.ask();
  }

  /** Ends all timers and connections, those that `connect` gave included. */
  stop(): void {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.round?.abort();
    this.round = null;
    this.poll?.cancel();
    this.retry?.cancel();
    this.release();
    for (const connection of [...this.given.keys()]) connection.close();
    this.waiters.reject(stoppedError());
  }

  // What the two kinds do in their own ways

  protected abstract newRound(): Round;
  /** To the masters that are held. */
  protected abstract links(): Iterable<MasterLink>;
  /** Whether to go on asking. */
  protected abstract isMasterMissing(): boolean;
  /** At the end: closes what the subclass has opened. Tells nothing. */
  protected abstract release(): void;

  protected get isWatching(): boolean {
    return this.state === 'watching';
  }

  // Rounds of questions

  /** Begins a round, unless one is under way. */
  protected ask(): void {
    if (this.round === null) this.askAnew();
  }

  /** There is news: the round under way may be waiting for who does not matter any more. */
  protected askAnew(): void {
    if (this.state === 'stopped') return;
    this.retry?.cancel();
    this.retry = null;
    this.round?.abort();
    this.round = this.newRound();
    this.round.start();
  }

  /** The outcome of the round under way, or of one that begins now. */
  protected asked(): Promise<Answer> {
    if (this.state === 'stopped') return Promise.reject(stoppedError());
    const outcome = this.waiters.wait();
    this.ask();
    return outcome;
  }

  protected endRound(outcome: Answer | DiscoveryError): void {
    this.round = null;
    if (outcome instanceof DiscoveryError) {
      this.waiters.reject(outcome);
      this.complain(outcome);
    } else {
      this.waiters.resolve(outcome);
      if (!this.isMasterMissing()) this.complaints.clear();
    }
    this.retryWhileMissing();
  }

  protected retryWhileMissing(): void {
    if (!this.isWatching || this.round !== null || !this.isMasterMissing()) return;
    this.retry ??= this.platform.timers.after(this.retryDelayMs, () => this.askAnew());
  }

  protected complain(error: DiscoveryError): void {
    if (this.isWatching && this.complaints.isNew(error.refusals)) this.emit('unresolved', error);
  }

  // Masters

  /** Asks a server whether it is a master; the callback gets the connection, closed if there is an error. */
  protected check(
    address: HostAndPort,
    callback: (error: Error | null, connection: ClientConnection) => void,
  ): ClientConnection {
    return checkMaster(this.platform, address, this.masterCredentials, this.masterTimeoutMs, callback);
  }

  /**
   * Verifies a master, even one that is held.
   * @returns the connection on which it said that it is one; rejects with a {@link DiscoveryError}
   */
  protected verified(master: Master, what: string): Promise<ClientConnection> {
    return new Promise((resolve, reject) => {
      this.check(master.address, (error, connection) => {
        if (this.state === 'stopped') {
          connection.close();
          reject(stoppedError());
        } else if (error === null) {
          resolve(connection);
        } else {
          reject(new DiscoveryError(what, [{ source: master.address, error }]));
        }
      });
    });
  }

  /** Watches a master on the connection on which it was verified; when that is lost, questions are asked again. */
  protected watch(master: Master, connection: ClientConnection, onLost: (reason: Error) => void): MasterLink {
    return new MasterLink(this.platform, master.address, connection, this.livenessPing, (reason) => {
      onLost(reason);
      this.ask();
    });
  }

  /** The connection is the caller's, until its master must not be used any more. */
  protected give(master: Master, connection: ClientConnection): ClientConnection {
    this.given.set(connection, master);
    connection.once('close', () => this.given.delete(connection));
    return connection;
  }

  /** A master is lost. What was given ends with it, unless the master closed it, who then closes the others itself. */
  protected endGiven(reason: Error, isConcerned: (master: Master) => boolean = () => true): void {
    const mayStillBeInUse = reason instanceof ClientError && reason.code === 'CLOSED';
    if (mayStillBeInUse) return;
    for (const [connection, master] of [...this.given]) if (isConcerned(master)) connection.close(reason);
  }
}
