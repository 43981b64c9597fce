/**
 * What a sentinel knows of one instance it talks to, whatever its role: address, link, suspicion.
 *
 * Plain state with a few derived answers; decisions are made elsewhere. An instance passes on what its link hears
 * to its {@link InstanceWatcher}.
 */
import type { ReplyCallback } from '../client/command-link.js';
import type { PeerReference, PeerRole } from '../failover/identity.js';
import { announcedHost, type InstanceAddress } from './address.js';
import type { InstanceLink, LinkOwner, PingAnswer } from './instance-link.js';
import type { SentinelOptions } from './configuration.js';
import type { MonitoredMaster } from './master.js';
import type { Peer } from './peer.js';
import type { Replica } from './replica.js';

/** Every instance is one of these. */
export type WatchedInstance = MonitoredMaster | Replica | Peer;

/** Hears what happens to instances. */
export interface InstanceWatcher {
  readonly options: SentinelOptions;
  linkUp(instance: WatchedInstance): void;
  linkChanged(instance: WatchedInstance): void;
  pinged(instance: WatchedInstance, answer: PingAnswer): void;
  helloReceived(instance: WatchedInstance, payload: string): void;
}

export abstract class Instance implements LinkOwner {
  abstract readonly role: PeerRole;
  /** The group's name for a master, `host:port` for a replica, the run id for a sentinel. */
  abstract readonly name: string;
  /** The group's `down-after-milliseconds`. */
  abstract readonly downAfterMs: number;

  address: InstanceAddress;
  /** Empty while unknown. */
  runId = '';
  link: InstanceLink;
  /** When we began to suspect it (SDOWN); null while we do not. */
  suspectedSinceMs: number | null = null;
  /** When the last suspicion began, over or not; null when there never was one. */
  lastSuspectedMs: number | null = null;
  /** When a hello was last sent to it; null when the next one is due at once. */
  lastHelloMs: number | null = null;
  scriptKillSent = false;
  /** Why its PINGs are answered, but not acceptably; empty while they are. */
  pingProblem = '';

  /** The instance as what it is. */
  protected abstract get self(): WatchedInstance;

  protected constructor(
    protected readonly watcher: InstanceWatcher,
    link: InstanceLink,
  ) {
    this.address = link.address;
    this.link = link;
    link.owners.add(this);
  }

  get suspected(): boolean {
    return this.suspectedSinceMs !== null;
  }

  /** The host to tell others. */
  get host(): string {
    return announcedHost(this.address, this.watcher.options.announceHostnames);
  }

  /** How events name it. */
  get reference(): PeerReference {
    return { role: this.role, name: this.name, host: this.host, port: this.address.port };
  }

  /** Sends a command, whatever the instance calls it; false when there is no connection. */
  send(name: string, args: readonly string[], callback: ReplyCallback | null): boolean {
    return this.link.send(name, args, callback);
  }

  /** Uses another link from now on; the old one is closed when nobody else uses it. */
  useLink(link: InstanceLink): void {
    if (link === this.link) return;
    this.releaseLink();
    this.link = link;
    link.owners.add(this);
  }

  /** Lets go of the link; the instance is no longer watched. */
  releaseLink(): void {
    this.link.owners.delete(this);
    if (this.link.owners.size === 0) this.link.close();
  }

  /** When the silence becomes a suspicion if nothing happens; null for never. */
  suspicionDueMs(): number | null {
    return this.link.suspicion.deadlineMs(this.downAfterMs);
  }

  resolved(address: InstanceAddress): void {
    this.address = address;
  }

  linkUp(): void {
    this.watcher.linkUp(this.self);
  }

  linkChanged(): void {
    this.watcher.linkChanged(this.self);
  }

  pinged(answer: PingAnswer): void {
    this.watcher.pinged(this.self, answer);
  }

  helloReceived(payload: string): void {
    this.watcher.helloReceived(this.self, payload);
  }
}
