/** What launch.ts needs to know of a composed server, whichever kind it is. */

import type { OtherLines } from '../config/config-file.js';
import type { ServerConfig } from '../config/server-config.js';
import type { ServerLog } from '../log/logger.js';
import type { Platform } from '../platform/platform.js';
import type { Server } from '../server/server.js';

/** What a data server is at the moment. */
export type Role = 'master' | 'replica';

/** What a server is composed with. */
export interface Ingredients {
  readonly platform: Platform;
  readonly config: ServerConfig;
  readonly log: ServerLog;
  /** Lines of the configuration that the composed parts read. */
  readonly lines: OtherLines;
  /** To be told of the role a data server takes on. */
  readonly onRoleChange: (role: Role) => void;
}

/** A server composed of its parts. It does not listen yet. */
export interface Service {
  readonly server: Server;
  readonly runningMode: 'standalone' | 'sentinel' | 'cluster';
  /**
   * Called once it listens: loads its data and begins its work.
   * @param done called with null when it serves, or with why it cannot
   */
  start(done: (problem: string | null) => void): void;
  /** Frees what would outlive the process: called when it ends in an orderly way. */
  readonly release?: () => void;
}

/**
 * Composes a server.
 * @throws {ConfigFileError} for a line that one of the parts refuses
 */
export type Compose = (ingredients: Ingredients) => Service;
