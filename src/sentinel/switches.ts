/**
 * Making another server the monitored master: at the end of a failover of ours, or because a hello told of one.
 *
 * What is known of the servers is kept as far as it still holds: links stay up, the old master becomes a replica
 * like the others, sentinels and epochs stay. A failover under way is over.
 */
import { announcedHost, sameAddress, type InstanceAddress } from './address.js';
import type { MonitoredMaster } from './master.js';
import type { Replica } from './replica.js';
import type { Sentinel } from './sentinel.js';

export class Switches {
  constructor(private readonly sentinel: Sentinel) {}

  /** @param then called with the old address once the switch is made, before it is saved */
  switchTo(
    master: MonitoredMaster,
    address: InstanceAddress,
    then: (from: InstanceAddress) => void = () => undefined,
  ): void {
    const { sentinel } = this;
    const from = master.address;
    sentinel.events.tell({
      kind: 'switched',
      master: master.reference,
      to: { host: announcedHost(address, sentinel.options.announceHostnames), port: address.port },
      configEpoch: master.configEpoch,
    });
    const promoted = master.findReplica(address);
    if (promoted !== null) master.replicas.delete(promoted.name);
    this.#restart(master);
    this.#moveMaster(master, address, promoted);
    this.#welcomeReplicas(master, from);
    then(from);
    sentinel.store.save();
    sentinel.hellos.sendNow(master);
  }

  /** What was agreed, asked and voted about the old master says nothing about the new one. */
  #restart(master: MonitoredMaster): void {
    const { sentinel } = this;
    sentinel.failovers.drop(master);
    sentinel.ledger.forgetCandidate(master.name);
    master.agreement.clear();
    master.reports.withdrawAll();
    master.toldHold = '';
    for (const peer of master.peers.values()) {
      peer.askedMs = null;
      peer.asking = false;
      peer.prompted = false;
    }
  }

  /** The promoted replica's link and what it has reported become the master's. */
  #moveMaster(master: MonitoredMaster, address: InstanceAddress, promoted: Replica | null): void {
    const { sentinel } = this;
    const nowMs = sentinel.nowMs();
    master.address = address;
    if (promoted === null) {
      master.useLink(sentinel.links.toServer(address, master.settings));
      master.runId = '';
      master.infoText = '';
      master.infoAtMs = null;
      master.infoAsOfMs = null;
      master.offset = 0n;
    } else {
      master.useLink(promoted.link);
      sentinel.forget(promoted);
      master.runId = promoted.runId;
      master.infoText = promoted.infoText;
      master.infoAtMs = promoted.infoAtMs;
      master.infoAsOfMs = promoted.infoAsOfMs;
      master.offset = promoted.offset;
    }
    master.infoAsked = 0;
    master.suspectedSinceMs = null;
    master.lastSuspectedMs = null;
    master.scriptKillSent = false;
    master.rebootedSinceMs = null;
    // Its last report may be from before the promotion; it has the full time to prove itself as a master.
    master.reportedRole = 'master';
    master.reportedRoleSinceMs = nowMs;
    sentinel.reports.ask(master);
  }

  #welcomeReplicas(master: MonitoredMaster, from: InstanceAddress): void {
    const { sentinel } = this;
    if (!sameAddress(from, master.address)) sentinel.addReplica(master, from, false);
    for (const replica of master.replicas.values()) {
      sentinel.events.say({ kind: 'replica-found', master: master.reference, peer: replica.reference });
      sentinel.attendSoon(replica);
    }
  }
}
