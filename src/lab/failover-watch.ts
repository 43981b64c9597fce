/**
 * What the members of a topology and its clients see of a failover, as it happens: the events that every sentinel
 * publishes, and the master as a client's own discovery finds it.
 */
import { EventEmitter } from 'eventemitter3';
import { formatAddress } from '../client/address.js';
import { ClientConnection } from '../client/connection.js';
import { MasterDiscovery } from '../client/discovery.js';
import type { Platform, Timer } from '../platform/platform.js';
import type { Member } from './member.js';
import type { SentinelTopology } from './sentinel-topology.js';
import type { Sighting, Watch } from './sighting.js';

/** Sentinel's events that are steps of a failover or come with one. */
const WATCHED_EVENTS = [
  ...[
    '+sdown',
    '-sdown',
    '+odown',
    '-odown',
    '+new-epoch',
    '+try-failover',
    '+vote-for-leader',
    '+elected-leader',
  ],
  ...['+failover-state-select-slave', '+selected-slave', '+failover-state-send-slaveof-noone'],
  ...['+failover-state-wait-promotion', '+promoted-slave', '+failover-state-reconf-slaves'],
  ...['+slave-reconf-sent', '+slave-reconf-inprog', '+slave-reconf-done', '-slave-reconf-sent-timeout'],
  ...['+slave-reconf-sent-be', '+failover-end', '+failover-end-for-timeout', '+switch-master'],
  ...['+config-update-from', '-failover-abort-not-elected', '-failover-abort-no-good-slave'],
  ...['-failover-abort-slave-timeout', '+convert-to-slave', '+fix-slave-config', '+reboot', '+tilt', '-tilt'],
];

const RECONNECT_DELAY_MS = 200;

export class FailoverWatch extends EventEmitter<{ sighting: [Sighting] }> implements Watch {
  readonly discovery: MasterDiscovery;
  private readonly connections = new Map<Member, ClientConnection>();
  private readonly retries = new Set<Timer>();
  private stopped = false;

  constructor(
    private readonly platform: Platform,
    private readonly topology: SentinelTopology,
  ) {
    super();
    this.discovery = new MasterDiscovery(platform, {
      sentinels: topology.sentinelAddresses,
      name: topology.masterName,
      ...(topology.password === undefined ? {} : { masterPassword: topology.password }),
      livenessPing: { intervalMs: 100, deadlineMs: 500 },
    });
    this.discovery.on('master', ({ address, configEpoch }, previous) => {
      if (previous !== null)
        this.report('client', 'master', `${formatAddress(address)} (config epoch ${configEpoch})`);
    });
    this.discovery.on('lost', ({ address }, reason) =>
      this.report('client', 'lost', `${formatAddress(address)}: ${reason.message}`),
    );
  }

  start(): void {
    this.discovery.start();
    for (const sentinel of this.topology.sentinels) this.listenTo(sentinel);
  }

  stop(): void {
    this.stopped = true;
    this.discovery.stop();
    for (const retry of this.retries) retry.cancel();
    for (const connection of this.connections.values()) connection.close();
  }

  private listenTo(sentinel: Member): void {
    const connection = new ClientConnection(this.platform, { address: sentinel.address });
    this.connections.set(sentinel, connection);
    connection.on('ready', () => connection.subscribe(WATCHED_EVENTS));
    connection.on('message', (message) => {
      if (!Array.isArray(message) || message[0] !== 'message') return;
      this.report(sentinel.name, String(message[1]), String(message[2]));
    });
    connection.on('close', () => {
      if (this.stopped) return;
      const retry = this.platform.timers.after(RECONNECT_DELAY_MS, () => {
        this.retries.delete(retry);
        this.listenTo(sentinel);
      });
      this.retries.add(retry);
    });
  }

  private report(observer: string, event: string, detail: string): void {
    this.emit('sighting', { timeMs: this.platform.clock.nowMs(), observer, event, detail });
  }
}
