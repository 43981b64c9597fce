/**
 * What the members of a topology and its clients see of a failover, as it happens: the events that every sentinel
 * publishes, and the master as a client's own discovery finds it.
 */
import { EventEmitter } from 'eventemitter3';
import { formatAddress } from '../client/address.js';
import { MasterDiscovery } from '../client/master-discovery.js';
import type { Platform } from '../platform/platform.js';
import type { SentinelTopology } from './sentinel-topology.js';
import type { Sighting, Watch } from './sighting.js';
import { Subscription } from './subscription.js';

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

export class FailoverWatch extends EventEmitter<{ sighting: [Sighting] }> implements Watch {
  readonly discovery: MasterDiscovery;
  private subscriptions: readonly Subscription[] = [];

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
    this.subscriptions = this.topology.sentinels.map(
      (sentinel) =>
        new Subscription(this.platform, sentinel, WATCHED_EVENTS, (event, detail) =>
          this.report(sentinel.name, event, detail),
        ),
    );
  }

  stop(): void {
    this.discovery.stop();
    for (const subscription of this.subscriptions) subscription.stop();
  }

  private report(observer: string, event: string, detail: string): void {
    this.emit('sighting', { timeMs: this.platform.clock.nowMs(), observer, event, detail });
  }
}
