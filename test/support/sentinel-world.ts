/**
 * Servers and sentinels on virtual machines, composed as the executables compose them: the real code from the
 * configuration file up, on a network, disks and a clock that the test holds in its hands.
 */
import type { Reply } from '../../src/client/reply.js';
import type { WorldOptions } from '../../src/platform/virtual/index.js';
import {
  MASTER_NAME,
  SimulatedSentinels,
  type SentinelSettings,
} from '../../src/simulator/world/simulated-sentinels.js';

export {
  MASTER_NAME,
  SENTINEL_PORT,
  SERVER_PORT,
  type Published,
  type SentinelSettings,
} from '../../src/simulator/world/simulated-sentinels.js';

export class SentinelWorld extends SimulatedSentinels {
  /** Starts a master, replicas and sentinels, and waits until all know each other. */
  static of(
    servers: number,
    sentinels: number,
    settings: SentinelSettings = {},
    options: WorldOptions = {},
  ): SentinelWorld {
    const group = new SentinelWorld(options);
    for (let i = 1; i <= servers; i++) group.startServer(`server-${i}`, i === 1 ? null : 'server-1');
    for (let i = 1; i <= sentinels; i++) group.startSentinel(`sentinel-${i}`, settings);
    group.untilReady(servers - 1, sentinels - 1);
    return group;
  }

  /** A SENTINEL subcommand that answers with a map, as an object. */
  map(name: string, ...args: (string | number)[]): Record<string, string> {
    return mapOf(this.call(name, 'SENTINEL', ...args));
  }

  maps(name: string, ...args: (string | number)[]): Record<string, string>[] {
    const reply = this.call(name, 'SENTINEL', ...args);
    if (!Array.isArray(reply)) throw new Error(`not an array: ${String(reply)}`);
    return reply.map(mapOf);
  }

  /** The name of the server that a sentinel gives as the master. */
  masterAt(name: string): string {
    const reply = this.call(name, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
    const ip = Array.isArray(reply) ? String(reply[0]) : '';
    return this.nameOf(ip);
  }

  role(name: string): string {
    const reply = this.call(name, 'ROLE');
    return Array.isArray(reply) ? String(reply[0]) : String(reply);
  }

  /** What a sentinel's file holds. */
  file(name: string): string {
    return this.processOf(name).disk.readFileSync(this.member(name).configPath).toString('latin1');
  }

  /** The log of a process. */
  linesOf(name: string): string[] {
    return this.processOf(name).output;
  }

  /** Channels that a sentinel has published on, in order. */
  channelsOf(sentinel: string, sinceMs = 0): string[] {
    return this.published
      .filter((each) => each.sentinel === sentinel && each.atMs >= sinceMs)
      .map(({ channel }) => channel);
  }

  /** When something was first published, at or after a time. */
  firstAt(channel: string, sinceMs = 0, sentinel: string | null = null): number {
    const found = this.published.find(
      (each) =>
        each.channel === channel && each.atMs >= sinceMs && (sentinel === null || each.sentinel === sentinel),
    );
    if (found === undefined) throw new Error(`nobody has published ${channel}`);
    return found.atMs;
  }

  has(channel: string, sinceMs = 0): boolean {
    return this.published.some((each) => each.channel === channel && each.atMs >= sinceMs);
  }

  untilPublished(channel: string, sinceMs = this.nowMs): number {
    this.until(() => this.has(channel, sinceMs));
    return this.firstAt(channel, sinceMs);
  }

  /** Epochs with the sentinels that were elected in them without being forced. */
  leaders(): Map<bigint, Set<string>> {
    const leaders = new Map<bigint, Set<string>>();
    for (const event of this.failoverEvents) {
      if (event.kind !== 'elected' || event.forced) continue;
      leaders.set(event.electedEpoch, (leaders.get(event.electedEpoch) ?? new Set()).add(event.node));
    }
    return leaders;
  }
}

function mapOf(reply: Reply): Record<string, string> {
  if (!Array.isArray(reply)) throw new Error(`not a map: ${String(reply)}`);
  const map: Record<string, string> = {};
  for (let i = 0; i + 1 < reply.length; i += 2) map[String(reply[i])] = String(reply[i + 1]);
  return map;
}
