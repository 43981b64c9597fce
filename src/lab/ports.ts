/** Ports for members: whether one is free, and free ones for those who do not care which. */
import type { Platform } from '../platform/platform.js';

/**
 * Below the range from which kernels take ports for outgoing connections, so that no client's connection takes one
 * between our looking and the member's listening.
 */
const FIRST_PORT = 15_000;
const END_PORT = 30_000;

/** Whether a server could listen there now. */
export function isPortFree(
  platform: Pick<Platform, 'network'>,
  host: string,
  port: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    platform.network.listen(
      { host, port },
      {},
      (connection) => connection.destroy(),
      (_error, listener) => {
        listener?.close();
        resolve(listener !== null);
      },
    );
  });
}

/**
 * That many different free ports, at random, so that topologies started at the same time rarely collide.
 * @param companionDistance the port that lies so far above each is free, too, and none that kernels give away
 */
export async function findFreePorts(
  platform: Pick<Platform, 'network' | 'random'>,
  host: string,
  count: number,
  companionDistance = 0,
): Promise<number[]> {
  const found = new Set<number>();
  const portCount = END_PORT - FIRST_PORT - companionDistance;
  while (found.size < count) {
    const port = FIRST_PORT + platform.random.integer(portCount);
    if (found.has(port) || !(await isPortFree(platform, host, port))) continue;
    if (companionDistance > 0 && !(await isPortFree(platform, host, port + companionDistance))) continue;
    found.add(port);
  }
  return [...found];
}
