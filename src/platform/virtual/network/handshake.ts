/**
 * A connection request on its way: held by a block as everything is, answered by the kernel of the host that it
 * reaches, given up after a while.
 */
import type { Address } from '../../platform.js';
import type { VirtualHost } from '../host.js';
import { systemError } from '../system-error.js';
import { ConnectionEnd, type EndAddress } from './connection-end.js';
import type { VirtualListener } from './listener.js';
import type { VirtualNetwork } from './network.js';
import type { Party } from './party.js';

/** A kernel whose backlog is full drops the request; it is repeated. */
const RETRY_MS = 1000;

export class Handshake {
  constructor(
    private readonly initiator: ConnectionEnd,
    private readonly local: EndAddress,
    private readonly remote: EndAddress,
    private readonly target: Address,
    /** Null when nobody has that address. */
    private readonly host: VirtualHost | null,
  ) {}

  start(): void {
    const { network } = this;
    const { owner } = this.initiator;
    network.world.scheduleAt(owner.nowMs + network.connectTimeoutMs, null, () => {
      network.heldHandshakes.delete(this);
      if (!this.initiator.isConnecting) return;
      this.initiator.fail(systemError('ETIMEDOUT', 'connect', describe(this.remote)));
    });
    if (this.host !== null) this.travel(this.host, owner.nowMs - network.world.nowMs);
  }

  /** After a heal: the request is on its way again, or held by another block. */
  release(): void {
    this.network.heldHandshakes.delete(this);
    if (this.host !== null) this.travel(this.host, 0);
  }

  private get network(): VirtualNetwork {
    return this.initiator.owner.world.network;
  }

  private travel(host: VirtualHost, delayMs: number): void {
    const { links, world } = this.network;
    const latencyMs = links.drawLatencyMs(this.initiator.party, this.receiver(host, this.listener(host)));
    world.scheduleAt(world.nowMs + delayMs + latencyMs, null, () => this.arrive(host));
  }

  private arrive(host: VirtualHost): void {
    if (this.initiator.isClosed) return;
    const { network } = this;
    const listener = this.listener(host);
    const receiver = this.receiver(host, listener);
    if (network.links.isBlocked(this.initiator.party, receiver)) network.heldHandshakes.add(this);
    else if (listener === null) this.refuse(receiver);
    else if (listener.hasRoom) this.accept(listener);
    else this.travel(host, RETRY_MS);
  }

  private accept(listener: VirtualListener): void {
    const { initiator } = this;
    const { isLocalSocket } = initiator;
    const acceptor = new ConnectionEnd(listener.owner, null, this.remote, this.local, isLocalSocket, false);
    acceptor.link(initiator);
    initiator.link(acceptor);
    acceptor.confirm();
    listener.accept(acceptor);
  }

  private refuse(receiver: Party): void {
    const { links, world } = this.network;
    world.scheduleAt(world.nowMs + links.drawLatencyMs(receiver, this.initiator.party), null, () => {
      this.initiator.fail(systemError('ECONNREFUSED', 'connect', describe(this.remote)));
    });
  }

  private listener(host: VirtualHost): VirtualListener | null {
    return this.network.listenerAt(host, this.target);
  }

  private receiver(host: VirtualHost, listener: VirtualListener | null): Party {
    return { host, processName: listener?.owner.name ?? null };
  }
}

function describe(remote: EndAddress): string {
  return remote.port === 0 ? remote.address : `${remote.address}:${remote.port}`;
}
