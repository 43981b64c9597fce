/**
 * Addresses of instances: a host as it was given (a name, if names are allowed) and the numeric address it was
 * last resolved to.
 *
 * Two addresses are the same when their ports are and either the given hosts or the resolved ones are: replicas
 * tell of themselves by name or by number as they please.
 */
import { isNumericAddress } from '../platform/numeric-address.js';

export interface InstanceAddress {
  /** As given: numeric, or a name. */
  readonly host: string;
  /** Numeric; empty as long as the name could not be resolved. */
  readonly ip: string;
  readonly port: number;
}

/** An address from a host as given; a name waits to be resolved. */
export function addressOf(host: string, port: number): InstanceAddress {
  return { host, ip: isNumericAddress(host) ? host : '', port };
}

export function withIp(address: InstanceAddress, ip: string): InstanceAddress {
  return { ...address, ip };
}

/** The host to tell others: the name if names are announced, the number otherwise, if there is one. */
export function announcedHost(address: InstanceAddress, announceHostnames: boolean): string {
  return announceHostnames || address.ip === '' ? address.host : address.ip;
}

export function sameAddress(a: InstanceAddress, b: InstanceAddress): boolean {
  return a.port === b.port && (a.host === b.host || (a.ip !== '' && a.ip === b.ip));
}

/** Whether `host:port`, as someone tells it, is this address. */
export function isAddress(address: InstanceAddress, host: string, port: number): boolean {
  return address.port === port && (address.host === host || (address.ip !== '' && address.ip === host));
}

/** `host:port`, with brackets around an IPv6 address: the name of a replica. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A port as written: 0..65535 in decimal digits; null for anything else. */
export function parsePort(text: string): number | null {
  if (!/^[0-9]{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port <= 65535 ? port : null;
}
