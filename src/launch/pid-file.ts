/** The file that tells this process's id to tools: written at start, removed at the end. */

import type { ServerConfig } from '../config/server-config.js';
import type { Logger } from '../log/logger.js';
import type { Platform } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import { textFromBytes } from '../resp/ascii.js';

/** Where it goes in the background when the configuration does not say. */
const DEFAULT_PATH = '/var/run/redis.pid';

export class PidFile {
  private path: string | null = null;

  constructor(
    private readonly config: ServerConfig,
    private readonly platform: Pick<Platform, 'disk' | 'processes'>,
    private readonly log: Logger,
  ) {}

  /** Writes the file if there is to be one. A failure is only a warning: many servers may not write there. */
  write(): void {
    const { pidfile, daemonize } = this.config.values;
    if (pidfile === '' && !daemonize) return;
    const { disk, processes } = this.platform;
    const path = disk.absolutePath(pidfile === '' ? DEFAULT_PATH : textFromBytes(pidfile));
    try {
      disk.writeFileSync(path, Buffer.from(`${processes.pid}\n`));
      this.path = path;
    } catch (error) {
      this.log.warning(`Failed to write PID file: ${systemErrorText(error)}`);
    }
  }

  /** Removes the file if this process has written it. */
  remove(): void {
    const { path } = this;
    if (path === null) return;
    this.path = null;
    this.log.notice('Removing the pid file.');
    try {
      this.platform.disk.unlinkSync(path);
    } catch {
      // Somebody else has removed it.
    }
  }
}
