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
 * After an operator has removed a master from all sentinels and added it again, its epochs begin anew: make a new
 * object then.
 */
import { bytesFromText } from '../resp/ascii.js';
import { formatAddress, sameAddress, type HostAndPort } from './address.js';
import {
  credentialsFromText,
  type ClientConnection,
  type ClientPlatform,
  type Credentials,
} from './connection.js';
import { Discovery, DiscoveryError, type ResolvedMaster, type DiscoveryOptions } from './discovery.js';
import { ClientError } from './errors.js';
import type { MasterLink } from './master-link.js';
import { QueryPool } from './query-pool.js';
import { ResolutionRound, type RoundOutcome } from './resolution-round.js';
import { SentinelList, type ListedSentinel } from './sentinel-list.js';
import { SentinelQuery } from './sentinel-query.js';
import { SentinelWatches } from './sentinel-watch.js';

export interface MasterDiscoveryOptions extends DiscoveryOptions {
  /** At least one; the others are found. */
  readonly sentinels: readonly HostAndPort[];
  /** The master's name, as in `sentinel monitor`. */
  readonly name: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly masterUsername?: string;
  readonly masterPassword?: string;
  /** For a sentinel to accept a connection and answer; 500 when absent. */
  readonly sentinelTimeoutMs?: number;
}

export class MasterDiscovery extends Discovery<ResolvedMaster, ResolvedMaster> {
  private readonly list: SentinelList;
  private readonly queries: QueryPool<SentinelQuery>;
  private readonly watches: SentinelWatches;
  /** The master's name as bytes, as in every answer of a sentinel. */
  private readonly masterName: string;

  /** The verified master, while there is one. */
  private held: { readonly master: ResolvedMaster; readonly link: MasterLink } | null = null;
  /** The last verified master, lost or not. */
  private last: ResolvedMaster | null = null;
  private newestEpoch = -1;

  constructor(
    platform: ClientPlatform,
    private readonly options: MasterDiscoveryOptions,
  ) {
    super(platform, credentialsFromText(options.masterUsername, options.masterPassword), options);
    if (options.sentinels.length === 0) throw new TypeError('discovery needs at least one sentinel');
    this.masterName = bytesFromText(options.name);
    const credentials: Credentials = credentialsFromText(options.sentinelUsername, options.sentinelPassword);
    const timeoutMs = options.sentinelTimeoutMs ?? 500;
    this.list = new SentinelList(options.sentinels);
    this.queries = new QueryPool((address) => new SentinelQuery(platform, address, credentials, timeoutMs));
    this.watches = new SentinelWatches(this.list, {
      platform,
      masterName: this.masterName,
      credentials,
      timeoutMs,
      pingIntervalMs: this.pollIntervalMs,
      retryDelayMs: this.retryDelayMs,
      onHint: (sentinel) => this.hear(sentinel),
      onListening: () => this.ask(),
    });
  }

  /** The verified master; null before the first and while there is none. */
  get master(): ResolvedMaster | null {
    return this.held?.master ?? null;
  }

  /** The sentinels in the order they are asked: the configured ones and the discovered ones. */
  get sentinels(): readonly HostAndPort[] {
    return this.list.inOrder().map((sentinel) => sentinel.address);
  }

  override start(): void {
    super.start();
    if (this.isWatching) this.watches.fill();
  }

  /** Asks the sentinels now. Rejects with a {@link DiscoveryError} when none names a master that can be verified. */
  resolve(): Promise<ResolvedMaster> {
    return this.asked();
  }

  /**
   * A new connection to the master, whose address is asked for and whose role is verified each time. While this object
   * watches, it closes when the master is found hanging or superseded; call again then.
   */
  async connect(): Promise<ClientConnection> {
    const master = await this.resolve();
    return this.give(master, await this.verified(master, master.name));
  }

  // Rounds of questions

  protected override newRound(): ResolutionRound {
    return new ResolutionRound(
      {
        platform: this.platform,
        masterName: this.masterName,
        masterCredentials: this.masterCredentials,
        masterTimeoutMs: this.masterTimeoutMs,
        list: this.list,
        newestEpoch: () => this.newestEpoch,
        queryOf: (sentinel) => this.queries.of(sentinel.address),
        toReachable: this.toReachable,
        onAnswer: (named) => this.supersede(named),
        // Whoever asks is given a master that has just been verified.
        isHeld: (address) => this.waiters.isEmpty && this.isHeld(address),
      },
      (outcome) => this.conclude(outcome),
    );
  }

  private conclude(outcome: RoundOutcome): void {
    this.queries.keepOnly(this.sentinels);
    if (outcome.kind === 'verified') {
      this.hold(outcome.master, outcome.connection);
      this.endRound(outcome.master);
    } else {
      this.endRound(new DiscoveryError(this.options.name, outcome.refusals));
    }
    if (this.isWatching) this.watches.fill();
  }

  /** News from a subscription. */
  private hear(sentinel: ListedSentinel): void {
    this.list.moveToFront(sentinel);
    this.askAnew();
  }

  // The master in use

  protected override isMasterMissing(): boolean {
    return this.held === null;
  }

  protected override links(): MasterLink[] {
    return this.held === null ? [] : [this.held.link];
  }

  protected override release(): void {
    this.watches.stop();
    this.queries.close();
    this.held?.link.close();
    this.held = null;
  }

  private isHeld(address: HostAndPort): boolean {
    return this.held !== null && sameAddress(this.held.master.address, address);
  }

  private hold(master: ResolvedMaster, connection: ClientConnection | null): void {
    if (this.held !== null && this.isHeld(master.address)) {
      connection?.close();
      this.held = { master, link: this.held.link };
      return;
    }
    if (connection === null || !this.isWatching) {
      connection?.close();
      return;
    }
    this.lose(new ClientError('SUPERSEDED', `${formatAddress(master.address)} is the master now`));
    const previous = this.last;
    this.last = master;
    this.held = { master, link: this.watch(master, connection, (reason) => this.lose(reason)) };
    this.emit('master', master, previous);
  }

  /** A newer configuration with another address: the old master must not be used, whether the new one answers or not. */
  private supersede(named: ResolvedMaster): void {
    const isNewer = named.configEpoch > this.newestEpoch;
    this.newestEpoch = named.configEpoch;
    if (!isNewer || this.isHeld(named.address)) return;
    const text = `${formatAddress(named.address)} is the master by config epoch ${named.configEpoch}`;
    this.lose(new ClientError('SUPERSEDED', text));
  }

  /** Ends the use of the master that is held, if there is one. */
  private lose(reason: Error): void {
    if (this.held === null) return;
    const { master, link } = this.held;
    this.held = null;
    link.close();
    this.endGiven(reason);
    this.emit('lost', master, reason);
  }
}
