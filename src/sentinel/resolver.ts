/**
 * Turns the hosts of addresses into numeric ones, without blocking. Names are looked up only if the
 * configuration allows names at all.
 */
import type { Logger } from '../log/logger.js';
import type { Network } from '../platform/platform.js';
import { isNumericAddress } from '../platform/numeric-address.js';
import { withIp, type InstanceAddress } from './address.js';
import type { SentinelOptions } from './configuration.js';

export class Resolver {
  /** Names that could not be resolved the last time, so that it is said once. */
  readonly #failing = new Set<string>();

  constructor(
    private readonly network: Network,
    private readonly options: SentinelOptions,
    private readonly log: Logger,
  ) {}

  /** Calls back with the address and its current number, at once for a numeric host; null when there is none. */
  resolve(address: InstanceAddress, callback: (resolved: InstanceAddress | null) => void): void {
    const { host } = address;
    if (isNumericAddress(host)) {
      callback(withIp(address, host));
      return;
    }
    if (!this.options.resolveHostnames) {
      callback(null);
      return;
    }
    this.network.resolve(host, (error, ip) => {
      if (error !== null && !this.#failing.has(host)) {
        this.log.warning(`Failed to resolve hostname '${host}'`);
        this.#failing.add(host);
      }
      if (error === null) this.#failing.delete(host);
      callback(error === null ? withIp(address, ip) : null);
    });
  }
}
