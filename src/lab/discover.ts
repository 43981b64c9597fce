/**
 * `vedette discover`: prints the current master of a Sentinel group, or the masters of a cluster, verified, and with
 * --watch each change as it happens.
 */
import { formatAddress, type HostAndPort } from '../client/address.js';
import {
  ClusterDiscovery,
  type ClusterDiscoveryOptions,
  type ClusterMaster,
} from '../client/cluster-discovery.js';
import type { Discovery, ResolvedMaster } from '../client/discovery.js';
import { MasterDiscovery, type MasterDiscoveryOptions } from '../client/master-discovery.js';
import type { Platform } from '../platform/platform.js';
import type { Screen } from './screen.js';
import { untilAskedToEnd } from './signals.js';

export interface DiscoverSettings {
  /** Stay, and print each change. */
  readonly watch: boolean;
}

export interface ClusterDiscoverSettings extends DiscoverSettings {
  /** A slot, or a key as text; null for all masters. */
  readonly where: number | string | null;
}

/** What is printed of the masters of a discovery. */
interface Presentation<Master extends ResolvedMaster> {
  readonly resolve: () => Promise<readonly Master[]>;
  /** Whether changes of this master are asked for. */
  readonly isMeant: (master: Master) => boolean;
  /** Behind the address, when it is asked for once; empty where there is nothing to tell apart. */
  readonly label: (master: Master) => string;
  /** How it is known, in words. */
  readonly origin: (master: Master) => string;
  /** For programs, besides the address. */
  readonly fields: (master: Master) => Readonly<Record<string, unknown>>;
}

/** @returns the exit status: 0, or 1 when there is no verified master */
export function discover(
  platform: Platform,
  screen: Screen,
  options: MasterDiscoveryOptions,
  settings: DiscoverSettings,
): Promise<number> {
  const discovery = new MasterDiscovery(platform, options);
  return present(platform, screen, settings, discovery, {
    resolve: async () => [await discovery.resolve()],
    isMeant: () => true,
    label: () => '',
    origin: ({ configEpoch, source }) => `config epoch ${configEpoch}, by sentinel ${formatAddress(source)}`,
    fields: ({ configEpoch, source }) => ({ configEpoch, sentinel: formatAddress(source) }),
  });
}

/** @returns the exit status: 0, or 1 when there is no verified master */
export function discoverCluster(
  platform: Platform,
  screen: Screen,
  options: ClusterDiscoveryOptions,
  settings: ClusterDiscoverSettings,
): Promise<number> {
  const discovery = new ClusterDiscovery(platform, options);
  const { where } = settings;
  const slot = where === null ? null : discovery.slotOf(where);
  return present(platform, screen, settings, discovery, {
    resolve: async () => (where === null ? discovery.resolveAll() : [await discovery.resolve(where)]),
    isMeant: ({ slots }: ClusterMaster) =>
      slot === null || slots.some(({ first, last }) => slot >= first && slot <= last),
    label: ({ name }) => (where === null ? `  ${name}` : ''),
    origin: ({ name, configEpoch, source }) =>
      `slots ${name}, config epoch ${configEpoch}, by node ${formatAddress(source)}`,
    fields: ({ configEpoch, id, slots, source }) => ({
      configEpoch,
      id,
      slots,
      source: formatAddress(source),
    }),
  });
}

async function present<Master extends ResolvedMaster>(
  platform: Platform,
  screen: Screen,
  settings: DiscoverSettings,
  discovery: Discovery<Master>,
  presentation: Presentation<Master>,
): Promise<number> {
  try {
    if (settings.watch) await watch(platform, screen, discovery, presentation);
    else await printOnce(screen, presentation);
    return 0;
  } catch (error) {
    screen.error((error as Error).message);
    return 1;
  } finally {
    discovery.stop();
  }
}

async function printOnce<Master extends ResolvedMaster>(
  screen: Screen,
  presentation: Presentation<Master>,
): Promise<void> {
  for (const master of await presentation.resolve()) {
    if (screen.isJson) screen.json(allFields(presentation, master));
    else screen.line(`${formatAddress(master.address)}${presentation.label(master)}`);
  }
}

async function watch<Master extends ResolvedMaster>(
  platform: Platform,
  screen: Screen,
  discovery: Discovery<Master>,
  presentation: Presentation<Master>,
): Promise<void> {
  const { colors } = screen;
  const tell = (event: string, fields: object, text: string): void => {
    const timeMs = platform.clock.nowMs();
    if (screen.isJson) screen.json({ timeMs, event, ...fields });
    else screen.line(`${colors.dim(screen.timeOfDay(timeMs))}  ${text}`);
  };
  discovery.on('master', (master) => {
    if (!presentation.isMeant(master)) return;
    const text = `${colors.green(formatAddress(master.address))}  (${presentation.origin(master)})`;
    tell('master', allFields(presentation, master), text);
  });
  discovery.on('lost', (master, reason) => {
    if (!presentation.isMeant(master)) return;
    const text = `${colors.red('lost')} ${formatAddress(master.address)}: ${reason.message}`;
    tell('lost', { ...addressFields(master.address), reason: reason.message }, text);
  });
  discovery.on('unresolved', (error) => {
    tell('unresolved', { reason: error.message }, colors.yellow(error.message));
  });
  discovery.start();
  await untilAskedToEnd(platform);
}

function allFields<Master extends ResolvedMaster>({ fields }: Presentation<Master>, master: Master) {
  return { name: master.name, ...addressFields(master.address), ...fields(master) };
}

function addressFields({ host, port }: HostAndPort) {
  return { host, port };
}
