/**
 * What the nodes of a cluster see of a failover, as it happens. Suspicions and the owners of slots by asking them
 * often, the steps in between from their logs: that works for nodes of every engine. Ours publish their suspicions,
 * which may last for less than the time between two questions.
 */
import { EventEmitter } from 'eventemitter3';
import { formatAddress } from '../client/address.js';
import type { Platform, Timer } from '../platform/platform.js';
import { memberOf, viewOf } from './cluster-readiness.js';
import { readClusterLogLine } from './cluster-log.js';
import type { ClusterTopology } from './cluster-topology.js';
import type { NodeView } from '../client/cluster-nodes.js';
import { LogFollower } from './log-follower.js';
import type { Member } from './member.js';
import type { Sighting, Watch } from './sighting.js';
import { Subscription } from './subscription.js';

/** Where nodes of ours tell what happens; stock ones say nothing there. */
const FAILOVER_CHANNEL = '__vedette__:failover';
const DEFAULT_INTERVAL_MS = 20;
/** Those that publish are asked so many times less often: for the owners of slots only. */
const PUBLISHING_FACTOR = 5;
const SHOWN_ID_LENGTH = 8;

interface Watched {
  readonly node: Member;
  readonly log: LogFollower;
  /** It tells its suspicions by itself. */
  publishes: boolean;
  /** The ids of those it suspects, as it was seen by asking. */
  suspects: ReadonlySet<string>;
  isAsked: boolean;
  hasAnswered: boolean;
}

export class ClusterWatch extends EventEmitter<{ sighting: [Sighting] }> implements Watch {
  private readonly watched: readonly Watched[];
  /** Names of nodes by their ids. */
  private readonly names = new Map<string, string>();
  /** Who owns the slots, by the owner's word: `0-5460`. */
  private readonly owners = new Map<string, { readonly id: string; readonly configEpoch: number }>();
  private subscriptions: readonly Subscription[] = [];
  private timer: Timer | null = null;
  private looks = 0;

  constructor(
    private readonly platform: Platform,
    private readonly topology: ClusterTopology,
    private readonly intervalMs = DEFAULT_INTERVAL_MS,
  ) {
    super();
    this.watched = topology.nodes.map((node) => ({
      node,
      log: new LogFollower(platform.disk, node.logFile),
      publishes: false,
      suspects: new Set(),
      isAsked: false,
      hasAnswered: false,
    }));
  }

  /** Whether it knows who owns what, so that it notices changes. */
  get isInPlace(): boolean {
    return this.watched.every(({ hasAnswered }) => hasAnswered);
  }

  start(): void {
    this.timer = this.platform.timers.every(this.intervalMs, () => this.look());
    this.subscriptions = this.watched.map(
      (watched) =>
        new Subscription(this.platform, watched.node, [FAILOVER_CHANNEL], (_, text) =>
          this.hear(watched, text),
        ),
    );
  }

  stop(): void {
    // What was written last is still told.
    for (const watched of this.watched) this.readLog(watched);
    for (const subscription of this.subscriptions) subscription.stop();
    this.timer?.cancel();
    this.timer = null;
  }

  /** `+pfail <id> <host> <port>`; the other steps are in the log as well. */
  private hear(watched: Watched, text: string): void {
    watched.publishes = true;
    const [event, id] = text.split(' ');
    if (event === '+pfail' && id !== undefined) this.report(watched.node.name, 'pfail', this.nameOf(id));
  }

  private look(): void {
    const look = this.looks++;
    for (const watched of this.watched) {
      this.readLog(watched);
      if (watched.node.engine === 'vedette' && look % PUBLISHING_FACTOR !== 0) continue;
      if (watched.node.state !== 'running' || watched.isAsked) continue;
      watched.isAsked = true;
      viewOf(watched.node)
        .then(
          (view) => this.compare(watched, view),
          // It is on its way down or up again: its exit is told by itself.
          () => undefined,
        )
        .finally(() => (watched.isAsked = false));
    }
  }

  private readLog({ node, log }: Watched): void {
    const offsetMs = this.platform.clock.utcOffsetMs(this.platform.clock.nowMs());
    for (const line of log.newLines()) {
      const entry = readClusterLogLine(line, offsetMs, (id) => this.nameOf(id));
      if (entry !== null) this.emit('sighting', { observer: node.name, ...entry });
    }
  }

  private compare(watched: Watched, view: readonly NodeView[]): void {
    if (this.timer === null) return;
    watched.hasAnswered = true;
    for (const seen of view) {
      const member = memberOf(this.topology.nodes, seen);
      if (member !== undefined) this.names.set(seen.id, member.name);
      if (seen.flags.has('myself')) this.compareOwner(seen);
    }
    const suspects = new Set(view.filter(({ flags }) => flags.has('fail?')).map(({ id }) => id));
    for (const id of suspects) {
      if (!watched.suspects.has(id) && !watched.publishes)
        this.report(watched.node.name, 'pfail', this.nameOf(id));
    }
    watched.suspects = suspects;
  }

  private compareOwner({ id, masterId, slots, configEpoch, address }: NodeView): void {
    if (masterId !== null || slots.length === 0) return;
    const ranges = slots.join(' ');
    const known = this.owners.get(ranges);
    if (known !== undefined && (known.id === id || known.configEpoch >= configEpoch)) return;
    this.owners.set(ranges, { id, configEpoch });
    if (known === undefined || address === null) return;
    this.report(
      'client',
      'master',
      `${formatAddress(address)} (slots ${ranges}, config epoch ${configEpoch})`,
    );
  }

  private nameOf(id: string): string {
    return this.names.get(id) ?? id.slice(0, SHOWN_ID_LENGTH);
  }

  private report(observer: string, event: string, detail: string): void {
    this.emit('sighting', { timeMs: this.platform.clock.nowMs(), observer, event, detail });
  }
}
