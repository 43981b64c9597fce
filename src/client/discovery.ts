/**
 * Where is the master now? Asked of sentinels, verified, and watched for changes.
 *
 * What it makes sure of, because real clients got it wrong:
 * - Subscriptions to two sentinels and a poll, both always on: neither a dead sentinel nor a lost message hides a
 *   failover.
 * - After every loss of the connection to the master the sentinels are asked again; the old address is never just
 *   reconnected to.
 * - Configured sentinels stay in the list for ever; discovered ones are added.
 * - An answer with an older configuration epoch never wins, so a sentinel that was cut off cannot send anyone back.
 * - A newer answer ends the use of the old master at once, before the new one is verified.
 *
 * It is driven by callbacks alone, so it runs in simulated time; the promises are for the caller's convenience.
 * After an operator has removed a master from all sentinels and added it again, its epochs begin anew: make a new
 * object then.
 */
import { EventEmitter } from 'eventemitter3';
import type { Timer } from '../platform/platform.js';
import { bytesFromText } from '../resp/ascii.js';
import {
  addressTranslation,
  formatAddress,
  sameAddress,
  type AddressMap,
  type HostAndPort,
} from './address.js';
import {
  credentialsFromText,
  type ClientConnection,
  type ClientPlatform,
  type Credentials,
} from './connection.js';
import { ClientError, stoppedError } from './errors.js';
import { Complaints } from './complaints.js';
import { checkMaster } from './master-check.js';
import { closeGiven, MasterLink, type LivenessPing } from './master-link.js';
import { QueryPool } from './query-pool.js';
import {
  ResolutionRound,
  type Refusal,
  type ResolvedMaster,
  type RoundContext,
  type RoundOutcome,
} from './resolution-round.js';
import { SentinelList, type ListedSentinel } from './sentinel-list.js';
import { SentinelQuery } from './sentinel-query.js';
import { SentinelWatches } from './sentinel-watch.js';
import { Waiters } from './waiters.js';

export type { ResolvedMaster, Refusal } from './resolution-round.js';

/** Names and passwords are text; they go out as UTF-8. */
export interface DiscoveryOptions {
  /** At least one. */
  readonly sentinels: readonly HostAndPort[];
  /** The master's name, as in `sentinel monitor`. */
  readonly name: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly masterUsername?: string;
  readonly masterPassword?: string;
  /** Where announced addresses are reached from here: of the master, and of discovered sentinels. */
  readonly addressMap?: AddressMap;
  /** For a sentinel to accept a connection and answer; 500 when absent. */
  readonly sentinelTimeoutMs?: number;
  /** For the master to accept a connection and tell its role; 1000 when absent. */
  readonly masterTimeoutMs?: number;
  /** Between polls, and between pings on subscriptions; 1000 when absent. */
  readonly pollIntervalMs?: number;
  /** Before sentinels are asked again when none named a verifiable master; 200 when absent. */
  readonly retryDelayMs?: number;
  /**
   * Pings the master on a connection of its own and takes it for lost when no reply comes in time, for a master
   * that hangs without closing TCP. A master that runs a long command hangs as well: mind the deadline.
   */
  readonly livenessPing?: LivenessPing;
}

/** No sentinel named a master that could be verified. */
export class DiscoveryError extends ClientError {
  constructor(
    name: string,
    /** What each sentinel said, in the order they were asked. */
    readonly refusals: readonly Refusal[],
  ) {
    const said = refusals.map(({ sentinel, error }) => `${formatAddress(sentinel)}: ${error.message}`);
    super('NO_MASTER', `No verified master for ${name} (${said.join('; ')})`);
  }
}

export interface DiscoveryEvents {
  /** A master was verified: the first, another one, or the same again after it was lost. */
  master: [master: ResolvedMaster, previous: ResolvedMaster | null];
  /** The master is gone, hangs, is no master any more, or has been superseded. */
  lost: [master: ResolvedMaster, reason: Error];
  /** A round of questions found no verified master; told again only when the reasons have changed. */
  unresolved: [error: DiscoveryError];
}

const DEFAULTS = { sentinelTimeoutMs: 500, masterTimeoutMs: 1000, pollIntervalMs: 1000, retryDelayMs: 200 };

export class MasterDiscovery extends EventEmitter<DiscoveryEvents> {
  private readonly list: SentinelList;
  private readonly queries: QueryPool<SentinelQuery>;
  private readonly watches: SentinelWatches;
  /** The master's name as bytes, as in every answer of a sentinel. */
  private readonly masterName: string;
  private readonly times: typeof DEFAULTS;
  private readonly toReachable: (announced: HostAndPort) => HostAndPort;

  /** The verified master; null while there is none. */
  private held: ResolvedMaster | null = null;
  /** The last verified master, lost or not. */
  private last: ResolvedMaster | null = null;
  /** Stands as long as `held` does. */
  private link: MasterLink | null = null;
  /** Connections given to the caller, to be closed when their master must not be used any more. */
  private readonly given = new Set<ClientConnection>();
  private newestEpoch = -1;

  private state: 'idle' | 'watching' | 'stopped' = 'idle';
  private round: ResolutionRound | null = null;
  private readonly waiters = new Waiters<ResolvedMaster>();
  private poll: Timer | null = null;
  private retry: Timer | null = null;
  private readonly complaints = new Complaints();

  constructor(
    private readonly platform: ClientPlatform,
    private readonly options: DiscoveryOptions,
  ) {
    super();
    if (options.sentinels.length === 0) throw new TypeError('discovery needs at least one sentinel');
    this.masterName = bytesFromText(options.name);
    this.times = {
      sentinelTimeoutMs: options.sentinelTimeoutMs ?? DEFAULTS.sentinelTimeoutMs,
      masterTimeoutMs: options.masterTimeoutMs ?? DEFAULTS.masterTimeoutMs,
      pollIntervalMs: options.pollIntervalMs ?? DEFAULTS.pollIntervalMs,
      retryDelayMs: options.retryDelayMs ?? DEFAULTS.retryDelayMs,
    };
    this.toReachable = addressTranslation(options.addressMap);
    this.list = new SentinelList(options.sentinels);
    this.queries = new QueryPool(
      (address) =>
        new SentinelQuery(platform, address, this.sentinelCredentials, this.times.sentinelTimeoutMs),
    );
    this.watches = new SentinelWatches(this.list, {
      platform,
      masterName: this.masterName,
      credentials: this.sentinelCredentials,
      timeoutMs: this.times.sentinelTimeoutMs,
      pingIntervalMs: this.times.pollIntervalMs,
      retryDelayMs: this.times.retryDelayMs,
      onHint: (sentinel) => this.hear(sentinel),
      onListening: () => this.askUnlessAsking(),
    });
  }

  /** The verified master; null before the first and while there is none. */
  get master(): ResolvedMaster | null {
    return this.held;
  }

  /** The sentinels in the order they are asked: the configured ones and the discovered ones. */
  get sentinels(): readonly HostAndPort[] {
    return this.list.inOrder().map((sentinel) => sentinel.address);
  }

  /** Watches from now on; events tell of every change. */
  start(): void {
    if (this.state !== 'idle') return;
    this.state = 'watching';
    this.watches.fill();
    this.poll = this.platform.timers.every(this.times.pollIntervalMs, () => this.pollNow());
    this.beginRound();
  }

  /** Ends all timers and connections, those that {@link connect} gave included. */
  stop(): void {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.round?.abort();
    this.round = null;
    this.watches.stop();
    this.poll?.cancel();
    this.retry?.cancel();
    this.queries.close();
    this.dropMaster(null);
    this.waiters.reject(stoppedError());
  }

  /** Asks the sentinels now. Rejects with a {@link DiscoveryError} when none names a master that can be verified. */
  resolve(): Promise<ResolvedMaster> {
    if (this.state === 'stopped') return Promise.reject(stoppedError());
    const resolved = this.waiters.wait();
    this.askUnlessAsking();
    return resolved;
  }

  /**
   * A new connection to the master, whose address is asked for and whose role is verified each time. It closes when
   * the master is found hanging or superseded; call again then.
   */
  async connect(): Promise<ClientConnection> {
    const { address } = await this.resolve();
    return new Promise((resolve, reject) => {
      const { masterTimeoutMs } = this.times;
      checkMaster(this.platform, address, this.masterCredentials, masterTimeoutMs, (error, connection) => {
        if (error !== null || this.state === 'stopped') {
          connection.close();
          reject(error ?? stoppedError());
          return;
        }
        this.given.add(connection);
        connection.once('close', () => this.given.delete(connection));
        resolve(connection);
      });
    });
  }

  // Rounds of questions

  private beginRound(): void {
    this.retry?.cancel();
    this.retry = null;
    this.round = new ResolutionRound(this.roundContext(), (outcome) => this.endRound(outcome));
    this.round.start();
  }

  private endRound(outcome: RoundOutcome): void {
    this.round = null;
    this.queries.keepOnly(this.sentinels);
    if (outcome.kind === 'verified') {
      this.complaints.clear();
      this.hold(outcome.master, outcome.connection);
      this.waiters.resolve(outcome.master);
    } else {
      const error = new DiscoveryError(this.options.name, outcome.refusals);
      this.waiters.reject(error);
      if (this.complaints.isNew(outcome.refusals)) this.emit('unresolved', error);
    }
    if (this.state !== 'watching') return;
    this.watches.fill();
    if (this.held === null && this.round === null) {
      this.retry ??= this.platform.timers.after(this.times.retryDelayMs, () => this.beginRound());
    }
  }

  /** News from a subscription. A round in progress may be waiting for the old master: it starts again. */
  private hear(sentinel: ListedSentinel): void {
    this.list.moveToFront(sentinel);
    this.round?.abort();
    this.beginRound();
  }

  private askUnlessAsking(): void {
    if (this.round === null) this.beginRound();
  }

  private pollNow(): void {
    this.askUnlessAsking();
    this.link?.recheckRole();
  }

  private roundContext(): RoundContext {
    return {
      platform: this.platform,
      masterName: this.masterName,
      masterCredentials: this.masterCredentials,
      masterTimeoutMs: this.times.masterTimeoutMs,
      list: this.list,
      newestEpoch: () => this.newestEpoch,
      queryOf: (sentinel) => this.queries.of(sentinel.address),
      toReachable: this.toReachable,
      onAnswer: (named) => this.supersede(named),
      // Whoever asks is given a master that has just been verified.
      isHeld: (address) => this.waiters.isEmpty && this.isHeld(address),
    };
  }

  // The master in use

  private isHeld(address: HostAndPort): boolean {
    return this.held !== null && sameAddress(this.held.address, address);
  }

  private hold(master: ResolvedMaster, connection: ClientConnection | null): void {
    if (connection === null || this.isHeld(master.address)) {
      connection?.close();
      this.held = master;
      return;
    }
    if (this.held !== null) {
      this.lose(new ClientError('SUPERSEDED', `${formatAddress(master.address)} is the master now`));
    }
    const previous = this.last;
    this.held = master;
    this.last = master;
    this.link = new MasterLink(
      this.platform,
      master.address,
      connection,
      this.options.livenessPing,
      (reason) => this.linkLost(reason),
    );
    this.emit('master', master, previous);
  }

  /** A newer configuration with another address: the old master must not be used, whether the new one answers or not. */
  private supersede(named: ResolvedMaster): void {
    const isNewer = named.configEpoch > this.newestEpoch;
    this.newestEpoch = named.configEpoch;
    if (!isNewer || this.held === null || sameAddress(this.held.address, named.address)) return;
    const text = `${formatAddress(named.address)} is the master by config epoch ${named.configEpoch}`;
    this.lose(new ClientError('SUPERSEDED', text));
  }

  private linkLost(reason: Error): void {
    this.lose(reason);
    if (this.state === 'watching') this.askUnlessAsking();
  }

  private lose(reason: Error): void {
    const master = this.held;
    this.dropMaster(reason);
    if (master !== null) this.emit('lost', master, reason);
  }

  private dropMaster(reason: Error | null): void {
    this.held = null;
    this.link?.close();
    this.link = null;
    closeGiven(this.given, reason);
  }

  private get sentinelCredentials(): Credentials {
    return credentialsFromText(this.options.sentinelUsername, this.options.sentinelPassword);
  }

  private get masterCredentials(): Credentials {
    return credentialsFromText(this.options.masterUsername, this.options.masterPassword);
  }
}
