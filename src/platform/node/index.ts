/** The platform of a real process. Everything that touches Node is in this folder. */
import type { Platform } from '../platform.js';
import { NodeClock } from './clock.js';
import { NodeDisk } from './disk.js';
import { NodeHashing } from './hashing.js';
import { NodeLogSinks } from './log-sinks.js';
import { NodeMemory } from './memory.js';
import { NodeNetwork } from './network.js';
import { NodeProcesses } from './processes.js';
import { NodeRandomness } from './randomness.js';
import { NodeTimers } from './timers.js';

/** Makes a platform on the real machine. Several may live in one process; they share nothing but the machine. */
export function createNodePlatform(): Platform {
  const random = new NodeRandomness();
  return {
    clock: new NodeClock(),
    timers: new NodeTimers(),
    random,
    network: new NodeNetwork(),
    disk: new NodeDisk(random),
    processes: new NodeProcesses(),
    memory: new NodeMemory(),
    logs: new NodeLogSinks(),
    hash: new NodeHashing(),
  };
}
