/**
 * What sentinels of this project say to each other beyond Redis Sentinel's protocol, and how they recognise each
 * other: a field of INFO that nobody else has; stock sentinels never ask for it.
 *
 * It makes failovers faster (standing in order, no long waits after a failure) and nothing depends on it: with
 * anybody else in the group the rules and waits of Redis Sentinel hold.
 */
import type { Epoch } from '../failover/epoch.js';
import type { NodeId } from '../failover/identity.js';
import type { MonitoredMaster } from './master.js';
import type { Peer } from './peer.js';
import type { Sentinel } from './sentinel.js';

/** The field of INFO's section `server` by which we know each other. */
const DIALECT_FIELD = 'vedette_version';

export class DialectSpeaker {
  constructor(private readonly sentinel: Sentinel) {}

  /** Finds out how a peer elects. */
  identify(peer: Peer): void {
    peer.send('INFO', ['server'], (reply) => {
      const isOurs = typeof reply === 'string' && reply.includes(`\n${DIALECT_FIELD}:`);
      peer.dialect = isOurs ? 'orderly' : 'stock';
      this.sentinel.failovers.look(peer.master);
    });
  }

  /** Tells the others that we stand for election, so that they wait for our request. */
  announce(master: MonitoredMaster): void {
    this.#tell(master, 'STANDING', []);
  }

  /** Tells the others that our attempt of that epoch is over, so that they need not wait for it. */
  standDown(master: MonitoredMaster, epoch: Epoch): void {
    this.#tell(master, 'STAND-DOWN', [String(epoch)]);
  }

  #tell(master: MonitoredMaster, what: string, words: readonly string[]): void {
    const subject = [master.host, String(master.address.port)];
    for (const peer of master.peers.values()) {
      if (peer.dialect !== 'orderly') continue;
      peer.send('SENTINEL', [what, ...subject, ...words, this.sentinel.myId], null);
    }
  }

  /** Another sentinel stands for election. */
  takeAnnouncement(master: MonitoredMaster, rival: NodeId): void {
    this.sentinel.failovers.step(master, { kind: 'rival-stands', rival });
  }

  /** Another sentinel says that its attempt is over. */
  takeStandDown(master: MonitoredMaster, leader: NodeId, epoch: Epoch): void {
    this.sentinel.failovers.step(master, { kind: 'stood-down', leader, epoch });
  }
}
