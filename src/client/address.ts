/** Addresses as people write them, and their translation for clients behind NAT. */
import type { Address } from '../platform/platform.js';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Where an announced address is reached from here: by `host:port` in a table (whose values are addresses or
 * `host:port` as well), or by a function. What the table or the function does not know stays as it is.
 */
export type AddressMap =
  Readonly<Record<string, HostAndPort | string>> | ((announced: HostAndPort) => HostAndPort | undefined);

/** `host:port`, with brackets around IPv6; the path of a Unix socket. */
export function formatAddress(address: Address): string {
  if ('path' in address) return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Reads `host:port`, `[v6]:port`, or a bare host where there is a default port. Null when it is none of these. */
export function parseAddress(text: string, defaultPort: number | null = null): HostAndPort | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::([0-9]{1,5}))?$/.exec(text);
  if (match === null) return null;
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  if (port === null || port > 65535) return null;
  return { host: match[1] ?? match[2]!, port };
}

export function sameAddress(a: HostAndPort, b: HostAndPort): boolean {
  return a.host === b.host && a.port === b.port;
}

/**
 * Makes a map one function.
 * @throws TypeError when a table holds text that is no `host:port`
 */
export function addressTranslation(map: AddressMap | undefined): (announced: HostAndPort) => HostAndPort {
  if (map === undefined) return (announced) => announced;
  if (typeof map === 'function') return (announced) => map(announced) ?? announced;
  const table = new Map<string, HostAndPort>();
  for (const [announced, reachable] of Object.entries(map)) {
    const address = typeof reachable === 'string' ? parseAddress(reachable) : reachable;
    if (address === null)
      throw new TypeError(`the address map has no host:port for ${announced}: "${reachable}"`);
    table.set(announced, address);
  }
  return (announced) => table.get(formatAddress(announced)) ?? announced;
}
