/**
 * SIGTERM and SIGINT: an orderly end, as `shutdown-on-sigterm` and `shutdown-on-sigint` say. SIGHUP, which comes when a
 * terminal is closed, is no reason to end.
 */

import type { ServerConfig } from '../config/server-config.js';
import type { ShutdownOption } from '../config/special-types.js';
import type { Logger } from '../log/logger.js';
import type { Processes } from '../platform/platform.js';
import type { Shutdown, ShutdownOptions } from '../server/shutdown.js';

function shutdownOptions(words: readonly ShutdownOption[]): ShutdownOptions {
  const save = words.includes('save') ? 'save' : words.includes('nosave') ? 'nosave' : 'default';
  return { save, now: words.includes('now'), force: words.includes('force') };
}

/** Ends the server when a signal asks for it. A second SIGINT does not wait any longer. */
export function shutDownOnSignals(
  shutdown: Pick<Shutdown, 'schedule' | 'isInProgress'>,
  config: ServerConfig,
  processes: Pick<Processes, 'onSignal' | 'exit'>,
  log: Logger,
): void {
  processes.onSignal('SIGHUP', () => undefined);
  processes.onSignal('SIGTERM', () => {
    log.warning('Received SIGTERM scheduling shutdown...');
    shutdown.schedule(shutdownOptions(config.values['shutdown-on-sigterm']));
  });
  processes.onSignal('SIGINT', () => {
    if (shutdown.isInProgress) {
      log.warning('You insist... exiting now.');
      processes.exit(1);
      return;
    }
    log.warning('Received SIGINT scheduling shutdown...');
    shutdown.schedule(shutdownOptions(config.values['shutdown-on-sigint']));
  });
}
