/** The arguments of all commands, by full name. */
import { bitmapSyntax } from './bitmap.js';
import { clusterSyntax } from './cluster.js';
import { connectionSyntax } from './connection.js';
import { genericSyntax } from './generic.js';
import { geoSyntax } from './geo.js';
import { hashSyntax } from './hash.js';
import { hyperloglogSyntax } from './hyperloglog.js';
import { listSyntax } from './list.js';
import { pubsubSyntax } from './pubsub.js';
import { scriptingSyntax } from './scripting.js';
import { sentinelSyntax } from './sentinel.js';
import { serverSyntax } from './server.js';
import { setSyntax } from './set.js';
import { sortedSetSyntax } from './sorted-set.js';
import { streamSyntax } from './stream.js';
import { stringSyntax } from './string.js';
import { transactionsSyntax } from './transactions.js';

/** Of the command or `container|subcommand`; without an entry it takes none. */
export const COMMAND_SYNTAX: Readonly<Record<string, string>> = {
  ...bitmapSyntax,
  ...clusterSyntax,
  ...connectionSyntax,
  ...genericSyntax,
  ...geoSyntax,
  ...hashSyntax,
  ...hyperloglogSyntax,
  ...listSyntax,
  ...pubsubSyntax,
  ...scriptingSyntax,
  ...sentinelSyntax,
  ...serverSyntax,
  ...setSyntax,
  ...sortedSetSyntax,
  ...streamSyntax,
  ...stringSyntax,
  ...transactionsSyntax,
};
