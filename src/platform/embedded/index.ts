/** Processes within this process, with their faults. */
export { EmbeddedLinks } from './embedded-links.js';
export { EmbeddedProcess, type EmbeddedExit, type EmbeddedProcessOptions } from './embedded-process.js';
export { CLIENTS, OPEN_LINKS, type LinkRule, type Party } from './link-rule.js';
export { createMemoryDisk, type MemoryDisk } from './memory-disk.js';
export { ObserverNetwork } from './observer-network.js';
