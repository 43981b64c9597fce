/**
 * Sending and taking hellos: sentinels of the same master become known to each other, and the configuration with
 * the greatest epoch spreads.
 */
import { NO_EPOCH } from '../failover/epoch.js';
import { formatHello, HELLO_CHANNEL, parseHello, type Hello } from './hello.js';
import { addressOf, announcedHost, joinHostPort, sameAddress, type InstanceAddress } from './address.js';
import type { WatchedInstance } from './instance.js';
import type { MonitoredMaster } from './master.js';
import type { Peer } from './peer.js';
import type { Sentinel } from './sentinel.js';

export class Hellos {
  /** The last hello that was refused, so that its repetitions are not logged. */
  #toldRefusal = '';
  /** Addresses of other sentinels with our id. */
  readonly #toldDuplicates = new Set<string>();

  constructor(private readonly sentinel: Sentinel) {}

  /** Sends a hello to an instance if that is due. */
  attend(instance: WatchedInstance, master: MonitoredMaster, nowMs: number): void {
    const dueMs = this.dueMs(instance);
    if (dueMs === null || nowMs < dueMs) return;
    instance.lastHelloMs = nowMs;
    // What a hello tells must be on disk first.
    this.sentinel.store.whenSaved(() => this.#send(instance, master));
  }

  /** When the next hello goes to an instance; null while none can. */
  dueMs(instance: WatchedInstance): number | null {
    if (!instance.link.isUp || instance.link.isOverloaded) return null;
    return instance.lastHelloMs === null ? -Infinity : instance.lastHelloMs + this.sentinel.periods.publishMs;
  }

  /** Tells everybody at once: the configuration has changed. */
  sendNow(master: MonitoredMaster): void {
    for (const instance of [...master.peers.values(), ...master.replicas.values(), master]) {
      instance.lastHelloMs = null;
      this.sentinel.attendSoon(instance);
    }
  }

  #send(instance: WatchedInstance, master: MonitoredMaster): void {
    if (!this.sentinel.isWatched(instance)) return;
    const { options, ledger, myId } = this.sentinel;
    const host = options.announceIp === '' ? instance.link.localAddress : options.announceIp;
    if (host === '') return;
    const current = master.currentAddress;
    const hello = formatHello({
      host,
      port: this.sentinel.announcedPort,
      runId: myId,
      currentEpoch: ledger.currentEpoch,
      masterName: master.name,
      masterHost: announcedHost(current, options.announceHostnames),
      masterPort: current.port,
      configEpoch: master.configEpoch,
    });
    instance.send('PUBLISH', [HELLO_CHANNEL, hello], null);
  }

  /** Takes a hello from a subscription or from a sentinel directly. Anything else is ignored. */
  take(payload: string): void {
    const hello = parseHello(payload);
    if (hello === null) {
      this.#sayRefusal(payload);
      return;
    }
    if (hello.runId === this.sentinel.myId) {
      this.#sayDuplicateId(hello);
      return;
    }
    if (!this.sentinel.masters.has(hello.masterName)) return;
    const { resolver } = this.sentinel;
    resolver.resolve(addressOf(hello.host, hello.port), (sender) => {
      resolver.resolve(addressOf(hello.masterHost, hello.masterPort), (master) => {
        this.#process(hello, sender, master);
      });
    });
  }

  #process(hello: Hello, sender: InstanceAddress | null, masterAddress: InstanceAddress | null): void {
    const master = this.sentinel.masters.get(hello.masterName);
    if (master === undefined) return;
    const peer = sender === null ? null : this.#recognise(master, hello, sender);
    this.sentinel.learnEpoch(hello.currentEpoch);
    if (peer === null) return;
    if (masterAddress !== null) {
      const isNewer = hello.configEpoch > master.configEpoch;
      if (isNewer || this.#isOvertaken(master, hello, masterAddress)) {
        this.#adopt(master, peer, hello, masterAddress);
      }
    }
    peer.lastHelloReceivedMs = this.sentinel.nowMs();
  }

  /**
   * Failovers that operators order take their epoch without votes: two of them, on two sides of a partition, may take the
   * same one, and then neither configuration is the newer. The servers tell which of them holds: our master itself follows
   * the other one, and that one is a master.
   */
  #isOvertaken(master: MonitoredMaster, { configEpoch }: Hello, address: InstanceAddress): boolean {
    if (configEpoch === NO_EPOCH || configEpoch !== master.configEpoch || master.failoverInProgress)
      return false;
    return master.follows(address) && master.findReplica(address)?.reportedRole === 'master';
  }

  /** The sender as a peer of the master: known, moved, in the place of another, or new. */
  #recognise(master: MonitoredMaster, hello: Hello, sender: InstanceAddress): Peer {
    const known = master.peers.get(hello.runId);
    if (known !== undefined && sameAddress(known.address, sender)) return known;
    const { events } = this.sentinel;
    if (known !== undefined) {
      this.sentinel.removePeer(known);
      events.say({
        kind: 'sentinel-moved',
        master: master.reference,
        host: announcedHost(sender, this.sentinel.options.announceHostnames),
        port: sender.port,
        runId: hello.runId,
      });
    } else {
      this.#makeRoom(master, sender);
    }
    const peer = this.sentinel.addPeer(master, sender, hello.runId);
    if (known === undefined)
      events.say({ kind: 'sentinel-found', master: master.reference, peer: peer.reference });
    else this.#moveElsewhere(peer);
    this.sentinel.store.save();
    return peer;
  }

  /** Another sentinel was known at this address: it was replaced, and is gone from all masters. */
  #makeRoom(master: MonitoredMaster, sender: InstanceAddress): void {
    for (const old of [...master.peers.values()]) {
      if (!sameAddress(old.address, sender)) continue;
      this.sentinel.events.say({ kind: 'sentinel-replaced', master: master.reference, peer: old.reference });
      for (const each of this.sentinel.masters.values()) {
        const same = each.peers.get(old.runId);
        if (same !== undefined) this.sentinel.removePeer(same);
      }
    }
  }

  /** A sentinel that moved did so for all masters it watches. */
  #moveElsewhere(peer: Peer): void {
    let count = 0;
    for (const master of this.sentinel.masters.values()) {
      const other = master.peers.get(peer.runId);
      if (other === undefined || other === peer) continue;
      other.address = peer.address;
      other.useLink(peer.link);
      count++;
    }
    if (count === 0) return;
    this.sentinel.events.say({
      kind: 'sentinel-address-shared',
      master: peer.master.reference,
      peer: peer.reference,
      count,
    });
  }

  /**
   * A newer configuration: take it, and follow it if it names another master. It also ends a failover of ours that is older
   * than it and leads away from the master it names; otherwise our own choice would bear the newer one's epoch in the end,
   * and two masters would be advertised under it for ever.
   */
  #adopt(master: MonitoredMaster, peer: Peer, hello: Hello, address: InstanceAddress): void {
    const { currentAddress, leadership } = master;
    master.configEpoch = hello.configEpoch;
    const follow = (from: InstanceAddress): void =>
      this.sentinel.runReconfigurationScript(master, 'observer', address, from);
    if (!sameAddress(master.address, address)) {
      this.#sayAdopted(master, peer);
      this.sentinel.switches.switchTo(master, address, follow);
      return;
    }
    if (leadership !== null && leadership.epoch < hello.configEpoch) {
      this.sentinel.failovers.drop(master);
      if (!sameAddress(currentAddress, address)) {
        this.#sayAdopted(master, peer);
        follow(currentAddress);
      }
      this.sentinel.attendSoon(master);
    }
    this.sentinel.store.save();
  }

  #sayAdopted(master: MonitoredMaster, peer: Peer): void {
    this.sentinel.events.tell({
      kind: 'configuration-adopted',
      master: master.reference,
      peer: peer.reference,
    });
  }

  /** We hear our own hellos. One with another port is of a sentinel that was given a copy of our file. */
  #sayDuplicateId({ host, port }: Hello): void {
    const address = joinHostPort(host, port);
    if (port === this.sentinel.announcedPort || this.#toldDuplicates.has(address)) return;
    this.#toldDuplicates.add(address);
    this.sentinel.log.warning(
      `The sentinel at ${address} uses our id ${this.sentinel.myId}: remove 'sentinel myid' from its configuration`,
    );
  }

  #sayRefusal(payload: string): void {
    if (payload === this.#toldRefusal) return;
    this.#toldRefusal = payload;
    this.sentinel.log.warning(`A hello message that makes no sense was ignored: ${payload.slice(0, 200)}`);
  }
}
