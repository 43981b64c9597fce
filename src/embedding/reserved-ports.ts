/**
 * Ports for the members of topologies that run side by side, in this process and in others.
 *
 * They come in blocks; who listens on a block's first port has the others. So nobody looks whether a port is free and
 * comes too late, and the port of a member that is down waits for it. All of them, and the ports of cluster buses 10000
 * above, lie below those that kernels give to outgoing connections: a client that connects to a member which is down
 * would otherwise now and then be connected to itself.
 */
import { isPortFree } from '../lab/ports.js';
import type { Listener, Platform } from '../platform/platform.js';

const HOST = '127.0.0.1';
const FIRST_PORT = 10_240;
const END_PORT = 20_000;
const BLOCK_SIZE = 20;
const BLOCK_COUNT = Math.floor((END_PORT - FIRST_PORT) / BLOCK_SIZE);
/** Every block may be taken, or shut by a firewall: then it ends. */
const ATTEMPTS = 4 * BLOCK_COUNT;

export class ReservedPorts {
  private readonly locks: Listener[] = [];
  /** Of the blocks that are ours, not given away yet. */
  private readonly left: number[] = [];

  constructor(private readonly platform: Pick<Platform, 'network' | 'random'>) {}

  /**
   * So many ports that are free, and stay ours until {@link release}.
   * @param companionDistance the port that lies so far above each is free, too; 0 for none
   */
  async take(count: number, companionDistance: number): Promise<number[]> {
    const taken: number[] = [];
    while (taken.length < count) {
      const port = this.left.shift();
      if (port === undefined) await this.lockBlock();
      else if (await this.isUsable(port, companionDistance)) taken.push(port);
    }
    return taken;
  }

  release(): void {
    for (const lock of this.locks.splice(0)) lock.close();
  }

  /** Others than us may have a port of the block. */
  private async isUsable(port: number, companionDistance: number): Promise<boolean> {
    const { platform } = this;
    if (!(await isPortFree(platform, HOST, port))) return false;
    return companionDistance === 0 || isPortFree(platform, HOST, port + companionDistance);
  }

  private async lockBlock(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const first = FIRST_PORT + this.platform.random.integer(BLOCK_COUNT) * BLOCK_SIZE;
      const lock = await this.listen(first);
      if (lock === null) continue;
      this.locks.push(lock);
      for (let port = first + 1; port < first + BLOCK_SIZE; port++) this.left.push(port);
      return;
    }
    throw new Error(`No free ports between ${FIRST_PORT} and ${END_PORT}`);
  }

  private listen(port: number): Promise<Listener | null> {
    return new Promise((resolve) => {
      this.platform.network.listen(
        { host: HOST, port },
        {},
        (connection) => connection.destroy(),
        (_error, listener) => resolve(listener),
      );
    });
  }
}
