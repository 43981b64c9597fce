/**
 * Servers and the sentinels that watch them in a simulated world: how such a group comes about, and what the sentinels
 * tell. Decides nothing about faults or checks.
 */
import type { FailoverEvent } from '../../failover/events.js';
import type { LogLevel } from '../../log/logger.js';
import type { WorldOptions } from '../../platform/virtual/index.js';
import type { MemberDefinition } from './member.js';
import { SimulatedWorld } from './simulated-world.js';

export const SERVER_PORT = 6379;
export const SENTINEL_PORT = 26379;
/** What the sentinels call the master. */
export const MASTER_NAME = 'mymaster';

/** An event as a sentinel published it. */
export interface Published {
  readonly atMs: number;
  readonly sentinel: string;
  readonly channel: string;
  readonly payload: string;
}

/** What may be given to every member. */
export interface MemberSettings {
  /** Further lines of the file. */
  readonly lines?: readonly string[];
  readonly logLevel?: LogLevel;
  readonly clock?: MemberDefinition['clock'];
}

export interface SentinelSettings extends MemberSettings {
  readonly quorum?: number;
  readonly downAfterMs?: number;
  readonly failoverTimeoutMs?: number;
  /** The name of the server that is monitored at first; the first one when absent. */
  readonly master?: string;
}

export class SimulatedSentinels extends SimulatedWorld {
  /** Everything the sentinels have published, in order. */
  readonly published: Published[] = [];
  /** The steps of failovers that sentinels have told, in order. */
  readonly failoverEvents: FailoverEvent[] = [];

  constructor(options: WorldOptions = {}) {
    super(options);
    this.onComposed.push(({ name }, service) => {
      if (!('sentinel' in service)) return;
      const { events } = service.sentinel;
      events.on('published', (channel, payload) =>
        this.published.push({ atMs: this.nowMs, sentinel: name, channel, payload }),
      );
      events.on('failover', (event) => this.failoverEvents.push(event));
    });
  }

  /** @param masterName null: a master */
  startServer(
    name: string,
    masterName: string | null,
    directives: readonly string[] = [],
    settings: MemberSettings = {},
  ): void {
    const follow = masterName === null ? [] : [`replicaof ${this.address(masterName)} ${SERVER_PORT}`];
    const lines = [
      `port ${SERVER_PORT}`,
      'bind *',
      'protected-mode no',
      'save ""',
      'repl-diskless-sync-delay 0',
      ...follow,
      ...directives,
    ];
    this.add({ name, kind: 'server', port: SERVER_PORT, ...settings, lines });
  }

  startSentinel(name: string, settings: SentinelSettings = {}): void {
    const {
      quorum = 2,
      downAfterMs = 1000,
      failoverTimeoutMs = 10_000,
      lines = [],
      logLevel,
      clock,
    } = settings;
    const master = this.address(settings.master ?? 'server-1');
    const own = [
      '# how this sentinel came about',
      `port ${SENTINEL_PORT}`,
      'bind *',
      `sentinel monitor ${MASTER_NAME} ${master} ${SERVER_PORT} ${quorum}`,
      `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${MASTER_NAME} ${failoverTimeoutMs}`,
      ...lines,
    ];
    this.add({ name, kind: 'sentinel', port: SENTINEL_PORT, lines: own, logLevel, clock });
  }

  /** Until the sentinels know all replicas and each other, and all links are up. */
  untilReady(replicas: number, peers: number): void {
    // Looked at after every event: the counts first, which cost nothing.
    const names = this.sentinelNames();
    this.until(() => {
      for (const name of names) {
        const master = this.sentinel(name).masters.get(MASTER_NAME);
        if (master === undefined || master.replicas.size !== replicas || master.peers.size !== peers)
          return false;
        for (const { dialect, link } of master.peers.values()) {
          if (dialect === 'unknown' || !link.isComplete) return false;
        }
        for (const { masterLinkUp, link } of master.replicas.values()) {
          if (!masterLinkUp || !link.isComplete) return false;
        }
      }
      return true;
    });
    // Nothing is left over from the start: connections, pings and hellos have found their rhythm.
    this.advance(500);
  }

  sentinelNames(): string[] {
    return this.runningNames.filter((name) => this.member(name).kind === 'sentinel');
  }
}
