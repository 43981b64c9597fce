/** A machine of the virtual world: an address, a disk, and the processes that run on it. */
import { FileSystem, type CrashOptions } from './disk/file-system.js';
import type { VirtualProcess } from './virtual-process.js';
import type { VirtualWorld } from './world.js';

const FIRST_EPHEMERAL_PORT = 32_768;
const LAST_EPHEMERAL_PORT = 60_999;

export class VirtualHost {
  /** Numeric address, 10.0.x.y in the order in which hosts were made. */
  readonly address: string;
  readonly disk: FileSystem;
  /** Those that are alive. */
  readonly processes = new Set<VirtualProcess>();
  private powered = true;
  private nextPort = FIRST_EPHEMERAL_PORT;

  constructor(
    private readonly world: VirtualWorld,
    readonly name: string,
    number: number,
  ) {
    this.address = `10.0.${number >> 8}.${number & 255}`;
    this.disk = new FileSystem(world.randomFor(`disk of ${name}`), world.options);
  }

  get hasPower(): boolean {
    return this.powered;
  }

  /**
   * Everything on the host is gone at once and in silence: no connection is closed, nothing that was not synced
   * is on the disk any more. What others send to the host is held until the power is back.
   */
  powerLoss(options: CrashOptions = {}): void {
    this.powered = false;
    for (const running of [...this.processes]) running.vanish();
    this.disk.crash(options);
  }

  powerOn(): void {
    if (this.powered) return;
    this.powered = true;
    this.world.network.releaseHeld();
  }

  /** A local port for an outgoing connection, or for a listener that does not mind. */
  ephemeralPort(): number {
    const port = this.nextPort;
    this.nextPort = port === LAST_EPHEMERAL_PORT ? FIRST_EPHEMERAL_PORT : port + 1;
    return port;
  }
}
