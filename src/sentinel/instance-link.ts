/**
 * The connections to one instance: a command link and, to servers, a subscription to hello messages.
 *
 * It reconnects, pings, and keeps the suspicion of the instance; what follows from any of it is its owners'
 * business. A sentinel that is known under several masters has one link with several owners. The link owns no
 * timer: {@link InstanceLink.attend} does what is due and {@link InstanceLink.nextDueMs} says when to call again.
 */
import { CommandLink, type ReplyCallback } from '../client/command-link.js';
import { ReplyError, type Reply } from '../client/reply.js';
import { Suspicion } from '../failover/suspicion.js';
import type { Logger } from '../log/logger.js';
import type { Network } from '../platform/platform.js';
import { joinHostPort, type InstanceAddress } from './address.js';
import { HELLO_CHANNEL } from './hello.js';
import { pingGapMs, type Periods } from './periods.js';

/** What an instance that uses a link hears. */
export interface LinkOwner {
  /** The shortest silence that makes this owner suspect the instance. */
  readonly downAfterMs: number;
  /** The instance's host was resolved, perhaps to another number than before. */
  resolved(address: InstanceAddress): void;
  /** The command link is up; its first commands are on their way. */
  linkUp(): void;
  /** A link came up or went down. */
  linkChanged(): void;
  /** The answer to a PING. */
  pinged(answer: PingAnswer): void;
  helloReceived(payload: string): void;
}

/** `alive` also counts as a sign of life: the instance is loading, or has lost its own master. */
export type PingAnswer =
  | { readonly kind: 'pong' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'unacceptable'; readonly text: string };

export interface LinkParts {
  readonly network: Network;
  readonly clock: { monotonicMs(): number };
  readonly periods: Periods;
  readonly log: Logger;
  /** Numeric address, from a name if need be; null when there is none now. */
  readonly resolve: (address: InstanceAddress, callback: (resolved: InstanceAddress | null) => void) => void;
  readonly sourceAddress: () => string | undefined;
  /** Arguments of AUTH; null when the instance wants none. */
  readonly credentials: () => readonly string[] | null;
  /** The name under which the instance knows a command. */
  readonly commandName: (name: string) => string;
  /** What CLIENT LIST shows there, without `-cmd` or `-pubsub`. */
  readonly clientName: string;
  readonly subscribes: boolean;
}

/** No more commands are sent while this many of an owner's are without reply. */
const MAX_PENDING_PER_OWNER = 100;
/** A connection attempt that takes longer is given up and made again. */
const CONNECT_TIMEOUT_MS = 2000;
/** Wait before the second attempt; doubled up to the ping period. The first is made at once. */
const FIRST_RETRY_MS = 50;
/** The subscription is broken off when no message came for this many publish periods: we hear ourselves. */
const SILENT_PUBLISH_PERIODS = 3;

/** One of the two connections. */
interface Channel {
  link: CommandLink | null;
  resolving: boolean;
  /** When the present connection was begun, or established. */
  sinceMs: number;
  nextAttemptMs: number;
  /** Attempts since the instance last said anything on it: an accepted connection alone proves little. */
  failures: number;
}

function newChannel(): Channel {
  return { link: null, resolving: false, sinceMs: 0, nextAttemptMs: 0, failures: 0 };
}

export class InstanceLink {
  readonly owners = new Set<LinkOwner>();
  readonly suspicion: Suspicion;
  #address: InstanceAddress;
  readonly #parts: LinkParts;
  readonly #command = newChannel();
  readonly #subscription = newChannel();
  #closed = false;
  /** The instance has confirmed the subscription. */
  #subscribed = false;
  #pingsPending = 0;
  #lastPingMs: number;
  #lastReplyMs: number;
  #lastMessageMs: number;
  /** What was last said about failed connections, so that it is said once. */
  #toldFailure = '';

  constructor(address: InstanceAddress, parts: LinkParts) {
    const nowMs = parts.clock.monotonicMs();
    this.#address = address;
    this.#parts = parts;
    this.suspicion = new Suspicion(nowMs);
    this.#lastPingMs = nowMs;
    this.#lastReplyMs = nowMs;
    this.#lastMessageMs = nowMs;
  }

  get address(): InstanceAddress {
    return this.#address;
  }

  /** Commands can be sent and are expected to arrive. */
  get isUp(): boolean {
    return this.#command.link?.connected === true;
  }

  /** All the connections there should be are established. */
  get isComplete(): boolean {
    return this.isUp && (!this.#parts.subscribes || this.#subscribed);
  }

  get pendingCount(): number {
    return this.#command.link?.pendingCount ?? 0;
  }

  /** Our address as the instance sees it; empty while disconnected. */
  get localAddress(): string {
    return this.isUp ? (this.#command.link?.localAddress ?? '') : '';
  }

  /** When the oldest PING without a good answer was sent; null when none is owed. */
  get pingPendingSinceMs(): number | null {
    return this.suspicion.silentSinceMs;
  }

  /** The last answer of any kind to a PING. */
  get lastReplyMs(): number {
    return this.#lastReplyMs;
  }

  get isOverloaded(): boolean {
    return this.pendingCount >= MAX_PENDING_PER_OWNER * Math.max(1, this.owners.size);
  }

  /** Sends a command; false when there is no connection. `args` follow the command's name. */
  send(name: string, args: readonly string[], callback: ReplyCallback | null): boolean {
    const { link } = this.#command;
    if (link === null || !this.isUp) return false;
    link.send([this.#parts.commandName(name), ...args], callback);
    return true;
  }

  /** Drops the connections, to be made again after `delayMs`: other credentials, another address. */
  reconnect(delayMs: number): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const channel of [this.#command, this.#subscription]) {
      channel.link?.close();
      channel.link = null;
      channel.failures = 0;
      channel.nextAttemptMs = nowMs + delayMs;
    }
    this.#subscribed = false;
    this.#pingsPending = 0;
    this.suspicion.broken(nowMs);
    this.#tellChange();
  }

  /** Forgets how long the instance has been silent, and connects anew after `delayMs`. */
  restart(delayMs: number): void {
    this.suspicion.restart(this.#parts.clock.monotonicMs());
    this.#toldFailure = '';
    this.reconnect(delayMs);
  }

  /** Ends the link for good. */
  close(): void {
    this.#closed = true;
    this.#command.link?.close();
    this.#subscription.link?.close();
    this.owners.clear();
  }

  /** Does what is due: connecting, giving up on a dead connection, pinging. */
  attend(nowMs: number): void {
    if (this.#closed || this.#address.port === 0) return;
    this.#giveUpDeadConnections(nowMs);
    this.#connectIfDue(this.#command, nowMs, () => this.#openCommandLink());
    if (this.#parts.subscribes) {
      this.#connectIfDue(this.#subscription, nowMs, () => this.#openSubscription());
    }
    if (this.isUp && this.#pingsPending === 0 && nowMs >= this.#lastPingMs + this.#pingGapMs()) this.#ping();
  }

  /** When {@link attend} has something to do next if nothing happens; null for never. */
  nextDueMs(): number | null {
    if (this.#closed || this.#address.port === 0) return null;
    let dueMs = this.#channelDueMs(this.#command, this.#commandDeadMs());
    if (this.#parts.subscribes) {
      dueMs = Math.min(dueMs, this.#channelDueMs(this.#subscription, this.#subscriptionDeadMs()));
    }
    if (this.isUp && this.#pingsPending === 0) dueMs = Math.min(dueMs, this.#lastPingMs + this.#pingGapMs());
    return dueMs === Infinity ? null : dueMs;
  }

  #pingGapMs(): number {
    return pingGapMs(this.#parts.periods, this.#shortestDownAfterMs());
  }

  #shortestDownAfterMs(): number {
    let shortestMs = Infinity;
    for (const { downAfterMs } of this.owners) shortestMs = Math.min(shortestMs, downAfterMs);
    return shortestMs;
  }

  /** When a channel wants attention; `deadMs` is when an established connection counts as dead. */
  #channelDueMs(channel: Channel, deadMs: number): number {
    if (channel.resolving) return Infinity;
    if (channel.link === null) return channel.nextAttemptMs;
    return channel.link.connected ? deadMs : channel.sinceMs + CONNECT_TIMEOUT_MS;
  }

  /** A connection on which nothing comes back is made anew: the path may be dead while the instance is not. */
  #commandDeadMs(): number {
    const silentSinceMs = this.suspicion.silentSinceMs;
    if (silentSinceMs === null) return Infinity;
    const patienceMs = this.#shortestDownAfterMs() / 2;
    return Math.max(
      this.#command.sinceMs + this.#parts.periods.minLinkReconnectMs,
      silentSinceMs + patienceMs,
      this.#lastReplyMs + patienceMs,
    );
  }

  #subscriptionDeadMs(): number {
    const { minLinkReconnectMs, publishMs } = this.#parts.periods;
    return Math.max(
      this.#subscription.sinceMs + minLinkReconnectMs,
      this.#lastMessageMs + SILENT_PUBLISH_PERIODS * publishMs,
    );
  }

  #giveUpDeadConnections(nowMs: number): void {
    this.#giveUpIfDead(this.#command, this.#commandDeadMs(), nowMs);
    this.#giveUpIfDead(this.#subscription, this.#subscriptionDeadMs(), nowMs);
  }

  #giveUpIfDead(channel: Channel, deadMs: number, nowMs: number): void {
    if (channel.link === null || nowMs < this.#channelDueMs(channel, deadMs)) return;
    channel.link.close();
    this.#lost(channel, null);
  }

  #connectIfDue(channel: Channel, nowMs: number, open: () => void): void {
    if (channel.link !== null || channel.resolving || nowMs < channel.nextAttemptMs) return;
    channel.resolving = true;
    this.#parts.resolve(this.#address, (resolved) => {
      channel.resolving = false;
      if (this.#closed || channel.link !== null) return;
      channel.sinceMs = this.#parts.clock.monotonicMs();
      if (resolved === null) {
        this.#planAttempt(channel);
        return;
      }
      this.#address = resolved;
      for (const owner of this.owners) owner.resolved(resolved);
      open();
    });
  }

  #openCommandLink(): void {
    const link = this.#open(this.#command, {
      onConnect: () => {
        this.#command.sinceMs = this.#parts.clock.monotonicMs();
        for (const owner of this.owners) owner.linkUp();
        this.#tellChange();
      },
      onClose: (error) => this.#lost(this.#command, error),
    });
    this.#introduce(link, 'cmd');
    this.#ping();
  }

  #openSubscription(): void {
    const link = this.#open(this.#subscription, {
      onConnect: () => {
        this.#subscription.sinceMs = this.#parts.clock.monotonicMs();
        this.#lastMessageMs = this.#subscription.sinceMs;
        this.#tellChange();
      },
      onClose: (error) => this.#lost(this.#subscription, error),
      onMessage: (reply) => this.#takeMessage(reply),
    });
    this.#introduce(link, 'pubsub');
    link.subscribe([HELLO_CHANNEL]);
  }

  #open(channel: Channel, owner: ConstructorParameters<typeof CommandLink>[3]): CommandLink {
    const { ip, port } = this.#address;
    const sourceAddress = this.#parts.sourceAddress();
    const options = sourceAddress === undefined ? {} : { sourceAddress };
    const link = new CommandLink(this.#parts.network, { host: ip, port }, options, owner);
    channel.link = link;
    return link;
  }

  #introduce(link: CommandLink, kind: 'cmd' | 'pubsub'): void {
    const { commandName, credentials, clientName } = this.#parts;
    const auth = credentials();
    if (auth !== null) link.send([commandName('AUTH'), ...auth], null);
    link.send([commandName('CLIENT'), 'SETNAME', `${clientName}-${kind}`], null);
  }

  #ping(): void {
    const { link } = this.#command;
    if (link === null) return;
    const nowMs = this.#parts.clock.monotonicMs();
    this.#lastPingMs = nowMs;
    this.#pingsPending++;
    this.suspicion.probed(nowMs);
    link.send([this.#parts.commandName('PING')], (reply) => this.#takePong(reply));
  }

  #takePong(reply: Reply): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#pingsPending--;
    this.#lastReplyMs = nowMs;
    this.#command.failures = 0;
    this.#toldFailure = '';
    const answer = pingAnswer(reply);
    if (answer.kind !== 'unacceptable') this.suspicion.alive(nowMs);
    for (const owner of this.owners) owner.pinged(answer);
  }

  #takeMessage(reply: Reply): void {
    this.#lastMessageMs = this.#parts.clock.monotonicMs();
    if (reply instanceof ReplyError) {
      // Without the right to subscribe the connection is of no use; later it may be granted.
      this.#tellFailure(`refuses the subscription to hello messages: ${reply.message}`);
      this.#subscription.link?.close();
      this.#lost(this.#subscription, null);
      return;
    }
    this.#subscription.failures = 0;
    if (!Array.isArray(reply) || reply.length !== 3) return;
    if (reply[0] === 'subscribe') {
      this.#subscribed = true;
      this.#tellChange();
      return;
    }
    if (reply[0] !== 'message') return;
    const payload = reply[2];
    if (reply[1] !== HELLO_CHANNEL || typeof payload !== 'string') return;
    for (const owner of this.owners) owner.helloReceived(payload);
  }

  #lost(channel: Channel, error: Error | null): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const worked = channel.failures === 0;
    channel.link = null;
    if (channel === this.#subscription) this.#subscribed = false;
    if (channel === this.#command) {
      this.#pingsPending = 0;
      this.suspicion.broken(nowMs);
    }
    if (error !== null && !worked) this.#tellFailure(`connection: ${error.message}`);
    channel.sinceMs = nowMs;
    this.#planAttempt(channel);
    this.#tellChange();
  }

  /** The first attempt after a break is made at once, the next ones ever later, up to the ping period. */
  #planAttempt(channel: Channel): void {
    const waitMs = channel.failures === 0 ? 0 : FIRST_RETRY_MS * 2 ** Math.min(channel.failures - 1, 10);
    channel.failures++;
    channel.nextAttemptMs = channel.sinceMs + Math.min(waitMs, this.#parts.periods.pingMs);
  }

  #tellFailure(what: string): void {
    if (what === this.#toldFailure) return;
    this.#toldFailure = what;
    this.#parts.log.verbose(`${joinHostPort(this.#address.host, this.#address.port)} ${what}`);
  }

  #tellChange(): void {
    for (const owner of this.owners) owner.linkChanged();
  }
}

function pingAnswer(reply: Reply): PingAnswer {
  const text = reply instanceof ReplyError ? reply.message : typeof reply === 'string' ? reply : '';
  if (text.startsWith('PONG')) return { kind: 'pong' };
  if (text.startsWith('LOADING') || text.startsWith('MASTERDOWN')) return { kind: 'alive' };
  return { kind: 'unacceptable', text };
}
