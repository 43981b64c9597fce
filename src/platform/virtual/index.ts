/** The virtual platform: a world with its own time, for tests and the simulator. */
export type { DiskFault, DiskOperation } from './disk/disk-faults.js';
export type { CrashOptions, FileSystem } from './disk/file-system.js';
export type { Duration } from './duration.js';
export type { VirtualHost } from './host.js';
export type { ConnectionEnd } from './network/connection-end.js';
export type { Names } from './network/link-faults.js';
export type { VirtualNetwork } from './network/network.js';
export type { MemoryFigures, ProcessOptions, ProcessState, VirtualProcess } from './virtual-process.js';
export { SeededRandom } from './seeded-random.js';
export type { SpawnRequest } from './spawn-request.js';
export { VirtualWorld, type WorldOptions } from './world.js';
