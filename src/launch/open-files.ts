/**
 * Fits `maxclients` to the number of files that the operating system lets this process open. Node has raised the
 * limit as far as it may before any of this runs.
 */

import type { ServerConfig } from '../config/server-config.js';
import type { Logger } from '../log/logger.js';
import type { Disk } from '../platform/platform.js';

/** Descriptors kept for files, links to other servers and Node itself; Redis keeps as many. */
const RESERVED_DESCRIPTORS = 32;

/** How many files this process may have open; null where the system does not say. */
export function openFilesLimit(disk: Pick<Disk, 'readFileSync'>): number | null {
  try {
    const limits = disk.readFileSync('/proc/self/limits').latin1Slice();
    const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}

/** Lowers `maxclients` to what is possible, with a word in the log, and refuses CONFIG SET of more. */
export function limitClients(config: ServerConfig, disk: Pick<Disk, 'readFileSync'>, log: Logger): void {
  const limit = openFilesLimit(disk);
  if (limit === null) return;
  const possible = Math.max(1, limit - RESERVED_DESCRIPTORS);
  const wanted = config.values.maxclients;
  if (wanted > possible) {
    log.warning(
      `Current maximum open files is ${limit}. maxclients has been reduced from ${wanted} to ${possible} to ` +
        "compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
    );
    config.assign('maxclients', possible);
  }
  config.applyWith(['maxclients'], (_changed, done) => {
    done(
      config.values.maxclients <= possible
        ? null
        : `The operating system is not able to handle the specified number of clients, try with ${possible}`,
    );
  });
}
