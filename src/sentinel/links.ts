/** Makes links to instances: which connections they have, how they log in, and which of them are shared. */
import type { NodeId } from '../failover/identity.js';
import { toLowerAscii } from '../resp/ascii.js';
import { sameAddress, type InstanceAddress } from './address.js';
import type { MasterSettings } from './configuration.js';
import { InstanceLink, type LinkParts } from './instance-link.js';
import type { MonitoredMaster } from './master.js';
import type { Sentinel } from './sentinel.js';

/** Characters of our id that clients' names show. */
const CLIENT_NAME_ID_LENGTH = 8;

export class Links {
  constructor(private readonly sentinel: Sentinel) {}

  /** A link to a master or replica. */
  toServer(address: InstanceAddress, settings: MasterSettings): InstanceLink {
    return this.#open(address, settings, { subscribes: true, credentials: () => serverAuth(settings) });
  }

  /** A link to a sentinel: the one there is already, if it is known under another master. */
  toPeer(address: InstanceAddress, runId: NodeId, settings: MasterSettings): InstanceLink {
    for (const master of this.sentinel.masters.values()) {
      const peer = master.peers.get(runId);
      if (peer !== undefined && sameAddress(peer.address, address)) return peer.link;
    }
    return this.#open(address, settings, { subscribes: false, credentials: () => this.#peerAuth() });
  }

  /** Makes the links to a master and its replicas anew: the credentials have changed. */
  reconnectServers(master: MonitoredMaster): void {
    for (const server of [master, ...master.replicas.values()]) server.link.reconnect(0);
  }

  /** Makes the links to all sentinels anew. */
  reconnectPeers(): void {
    const links = new Set<InstanceLink>();
    for (const master of this.sentinel.masters.values()) {
      for (const peer of master.peers.values()) links.add(peer.link);
    }
    for (const link of links) link.reconnect(0);
  }

  #open(
    address: InstanceAddress,
    settings: MasterSettings,
    kind: Pick<LinkParts, 'subscribes' | 'credentials'>,
  ): InstanceLink {
    const { platform, periods, log, resolver, config, myId } = this.sentinel;
    return new InstanceLink(address, {
      ...kind,
      network: platform.network,
      clock: platform.clock,
      periods,
      log,
      resolve: (wanted, callback) => resolver.resolve(wanted, callback),
      sourceAddress: () => config.values['bind-source-addr'] || undefined,
      commandName: (name) => settings.renamedCommands.get(toLowerAscii(name)) ?? name,
      clientName: `sentinel-${myId.slice(0, CLIENT_NAME_ID_LENGTH)}`,
    });
  }

  #peerAuth(): readonly string[] | null {
    const { sentinelUser, sentinelPass } = this.sentinel.options;
    if (sentinelPass !== '') return sentinelUser === '' ? [sentinelPass] : [sentinelUser, sentinelPass];
    const own = this.sentinel.config.values.requirepass;
    return own === '' ? null : [own];
  }
}

function serverAuth({ authUser, authPass }: MasterSettings): readonly string[] | null {
  if (authPass === '') return null;
  return authUser === '' ? [authPass] : [authUser, authPass];
}
