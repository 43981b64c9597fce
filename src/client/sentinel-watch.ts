/**
 * Listening to sentinels for news of a master: subscriptions to two different ones at any time, so that one that
 * dies, hangs or is cut off does not leave us deaf until the next poll.
 *
 * News are hints and nothing more: they carry no epoch, so whoever hears one asks and verifies.
 */
import type { Timer } from '../platform/platform.js';
import { formatAddress, type HostAndPort } from './address.js';
import { ClientConnection, type ClientPlatform, type Credentials } from './connection.js';
import { ClientError } from './errors.js';
import { ReplyError, type Reply } from './reply.js';
import type { SentinelList, ListedSentinel } from './sentinel-list.js';

const SWITCHED = '+switch-master';
/** Told by the leader alone, and up to a second before its own +switch-master. */
const PROMOTED = '+promoted-slave';
const WATCHED_SENTINELS = 2;
/** A subscription on which nothing was heard over this many pings is dead. */
const SILENT_PINGS = 2;

export interface WatchOptions {
  readonly platform: ClientPlatform;
  readonly masterName: string;
  readonly credentials: Credentials;
  /** Until subscribed. */
  readonly timeoutMs: number;
  readonly pingIntervalMs: number;
  /** Before another sentinel is tried in the place of one that failed. */
  readonly retryDelayMs: number;
  /** There is news of the master. */
  onHint(sentinel: ListedSentinel): void;
  /** From now on news of a sentinel are heard; there may have been some before. */
  onListening(): void;
}

/** Keeps {@link WATCHED_SENTINELS} subscriptions to sentinels of a list, as long as it has so many. */
export class SentinelWatches {
  private readonly watches = new Set<SentinelWatch>();
  /** By address: when, in the order of failures, a subscription to it last failed. */
  private readonly failures = new Map<string, number>();
  private failureCount = 0;
  private retry: Timer | null = null;
  private stopped = false;

  constructor(
    private readonly list: SentinelList,
    private readonly options: WatchOptions,
  ) {}

  /** The sentinels that are listened to, or being connected to. */
  get watched(): readonly HostAndPort[] {
    return [...this.watches].map((watch) => watch.sentinel.address);
  }

  /** Fills free places; call it at the start and whenever the list has grown. */
  fill(): void {
    if (this.stopped || this.retry !== null) return;
    while (this.watches.size < WATCHED_SENTINELS) {
      const sentinel = this.nextSentinel();
      if (sentinel === undefined) return;
      const watch = new SentinelWatch(sentinel, this.options, () => this.replace(watch));
      this.watches.add(watch);
    }
  }

  stop(): void {
    this.stopped = true;
    this.retry?.cancel();
    for (const watch of this.watches) watch.stop();
    this.watches.clear();
  }

  /** The one whose last failure is the longest ago; those that never failed first, in the order of the list. */
  private nextSentinel(): ListedSentinel | undefined {
    const busy = new Set(this.watched.map(formatAddress));
    const failed = (sentinel: ListedSentinel): number =>
      this.failures.get(formatAddress(sentinel.address)) ?? 0;
    return this.list
      .inOrder()
      .filter((sentinel) => !busy.has(formatAddress(sentinel.address)))
      .sort((a, b) => failed(a) - failed(b))[0];
  }

  private replace(watch: SentinelWatch): void {
    this.watches.delete(watch);
    this.failures.set(formatAddress(watch.sentinel.address), ++this.failureCount);
    this.retry ??= this.options.platform.timers.after(this.options.retryDelayMs, () => {
      this.retry = null;
      this.fill();
    });
  }
}

/** One subscription, with a ping that notices a sentinel which hangs without closing. */
class SentinelWatch {
  private readonly connection: ClientConnection;
  private readonly subscribeDeadline: Timer;
  private ping: Timer | null = null;
  private silentPings = 0;

  constructor(
    readonly sentinel: ListedSentinel,
    private readonly options: WatchOptions,
    onFailure: () => void,
  ) {
    const { platform, credentials, timeoutMs } = options;
    const { address } = sentinel;
    this.connection = new ClientConnection(platform, {
      address,
      ...credentials,
      connectTimeoutMs: timeoutMs,
    });
    this.subscribeDeadline = platform.timers.after(timeoutMs, () => this.failSilent());
    this.connection.on('ready', () => this.connection.subscribe([SWITCHED, PROMOTED]));
    this.connection.on('message', (message) => this.heard(message));
    this.connection.on('close', () => {
      this.stopTimers();
      onFailure();
    });
  }

  stop(): void {
    this.connection.removeAllListeners();
    this.stopTimers();
    this.connection.close();
  }

  private heard(message: Reply): void {
    this.silentPings = 0;
    if (message instanceof ReplyError) {
      this.connection.close(message);
      return;
    }
    if (!Array.isArray(message)) return;
    const [kind, channel, payload] = message;
    if (kind === 'subscribe' && channel === SWITCHED) this.subscribed();
    if (kind === 'message' && this.isAboutOurs(channel, payload)) this.options.onHint(this.sentinel);
  }

  private subscribed(): void {
    this.subscribeDeadline.cancel();
    this.ping = this.options.platform.timers.every(this.options.pingIntervalMs, () => this.probe());
    this.options.onListening();
  }

  private probe(): void {
    if (this.silentPings === SILENT_PINGS) {
      this.failSilent();
      return;
    }
    this.silentPings++;
    this.connection.sendSubscribed(['PING']);
  }

  private failSilent(): void {
    const text = `Nothing heard from ${formatAddress(this.sentinel.address)}`;
    this.connection.close(new ClientError('TIMEOUT', text));
  }

  /** `<name> <old ip> <old port> <new ip> <new port>` and `slave <...> @ <name> <ip> <port>`. */
  private isAboutOurs(channel: Reply | undefined, payload: Reply | undefined): boolean {
    const { masterName } = this.options;
    if (typeof payload !== 'string') return false;
    if (channel === SWITCHED) return payload.startsWith(`${masterName} `);
    return channel === PROMOTED && payload.includes(` @ ${masterName} `);
  }

  private stopTimers(): void {
    this.subscribeDeadline.cancel();
    this.ping?.cancel();
  }
}
