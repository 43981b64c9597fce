/** The last words of a server that met an error nobody expected. It never goes on after one. */

import { REDIS_VERSION, VEDETTE_VERSION } from '../config/version.js';
import type { Logger } from '../log/logger.js';
import type { HostProcess } from '../platform/host-process.js';
import type { Processes } from '../platform/platform.js';
import type { Server } from '../server/server.js';

/** The signals that a report is written for, with their numbers. */
const FATAL_SIGNALS = { SIGABRT: 6, SIGSEGV: 11 } as const;
/** A shell shows the end by a signal as this and the signal's number. */
const SHELL_STATUS_OF_SIGNALS = 128;

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

/**
 * SIGABRT, which is sent to a server that is to end and say how it is; and DEBUG SEGFAULT, which has operators see what
 * a crash looks like. A real SIGSEGV ends the process where it happens: no code of ours may run then.
 */
export function reportFatalSignals(
  server: Pick<Server, 'info' | 'beginTurn' | 'debugSubcommands'>,
  log: Logger,
  processes: Pick<Processes, 'onSignal' | 'exit'>,
): void {
  const end = (signal: keyof typeof FATAL_SIGNALS): void => {
    const number = FATAL_SIGNALS[signal];
    server.beginTurn();
    for (const line of signalReport(number, server.info.render([]))) log.warning(line);
    processes.exit(SHELL_STATUS_OF_SIGNALS + number);
  };
  processes.onSignal('SIGABRT', () => end('SIGABRT'));
  server.debugSubcommands.set('segfault', () => end('SIGSEGV'));
}

/** The lines of the report. The first is the one that tools look for. */
export function bugReport(error: unknown): string[] {
  const story = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return framed([
    `Vedette ${VEDETTE_VERSION} (Redis ${REDIS_VERSION} compatible) ended because of an unexpected error:`,
    ...story.split('\n'),
  ]);
}

function signalReport(number: number, info: string): string[] {
  return framed([
    `Vedette ${VEDETTE_VERSION} (Redis ${REDIS_VERSION} compatible) crashed by signal: ${number}`,
    '------ INFO OUTPUT ------',
    ...info.split('\r\n'),
  ]);
}

function framed(lines: readonly string[]): string[] {
  return [
    '=== REDIS BUG REPORT START: what follows should not have happened; please report it ===',
    ...lines,
    '=== REDIS BUG REPORT END ===',
  ];
}
