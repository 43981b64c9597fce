/**
 * Which master has a slot now? Asked of several nodes of a cluster, verified, and watched for changes: what
 * {@link MasterDiscovery} is for Sentinel, with the same methods and events; only that there are several masters.
 *
 * What it makes sure of:
 * - Three nodes are asked at the same time, by a poll and whenever there is reason to; of two claims to a slot the one
 *   with the greater configuration epoch holds, so a node that was cut off sends nobody back.
 * - A master must itself say that it is one before it is told of; a connection to each stands, and its end is noticed.
 * - A master that has lost all its slots must not be used any more, whether the new one answers or not.
 * - Configured nodes stay in the list for ever; discovered ones are added.
 *
 * It is driven by callbacks alone, so it runs in simulated time; the promises are for the caller's convenience.
 */
import { EventEmitter } from 'eventemitter3';
import type { Timer } from '../platform/platform.js';
import { bytesFromText } from '../resp/ascii.js';
import { keySlot, SLOT_COUNT } from '../resp/key-slot.js';
import {
  addressTranslation,
  formatAddress,
  sameAddress,
  type AddressMap,
  type HostAndPort,
} from './address.js';
import type { NodeView, SlotRange } from './cluster-nodes.js';
import { ClusterQuery } from './cluster-query.js';
import { Complaints } from './complaints.js';
import { credentialsFromText, type ClientConnection, type ClientPlatform } from './connection.js';
import { ClientError, stoppedError } from './errors.js';
import { MapRound, type NodeRefusal } from './map-round.js';
import { checkMaster } from './master-check.js';
import { closeGiven, MasterLink, type LivenessPing } from './master-link.js';
import { NodeList } from './node-list.js';
import { QueryPool } from './query-pool.js';
import { SlotMap, slotsText, type SlotOwner } from './slot-map.js';
import { Waiters } from './waiters.js';

export type { SlotRange } from './cluster-nodes.js';
export type { NodeRefusal } from './map-round.js';

/** Name and password are text; they go out as UTF-8. */
export interface ClusterDiscoveryOptions {
  /** At least one; the others are found. */
  readonly nodes: readonly HostAndPort[];
  readonly username?: string;
  readonly password?: string;
  /** Where announced addresses are reached from here. */
  readonly addressMap?: AddressMap;
  /** For a node to accept a connection and tell its view; 500 when absent. */
  readonly nodeTimeoutMs?: number;
  /** For a master to accept a connection and tell its role; 1000 when absent. */
  readonly masterTimeoutMs?: number;
  /** Between polls; 1000 when absent. */
  readonly pollIntervalMs?: number;
  /** Before nodes are asked again when a master is missing; 200 when absent. */
  readonly retryDelayMs?: number;
  /**
   * Pings every master on a connection of its own and takes it for lost when no reply comes in time, for a master
   * that hangs without closing TCP. A master that runs a long command hangs as well: mind the deadline.
   */
  readonly livenessPing?: LivenessPing;
}

/** A master of a cluster, in the shape of what sentinels resolve. */
export interface ClusterMaster {
  /** Its slots, as CLUSTER NODES writes them: `0-5460 7000`. */
  readonly name: string;
  readonly slots: readonly SlotRange[];
  /** The node id. */
  readonly id: string;
  /** Where to connect. */
  readonly address: HostAndPort;
  /** What the nodes announce; differs from `address` when an address map translates it. */
  readonly announced: HostAndPort;
  readonly configEpoch: number;
  /** The node that said so. */
  readonly source: HostAndPort;
}

/** There is no master that could be verified for a slot, or for any. */
export class ClusterDiscoveryError extends ClientError {
  constructor(
    what: string,
    /** What each node said that was asked, or the master itself. */
    readonly refusals: readonly NodeRefusal[],
  ) {
    const said = refusals.map(({ node, error }) => `${formatAddress(node)}: ${error.message}`);
    super('NO_MASTER', `No verified master for ${what}${said.length === 0 ? '' : ` (${said.join('; ')})`}`);
  }
}

export interface ClusterDiscoveryEvents {
  /**
   * A master was verified: the first of its slots, another one, the same again after it was lost; or one has got slots
   * of others. `previous` had the first of the slots that are new to it.
   */
  master: [master: ClusterMaster, previous: ClusterMaster | null];
  /** A master is gone, hangs, is no master any more, or has lost all its slots. */
  lost: [master: ClusterMaster, reason: Error];
  /** No node answered, or a master could not be verified; told again only when the reasons have changed. */
  unresolved: [error: ClusterDiscoveryError];
}

/** A master that is watched. */
interface Watched {
  master: ClusterMaster;
  /** Null while it is being verified. */
  link: MasterLink | null;
  check: ClientConnection | null;
}

/** It has just said that it is one. */
interface VerifiedMaster {
  readonly master: ClusterMaster;
  readonly connection: ClientConnection;
}

const DEFAULTS = { nodeTimeoutMs: 500, masterTimeoutMs: 1000, pollIntervalMs: 1000, retryDelayMs: 200 };
const ASKED_NODES = 3;

export class ClusterDiscovery extends EventEmitter<ClusterDiscoveryEvents> {
  private readonly map = new SlotMap();
  private readonly list: NodeList;
  private readonly queries: QueryPool<ClusterQuery>;
  private readonly times: typeof DEFAULTS;
  private readonly toReachable: (announced: HostAndPort) => HostAndPort;
  /** By node id. */
  private readonly watched = new Map<string, Watched>();
  /** Of each slot: the id of the verified master that was told of; null while there is none. */
  private readonly holders = new Array<string | null>(SLOT_COUNT).fill(null);
  /** The last verified master of each slot, lost or not. */
  private readonly last = new Array<ClusterMaster | null>(SLOT_COUNT).fill(null);
  /** Connections given to the caller, each with the id of its master, to be closed when that must not be used any more. */
  private readonly given = new Map<ClientConnection, string>();
  /** Masters that could not be verified, by their ids. */
  private readonly failedChecks = new Map<string, NodeRefusal>();

  private state: 'idle' | 'watching' | 'stopped' = 'idle';
  private round: MapRound | null = null;
  /** Nodes that are worth asking first: a hint named them. */
  private hinted: HostAndPort[] = [];
  private readonly waiters = new Waiters<void>();
  private poll: Timer | null = null;
  private retry: Timer | null = null;
  private readonly complaints = new Complaints();

  constructor(
    private readonly platform: ClientPlatform,
    private readonly options: ClusterDiscoveryOptions,
  ) {
    super();
    if (options.nodes.length === 0) throw new TypeError('discovery needs at least one node');
    this.times = {
      nodeTimeoutMs: options.nodeTimeoutMs ?? DEFAULTS.nodeTimeoutMs,
      masterTimeoutMs: options.masterTimeoutMs ?? DEFAULTS.masterTimeoutMs,
      pollIntervalMs: options.pollIntervalMs ?? DEFAULTS.pollIntervalMs,
      retryDelayMs: options.retryDelayMs ?? DEFAULTS.retryDelayMs,
    };
    this.toReachable = addressTranslation(options.addressMap);
    this.list = new NodeList(options.nodes);
    this.queries = new QueryPool(
      (address) => new ClusterQuery(platform, address, this.credentials, this.times.nodeTimeoutMs),
    );
  }

  /** The verified masters, in the order of their first slots. */
  get masters(): readonly ClusterMaster[] {
    return [...this.watched.values()]
      .filter(({ link }) => link !== null)
      .map(({ master }) => master)
      .sort((a, b) => a.slots[0]!.first - b.slots[0]!.first);
  }

  /** The nodes in the order they are asked: the configured ones and the discovered ones. */
  get nodes(): readonly HostAndPort[] {
    return this.list.inOrder();
  }

  /** The verified master of a slot (a number) or of a key (text); null before the first and while there is none. */
  masterOf(where: number | string): ClusterMaster | null {
    const id = this.map.ownerOf(this.slotOf(where));
    const watched = id === null ? undefined : this.watched.get(id);
    return watched === undefined || watched.link === null ? null : watched.master;
  }

  /** Watches from now on; events tell of every change. */
  start(): void {
    if (this.state !== 'idle') return;
    this.state = 'watching';
    this.poll = this.platform.timers.every(this.times.pollIntervalMs, () => this.pollNow());
    this.askUnlessAsking();
  }

  /** Ends all timers and connections, those that {@link connect} gave included. */
  stop(): void {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.round?.abort();
    this.round = null;
    this.poll?.cancel();
    this.retry?.cancel();
    this.queries.close();
    for (const { check, link } of this.watched.values()) {
      check?.close();
      link?.close();
    }
    this.watched.clear();
    closeGiven(this.given.keys(), null);
    this.waiters.reject(stoppedError());
  }

  /**
   * Asks nodes now for the master of a slot (a number) or of a key (text). Rejects with a
   * {@link ClusterDiscoveryError} when there is none that can be verified.
   */
  async resolve(where: number | string): Promise<ClusterMaster> {
    const slot = this.slotOf(where);
    await this.asked();
    const { master, connection } = await this.verified(slot);
    connection.close();
    return master;
  }

  /** As {@link resolve}, for the masters of all slots that have an owner, in the order of their first slots. */
  async resolveAll(): Promise<readonly ClusterMaster[]> {
    await this.asked();
    const owners = [...this.map.owners().values()];
    if (owners.length === 0) throw new ClusterDiscoveryError('any slot', []);
    const verified = await Promise.all(owners.map((owner) => this.verified(owner.slots[0]!.first)));
    for (const { connection } of verified) connection.close();
    return verified.map(({ master }) => master);
  }

  /**
   * The slot that is meant by a number or has that key.
   * @throws RangeError for a number that is no slot
   */
  slotOf(where: number | string): number {
    if (typeof where === 'string') return keySlot(bytesFromText(where));
    if (Number.isInteger(where) && where >= 0 && where < SLOT_COUNT) return where;
    throw new RangeError(`There are ${SLOT_COUNT} slots, and ${where} is none of them`);
  }

  /**
   * A new connection to the master of a slot or key, which is asked for and whose role is verified each time. While
   * this object watches, it closes when the master is found hanging or superseded; call again then.
   */
  async connect(where: number | string): Promise<ClientConnection> {
    const slot = this.slotOf(where);
    await this.asked();
    const { master, connection } = await this.verified(slot);
    this.given.set(connection, master.id);
    connection.once('close', () => this.given.delete(connection));
    return connection;
  }

  /**
   * News from the data path: a reply `MOVED <slot> <host>:<port>`. Who is named there, and who had the slot, are asked
   * at once.
   */
  moved(slot: number, to: HostAndPort): void {
    const owner = this.map.ownerOf(slot);
    const held = owner === null ? undefined : this.watched.get(owner);
    this.hinted = [this.toReachable(to), ...(held === undefined ? [] : [held.master.address])];
    if (this.state === 'stopped') return;
    this.round?.abort();
    this.beginRound();
  }

  // Rounds of questions

  private askUnlessAsking(): void {
    if (this.round === null && this.state !== 'stopped') this.beginRound();
  }

  private beginRound(): void {
    this.retry?.cancel();
    this.retry = null;
    const first = this.hinted;
    this.hinted = [];
    const others = this.list.inOrder().filter((node) => !first.some((hint) => sameAddress(hint, node)));
    this.round = new MapRound({
      nodes: [...first, ...others],
      answers: ASKED_NODES,
      ask: (node, callback) => this.queries.of(node).ask(callback),
      onAnswer: (node, views) => this.take(node, views),
      onRefusal: ({ node }) => this.list.moveToEnd(node),
      onEnd: (answered, refusals) => this.endRound(answered, refusals),
    });
    this.round.start();
  }

  private take(node: HostAndPort, views: readonly NodeView[]): void {
    // Next time others are asked, so that in the long run nobody's word is missed.
    this.list.moveToEnd(node);
    this.map.take(views, node);
    const reachable = views.filter(({ flags }) => !flags.has('fail') && !flags.has('handshake'));
    this.list.learn(
      reachable.flatMap(({ address, flags }) => {
        const announced = address === null ? [] : [this.toReachable(address)];
        return flags.has('myself') ? [node, ...announced] : announced;
      }),
    );
    if (this.state === 'watching') this.reconcile();
  }

  private endRound(answered: number, refusals: readonly NodeRefusal[]): void {
    this.round = null;
    this.queries.keepOnly(this.nodes);
    if (answered === 0) {
      const error = new ClusterDiscoveryError('any slot', refusals);
      this.waiters.reject(error);
      this.complain(error);
    } else {
      this.waiters.resolve();
      if (this.failedChecks.size === 0) this.complaints.clear();
    }
    this.retryWhileIncomplete();
  }

  private retryWhileIncomplete(): void {
    if (this.state !== 'watching' || this.round !== null) return;
    const isComplete = this.watched.size > 0 && [...this.watched.values()].every(({ link }) => link !== null);
    if (isComplete) return;
    this.retry ??= this.platform.timers.after(this.times.retryDelayMs, () => {
      this.retry = null;
      this.askUnlessAsking();
    });
  }

  // The masters in use

  /** Makes what is watched what the map says. */
  private reconcile(): void {
    const owners = this.map.owners();
    for (const [id, watched] of this.watched) {
      const owner = owners.get(id);
      if (owner === undefined) {
        const { name } = watched.master;
        this.drop(id, new ClientError('SUPERSEDED', `Others have the slots ${name} now`));
      } else if (!sameAddress(owner.address, watched.master.announced)) {
        this.drop(id, new ClientError('SUPERSEDED', `It announces ${formatAddress(owner.address)} now`));
      }
    }
    for (const owner of owners.values()) this.watch(this.masterFrom(owner));
  }

  private watch(master: ClusterMaster): void {
    // A listener may have stopped us.
    if (this.state !== 'watching') return;
    const known = this.watched.get(master.id);
    if (known !== undefined) {
      known.master = master;
      if (known.link !== null) this.tellGained(master);
      else if (known.check === null) this.verify(known);
      return;
    }
    const watched: Watched = { master, link: null, check: null };
    this.watched.set(master.id, watched);
    this.verify(watched);
  }

  private verify(watched: Watched): void {
    const { address, id } = watched.master;
    watched.check = this.checkMaster(address, (error, connection) => {
      watched.check = null;
      if (this.watched.get(id) !== watched) {
        connection.close();
        return;
      }
      if (error !== null) {
        this.failedChecks.set(id, { node: address, error });
        this.complain(
          new ClusterDiscoveryError(`slots ${watched.master.name}`, [...this.failedChecks.values()]),
        );
        this.retryWhileIncomplete();
        return;
      }
      this.failedChecks.delete(id);
      watched.link = new MasterLink(
        this.platform,
        address,
        connection,
        this.options.livenessPing,
        (reason) => {
          this.drop(id, reason);
          this.askUnlessAsking();
        },
      );
      this.tellGained(watched.master);
    });
  }

  /** Emits `master` when slots have come to a verified master. */
  private tellGained(master: ClusterMaster): void {
    let isFirst = true;
    let previous: ClusterMaster | null = null;
    for (const { first, last } of master.slots) {
      for (let slot = first; slot <= last; slot++) {
        if (this.holders[slot] === master.id) continue;
        if (isFirst) previous = this.last[slot]!;
        isFirst = false;
        this.holders[slot] = master.id;
        this.last[slot] = master;
      }
    }
    if (!isFirst) this.emit('master', master, previous);
  }

  private drop(id: string, reason: Error): void {
    const watched = this.watched.get(id);
    if (watched === undefined) return;
    const wasVerified = watched.link !== null;
    this.watched.delete(id);
    this.failedChecks.delete(id);
    watched.check?.close();
    watched.link?.close();
    const given = [...this.given].filter(([, masterId]) => masterId === id).map(([connection]) => connection);
    closeGiven(given, reason);
    this.holders.forEach((holder, slot) => {
      if (holder === id) this.holders[slot] = null;
    });
    if (wasVerified) this.emit('lost', watched.master, reason);
  }

  private pollNow(): void {
    this.askUnlessAsking();
    for (const { link } of this.watched.values()) link?.recheckRole();
  }

  /** Resolves when nodes were asked and have answered. */
  private asked(): Promise<void> {
    if (this.state === 'stopped') return Promise.reject(stoppedError());
    const answered = this.waiters.wait();
    this.askUnlessAsking();
    return answered;
  }

  /** Verifies the owner of a slot anew, even a master that is held. */
  private verified(slot: number): Promise<VerifiedMaster> {
    const owner = this.map.owners().get(this.map.ownerOf(slot) ?? '');
    if (owner === undefined) return Promise.reject(new ClusterDiscoveryError(`slot ${slot}`, []));
    const master = this.masterFrom(owner);
    return new Promise((resolve, reject) => {
      this.checkMaster(master.address, (error, connection) => {
        if (error === null && this.state !== 'stopped') {
          resolve({ master, connection });
          return;
        }
        connection.close();
        const refusals = error === null ? [] : [{ node: master.address, error }];
        reject(error === null ? stoppedError() : new ClusterDiscoveryError(`slot ${slot}`, refusals));
      });
    });
  }

  private complain(error: ClusterDiscoveryError): void {
    if (this.state === 'watching' && this.complaints.isNew(error.refusals)) this.emit('unresolved', error);
  }

  private checkMaster(
    address: HostAndPort,
    callback: (error: Error | null, connection: ClientConnection) => void,
  ): ClientConnection {
    return checkMaster(this.platform, address, this.credentials, this.times.masterTimeoutMs, callback);
  }

  private masterFrom({ id, address, configEpoch, slots, source }: SlotOwner): ClusterMaster {
    const reachable = sameAddress(address, source) ? source : this.toReachable(address);
    return { name: slotsText(slots), slots, id, address: reachable, announced: address, configEpoch, source };
  }

  private get credentials() {
    return credentialsFromText(this.options.username, this.options.password);
  }
}
