/** The last words of a server that met an error nobody expected. It never goes on after one. */

import { REDIS_VERSION, VEDETTE_VERSION } from '../config/version.js';
import type { Logger } from '../log/logger.js';
import type { HostProcess } from '../platform/host-process.js';
import type { Processes } from '../platform/platform.js';

/** Writes a report into the log when an error is not caught, and ends the process with status 1. */
export function reportUnexpectedErrors(
  host: Pick<HostProcess, 'onUnexpectedError' | 'daemonStarter'>,
  log: Logger,
  processes: Pick<Processes, 'exit'>,
): void {
  host.onUnexpectedError((error) => {
    for (const line of bugReport(error)) log.warning(line);
    host.daemonStarter?.report(`${String(error)}\n`);
    processes.exit(1);
  });
}

/** The lines of the report. The first is the one that tools look for. */
export function bugReport(error: unknown): string[] {
  const story = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return [
    '=== REDIS BUG REPORT START: what follows should not have happened; please report it ===',
    `Vedette ${VEDETTE_VERSION} (Redis ${REDIS_VERSION} compatible) ended because of an unexpected error:`,
    ...story.split('\n'),
    '=== REDIS BUG REPORT END ===',
  ];
}
