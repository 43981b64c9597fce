/** `vedette discover`: prints the current master, verified, and with --watch each change as it happens. */
import { formatAddress, type HostAndPort } from '../client/address.js';
import { MasterDiscovery, type DiscoveryOptions, type ResolvedMaster } from '../client/discovery.js';
import type { Platform } from '../platform/platform.js';
import type { Screen } from './screen.js';
import { untilAskedToEnd } from './signals.js';

export interface DiscoverSettings extends DiscoveryOptions {
  readonly watch: boolean;
}

/** @returns the exit status: 0, or 1 when there is no verified master */
export async function discover(
  platform: Platform,
  screen: Screen,
  settings: DiscoverSettings,
): Promise<number> {
  const discovery = new MasterDiscovery(platform, settings);
  try {
    return settings.watch ? await watch(platform, screen, discovery) : await printOnce(screen, discovery);
  } finally {
    discovery.stop();
  }
}

async function printOnce(screen: Screen, discovery: MasterDiscovery): Promise<number> {
  try {
    const master = await discovery.resolve();
    if (screen.isJson) screen.json(masterFields(master));
    else screen.line(formatAddress(master.address));
    return 0;
  } catch (error) {
    screen.error((error as Error).message);
    return 1;
  }
}

async function watch(platform: Platform, screen: Screen, discovery: MasterDiscovery): Promise<number> {
  const { colors } = screen;
  const tell = teller(platform, screen);
  discovery.on('master', (master) => {
    const how = `config epoch ${master.configEpoch}, by sentinel ${formatAddress(master.sentinel)}`;
    const text = `${colors.green(formatAddress(master.address))}  (${how})`;
    tell({ event: 'master', ...masterFields(master) }, text);
  });
  discovery.on('lost', (master, reason) => {
    const address = formatAddress(master.address);
    const text = `${colors.red('lost')} ${address}: ${reason.message}`;
    tell({ event: 'lost', ...addressFields(master.address), reason: reason.message }, text);
  });
  discovery.on('unresolved', (error) => {
    tell({ event: 'unresolved', reason: error.message }, colors.yellow(error.message));
  });
  discovery.start();
  await untilAskedToEnd(platform);
  return 0;
}

/** What happens, with the time: a line for people, or an object for programs. */
export function teller(
  platform: Pick<Platform, 'clock'>,
  screen: Screen,
): (fields: Readonly<Record<string, unknown>> & { readonly event: string }, text: string) => void {
  return (fields, text) => {
    const timeMs = platform.clock.nowMs();
    if (screen.isJson) screen.json({ timeMs, ...fields });
    else screen.line(`${screen.colors.dim(screen.timeOfDay(timeMs))}  ${text}`);
  };
}

function masterFields(master: ResolvedMaster) {
  return {
    name: master.name,
    ...addressFields(master.address),
    configEpoch: master.configEpoch,
    sentinel: formatAddress(master.sentinel),
  };
}

export function addressFields({ host, port }: HostAndPort) {
  return { host, port };
}
