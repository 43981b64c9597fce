/**
 * `vedette up sentinel`: a topology to play with. On a terminal it shows what happens and takes keys; without one
 * it runs until it is asked to end; with --exec it runs a command against the topology and ends with its status.
 */
import { formatAddress } from '../client/address.js';
import type { Platform } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import { FailoverWatch } from './failover-watch.js';
import { runCommand } from './run-command.js';
import type { Screen } from './screen.js';
import {
  startSentinelTopology,
  type SentinelTopology,
  type SentinelTopologyOptions,
} from './sentinel-topology.js';
import { untilAskedToEnd } from './signals.js';
import { Story } from './story.js';
import { TopologyKeys } from './topology-keys.js';
import type { Member } from './member.js';

export interface UpSentinelSettings extends SentinelTopologyOptions {
  /** A command for the shell, to be run against the topology. */
  readonly command: string | undefined;
}

/** @returns the exit status: of the command, if one was given */
export async function upSentinel(
  platform: Platform,
  terminal: Terminal,
  screen: Screen,
  settings: UpSentinelSettings,
): Promise<number> {
  const startMs = platform.clock.monotonicMs();
  // A topology that is still coming up is waited for and then closed, so that nothing of it stays behind.
  const askedToEnd = untilAskedToEnd(platform);
  let mustEnd = false;
  void askedToEnd.then(() => (mustEnd = true));
  const topology = await startSentinelTopology(platform, settings);
  const tookMs = Math.round(platform.clock.monotonicMs() - startMs);
  try {
    if (mustEnd) return 1;
    if (settings.command !== undefined) {
      return await runCommand(platform, settings.command, environmentOf(topology));
    }
    return await show(platform, terminal, screen, topology, tookMs, askedToEnd);
  } finally {
    await topology.close();
  }
}

async function show(
  platform: Platform,
  terminal: Terminal,
  screen: Screen,
  topology: SentinelTopology,
  tookMs: number,
  askedToEnd: Promise<void>,
): Promise<number> {
  const story = new Story(platform, screen);
  const watch = new FailoverWatch(platform, topology);
  watch.on('sighting', (sighting) => story.tell(sighting));
  for (const member of topology.members) {
    member.on('exit', ({ code, signal }) => {
      story.fault(
        member,
        'exit',
        `process ended${signal === null ? ` with status ${code}` : ` by ${signal}`}`,
      );
    });
  }
  const hasKeys = terminal.isInputTerminal && terminal.isOutputTerminal && !screen.isJson;
  watch.start();
  await watch.discovery.resolve();
  sayHowToConnect(screen, topology, tookMs, hasKeys);
  const keys = hasKeys ? new TopologyKeys(terminal, screen, topology, watch.discovery, story) : null;
  await Promise.race([askedToEnd, ...(keys === null ? [] : [keys.untilQuit()])]);
  keys?.stop();
  watch.stop();
  for (const member of topology.members) member.removeAllListeners('exit');
  return 0;
}

function sayHowToConnect(screen: Screen, topology: SentinelTopology, tookMs: number, hasKeys: boolean): void {
  const [master, ...replicas] = topology.servers as [Member, ...Member[]];
  const addresses = (members: readonly Member[]): string[] =>
    members.map(({ address }) => formatAddress(address));
  if (screen.isJson) {
    screen.json({
      event: 'ready',
      tookMs,
      masterName: topology.masterName,
      master: formatAddress(master.address),
      replicas: addresses(replicas),
      sentinels: addresses(topology.sentinels),
      directory: topology.directory,
    });
    return;
  }
  const { bold, dim } = screen.colors;
  const [sentinel] = topology.sentinels as [Member, ...Member[]];
  const { host, port } = sentinel.address;
  screen.line(
    bold(
      `Ready in ${tookMs} ms: a master, ${replicas.length} replicas, ${topology.sentinels.length} sentinels`,
    ),
  );
  screen.line();
  screen.line(`  master     ${formatAddress(master.address)}`);
  if (replicas.length > 0) screen.line(`  replicas   ${addresses(replicas).join('  ')}`);
  screen.line(
    `  sentinels  ${addresses(topology.sentinels).join('  ')}   master name ${topology.masterName}`,
  );
  screen.line(`  files      ${topology.directory}`);
  screen.line();
  screen.line(`  vedette-cli -p ${master.address.port}`);
  screen.line(`  vedette discover --sentinel ${host}:${port} --name ${topology.masterName} --watch`);
  screen.line(
    `  new Redis({ sentinels: [{ host: '${host}', port: ${port} }], name: '${topology.masterName}' })`,
  );
  if (hasKeys) {
    screen.line();
    screen.line(
      dim('  k kill the master   p pause or resume it   r restart what is down   s status   q quit'),
    );
  }
  screen.line();
}

/** What a command run with --exec is told: the addresses, comma-separated where there are several. */
function environmentOf(topology: SentinelTopology): Record<string, string> {
  const [master] = topology.servers as [Member, ...Member[]];
  const addresses = (members: readonly Member[]): string =>
    members.map(({ address }) => formatAddress(address)).join(',');
  return {
    VEDETTE_MASTER_NAME: topology.masterName,
    VEDETTE_MASTER: formatAddress(master.address),
    VEDETTE_MASTER_HOST: master.address.host,
    VEDETTE_MASTER_PORT: String(master.address.port),
    VEDETTE_SERVERS: addresses(topology.servers),
    VEDETTE_SENTINELS: addresses(topology.sentinels),
    VEDETTE_DIRECTORY: topology.directory,
  };
}
