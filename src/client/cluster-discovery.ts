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
 */
import { bytesFromText } from '../resp/ascii.js';
import { keySlot, SLOT_COUNT } from '../resp/key-slot.js';
import { formatAddress, sameAddress, type HostAndPort } from './address.js';
import type { NodeView, SlotRange } from './cluster-nodes.js';
import { ClusterQuery } from './cluster-query.js';
import { credentialsFromText, type ClientConnection, type ClientPlatform } from './connection.js';
import {
  Discovery,
  DiscoveryError,
  type Refusal,
  type ResolvedMaster,
  type DiscoveryOptions,
} from './discovery.js';
import { ClientError } from './errors.js';
import { MapRound } from './map-round.js';
import type { MasterLink } from './master-link.js';
import { NodeList } from './node-list.js';
import { QueryPool } from './query-pool.js';
import { SlotMap, slotsText, type SlotOwner } from './slot-map.js';

export type { SlotRange } from './cluster-nodes.js';

export interface ClusterDiscoveryOptions extends DiscoveryOptions {
  /** At least one; the others are found. */
  readonly nodes: readonly HostAndPort[];
  readonly username?: string;
  readonly password?: string;
  /** For a node to accept a connection and tell its view; 500 when absent. */
  readonly nodeTimeoutMs?: number;
}

/** A master of a cluster. Its `name` is its slots, as CLUSTER NODES writes them: `0-5460 7000`. */
export interface ClusterMaster extends ResolvedMaster {
  readonly slots: readonly SlotRange[];
  /** The node id. */
  readonly id: string;
}

/** A master that is watched. */
interface Watched {
  master: ClusterMaster;
  /** Null while it is being verified. */
  link: MasterLink | null;
  check: ClientConnection | null;
}

const ASKED_NODES = 3;

export class ClusterDiscovery extends Discovery<ClusterMaster, void> {
  private readonly map = new SlotMap();
  private readonly list: NodeList;
  private readonly queries: QueryPool<ClusterQuery>;
  /** By node id. */
  private readonly watched = new Map<string, Watched>();
  /** Of each slot: the id of the verified master that was told of; null while there is none. */
  private readonly holders = new Array<string | null>(SLOT_COUNT).fill(null);
  /** The last verified master of each slot, lost or not. */
  private readonly last = new Array<ClusterMaster | null>(SLOT_COUNT).fill(null);
  /** Masters that could not be verified, by their ids. */
  private readonly failedChecks = new Map<string, Refusal>();
  /** Nodes that are worth asking first: a hint named them. */
  private hinted: HostAndPort[] = [];

  constructor(platform: ClientPlatform, options: ClusterDiscoveryOptions) {
    const credentials = credentialsFromText(options.username, options.password);
    super(platform, credentials, options);
    if (options.nodes.length === 0) throw new TypeError('discovery needs at least one node');
    const timeoutMs = options.nodeTimeoutMs ?? 500;
    this.list = new NodeList(options.nodes);
    this.queries = new QueryPool((address) => new ClusterQuery(platform, address, credentials, timeoutMs));
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

  /**
   * Asks nodes now for the master of a slot (a number) or of a key (text). Rejects with a
   * {@link ClusterDiscoveryError} when there is none that can be verified.
   */
  async resolve(where: number | string): Promise<ClusterMaster> {
    const slot = this.slotOf(where);
    await this.asked();
    const master = this.ownerOf(slot);
    (await this.verified(master, `slot ${slot}`)).close();
    return master;
  }

  /** As {@link resolve}, for the masters of all slots that have an owner, in the order of their first slots. */
  async resolveAll(): Promise<readonly ClusterMaster[]> {
    await this.asked();
    const masters = [...this.map.owners().values()].map((owner) => this.masterFrom(owner));
    if (masters.length === 0) throw new DiscoveryError('any slot', []);
    const verified = await Promise.all(
      masters.map((master) => this.verified(master, `slots ${master.name}`)),
    );
    for (const connection of verified) connection.close();
    return masters;
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
    const master = this.ownerOf(slot);
    return this.give(master, await this.verified(master, `slot ${slot}`));
  }

  /**
   * News from the data path: a reply `MOVED <slot> <host>:<port>`. Who is named there, and who had the slot, are asked
   * at once.
   */
  moved(slot: number, to: HostAndPort): void {
    const owner = this.map.ownerOf(slot);
    const held = owner === null ? undefined : this.watched.get(owner);
    this.hinted = [this.toReachable(to), ...(held === undefined ? [] : [held.master.address])];
    this.askAnew();
  }

  // Rounds of questions

  protected override newRound(): MapRound {
    const first = this.hinted;
    this.hinted = [];
    const others = this.list.inOrder().filter((node) => !first.some((hint) => sameAddress(hint, node)));
    return new MapRound({
      nodes: [...first, ...others],
      answers: ASKED_NODES,
      ask: (node, callback) => this.queries.of(node).ask(callback),
      onAnswer: (node, views) => this.take(node, views),
      onRefusal: ({ source }) => this.list.moveToEnd(source),
      onEnd: (answered, refusals) => this.conclude(answered, refusals),
    });
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
    if (this.isWatching) this.reconcile();
  }

  private conclude(answered: number, refusals: readonly Refusal[]): void {
    this.queries.keepOnly(this.nodes);
    this.endRound(answered === 0 ? new DiscoveryError('any slot', refusals) : undefined);
  }

  // The masters in use

  protected override isMasterMissing(): boolean {
    return this.watched.size === 0 || [...this.watched.values()].some(({ link }) => link === null);
  }

  protected override links(): MasterLink[] {
    return [...this.watched.values()].flatMap(({ link }) => link ?? []);
  }

  protected override release(): void {
    this.queries.close();
    for (const { check, link } of this.watched.values()) {
      check?.close();
      link?.close();
    }
    this.watched.clear();
  }

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
    for (const owner of owners.values()) this.consider(this.masterFrom(owner));
  }

  private consider(master: ClusterMaster): void {
    // A listener may have stopped us.
    if (!this.isWatching) return;
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
    watched.check = this.check(address, (error, connection) => {
      watched.check = null;
      if (this.watched.get(id) !== watched) {
        connection.close();
      } else if (error === null) {
        this.failedChecks.delete(id);
        watched.link = this.watch(watched.master, connection, (reason) => this.drop(id, reason));
        this.tellGained(watched.master);
      } else {
        this.failedChecks.set(id, { source: address, error });
        this.complain(new DiscoveryError(`slots ${watched.master.name}`, [...this.failedChecks.values()]));
        this.retryWhileMissing();
      }
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
    this.endGiven(reason, (master) => master.id === id);
    this.holders.forEach((holder, slot) => {
      if (holder === id) this.holders[slot] = null;
    });
    if (wasVerified) this.emit('lost', watched.master, reason);
  }

  /** @throws DiscoveryError when nobody has the slot */
  private ownerOf(slot: number): ClusterMaster {
    const owner = this.map.owners().get(this.map.ownerOf(slot) ?? '');
    if (owner === undefined) throw new DiscoveryError(`slot ${slot}`, []);
    return this.masterFrom(owner);
  }

  private masterFrom({ id, address, configEpoch, slots, source }: SlotOwner): ClusterMaster {
    const reachable = sameAddress(address, source) ? source : this.toReachable(address);
    return { name: slotsText(slots), slots, id, address: reachable, announced: address, configEpoch, source };
  }
}
