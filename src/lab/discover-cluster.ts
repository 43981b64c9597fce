/** `vedette discover --cluster`: prints the masters of a cluster, or the one of a slot or key, and with --watch changes. */
import { formatAddress } from '../client/address.js';
import {
  ClusterDiscovery,
  type ClusterDiscoveryOptions,
  type ClusterMaster,
} from '../client/cluster-discovery.js';
import type { Platform } from '../platform/platform.js';
import { addressFields, teller } from './discover.js';
import type { Screen } from './screen.js';
import { untilAskedToEnd } from './signals.js';

export interface ClusterDiscoverSettings extends ClusterDiscoveryOptions {
  /** A slot, or a key as text; null for all masters. */
  readonly where: number | string | null;
  readonly watch: boolean;
}

/** @returns the exit status: 0, or 1 when there is no verified master */
export async function discoverCluster(
  platform: Platform,
  screen: Screen,
  settings: ClusterDiscoverSettings,
): Promise<number> {
  const discovery = new ClusterDiscovery(platform, settings);
  try {
    if (settings.watch) await watch(platform, screen, discovery, settings.where);
    else await printOnce(screen, discovery, settings.where);
    return 0;
  } catch (error) {
    screen.error((error as Error).message);
    return 1;
  } finally {
    discovery.stop();
  }
}

async function printOnce(
  screen: Screen,
  discovery: ClusterDiscovery,
  where: number | string | null,
): Promise<void> {
  const masters = where === null ? await discovery.resolveAll() : [await discovery.resolve(where)];
  for (const master of masters) {
    const address = formatAddress(master.address);
    if (screen.isJson) screen.json(masterFields(master));
    else screen.line(where === null ? `${address}  ${master.name}` : address);
  }
}

async function watch(
  platform: Platform,
  screen: Screen,
  discovery: ClusterDiscovery,
  where: number | string | null,
): Promise<void> {
  const { colors } = screen;
  const tell = teller(platform, screen);
  const slot = where === null ? null : discovery.slotOf(where);
  const isMeant = ({ slots }: ClusterMaster): boolean =>
    slot === null || slots.some(({ first, last }) => slot >= first && slot <= last);
  discovery.on('master', (master) => {
    if (!isMeant(master)) return;
    const how = `slots ${master.name}, config epoch ${master.configEpoch}, by node ${formatAddress(master.source)}`;
    const text = `${colors.green(formatAddress(master.address))}  (${how})`;
    tell({ event: 'master', ...masterFields(master) }, text);
  });
  discovery.on('lost', (master, reason) => {
    if (!isMeant(master)) return;
    const text = `${colors.red('lost')} ${formatAddress(master.address)}: ${reason.message}`;
    tell({ event: 'lost', ...addressFields(master.address), reason: reason.message }, text);
  });
  discovery.on('unresolved', (error) => {
    tell({ event: 'unresolved', reason: error.message }, colors.yellow(error.message));
  });
  discovery.start();
  await untilAskedToEnd(platform);
}

function masterFields(master: ClusterMaster) {
  return {
    name: master.name,
    ...addressFields(master.address),
    configEpoch: master.configEpoch,
    id: master.id,
    slots: master.slots,
    source: formatAddress(master.source),
  };
}
