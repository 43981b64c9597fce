/** What `vedette up sentinel` shows: one master, its replicas, and the sentinels that watch them. */
import { formatAddress } from '../client/address.js';
import type { Platform } from '../platform/platform.js';
import { addressesOf, type Demonstration } from './demonstration.js';
import { FailoverWatch } from './failover-watch.js';
import type { Member } from './member.js';
import type { Screen } from './screen.js';
import {
  startSentinelTopology,
  type SentinelTopology,
  type SentinelTopologyOptions,
} from './sentinel-topology.js';

export async function demonstrateSentinel(
  platform: Platform,
  options: SentinelTopologyOptions,
): Promise<Demonstration> {
  return new SentinelDemonstration(platform, await startSentinelTopology(platform, options));
}

class SentinelDemonstration implements Demonstration {
  readonly watch: FailoverWatch;

  constructor(
    platform: Platform,
    readonly topology: SentinelTopology,
  ) {
    this.watch = new FailoverWatch(platform, topology);
  }

  inPlace(): Promise<unknown> {
    return this.watch.discovery.resolve();
  }

  environment(): Record<string, string> {
    const { topology } = this;
    const { address } = this.firstMaster;
    return {
      VEDETTE_MASTER_NAME: topology.masterName,
      VEDETTE_MASTER: formatAddress(address),
      VEDETTE_MASTER_HOST: address.host,
      VEDETTE_MASTER_PORT: String(address.port),
      VEDETTE_SERVERS: addressesOf(topology.servers).join(','),
      VEDETTE_SENTINELS: addressesOf(topology.sentinels).join(','),
      VEDETTE_DIRECTORY: topology.directory,
    };
  }

  readyFields(): object {
    const { masterName, servers, sentinels } = this.topology;
    const [master, ...replicas] = addressesOf(servers);
    return { masterName, master, replicas, sentinels: addressesOf(sentinels) };
  }

  summary(): string {
    const { servers, sentinels } = this.topology;
    return `a master, ${servers.length - 1} replicas, ${sentinels.length} sentinels`;
  }

  introduce(screen: Screen): void {
    const { masterName, servers, sentinels, directory } = this.topology;
    const [master, ...replicas] = addressesOf(servers);
    const [sentinel] = sentinels as [Member, ...Member[]];
    const { host, port } = sentinel.address;
    screen.line(`  master     ${master}`);
    if (replicas.length > 0) screen.line(`  replicas   ${replicas.join('  ')}`);
    screen.line(`  sentinels  ${addressesOf(sentinels).join('  ')}   master name ${masterName}`);
    screen.line(`  files      ${directory}`);
    screen.line();
    screen.line(`  vedette-cli -p ${this.firstMaster.address.port}`);
    screen.line(`  vedette discover --sentinel ${host}:${port} --name ${masterName} --watch`);
    screen.line(`  new Redis({ sentinels: [{ host: '${host}', port: ${port} }], name: '${masterName}' })`);
  }

  async masterToFault(): Promise<Member | null> {
    const { discovery } = this.watch;
    const found = discovery.master ?? (await discovery.resolve().catch(() => null));
    const master = this.topology.servers.find((server) => server.address.port === found?.address.port);
    return master !== undefined && master.state === 'running' ? master : null;
  }

  async roleOf(member: Member): Promise<string> {
    const reply = await member.call('ROLE');
    const [role, host, port, state] = Array.isArray(reply) ? reply : [];
    if (role === 'master') return 'master';
    if (role === 'slave') return `replica of ${String(host)}:${String(port)}, ${String(state)}`;
    const epoch = await member.call('SENTINEL', 'MASTER', this.topology.masterName);
    const fields = Array.isArray(epoch) ? epoch : [];
    return `sentinel, config epoch ${String(fields[fields.indexOf('config-epoch') + 1])}`;
  }

  private get firstMaster(): Member {
    return this.topology.servers[0]!;
  }
}
