/**
 * The table of all directives: the union of what the themes declare. Everything that asks "which directives are
 * there" (parsing, CONFIG, the command line, the checks of conf/) asks here.
 */

import type { ValuesOf } from '../directive.js';
import { clusterDirectives } from './cluster.js';
import { encodingDirectives } from './encoding.js';
import { loggingDirectives } from './logging.js';
import { memoryDirectives } from './memory.js';
import { networkDirectives } from './network.js';
import { persistenceDirectives } from './persistence.js';
import { processDirectives } from './process.js';
import { replicationDirectives } from './replication.js';
import { securityDirectives } from './security.js';
import { tlsDirectives } from './tls.js';

/** All directives by their (newer) name. */
export const DIRECTIVES = {
  ...networkDirectives,
  ...tlsDirectives,
  ...processDirectives,
  ...loggingDirectives,
  ...securityDirectives,
  ...memoryDirectives,
  ...persistenceDirectives,
  ...replicationDirectives,
  ...clusterDirectives,
  ...encodingDirectives,
};

export type DirectiveName = keyof typeof DIRECTIVES;

/** The values of all directives, by name, with their own types: numbers, booleans, word unions, lists. */
export type ConfigValues = ValuesOf<typeof DIRECTIVES>;
