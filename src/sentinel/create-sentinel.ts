/** Puts a sentinel on a server: reads its lines of the configuration, and registers its commands and INFO section. */
import { ConfigWriter } from '../config/config-writer.js';
import type { ConfigLine } from '../config/errors.js';
import { textFromBytes } from '../resp/ascii.js';
import { INFO_ORDER } from '../server/info.js';
import type { Server } from '../server/server.js';
import { sentinelCommands } from './commands/index.js';
import { configurationLines } from './configuration-lines.js';
import { readConfiguration } from './configuration.js';
import { sentinelInfoSection } from './info-section.js';
import { defaultPeriods } from './periods.js';
import { Sentinel } from './sentinel.js';

export interface SentinelIngredients {
  /** In sentinel mode, with a configuration that knows its file. It has no commands of a sentinel yet. */
  readonly server: Server;
  /** The `sentinel ...` lines of the configuration. */
  readonly lines: readonly ConfigLine[];
}

/**
 * Makes a sentinel that answers through `server`. It does not watch anything before its `start`.
 * @throws {ConfigFileError} for a line that cannot be accepted
 */
export function createSentinel({ server, lines }: SentinelIngredients): Sentinel {
  const { platform, config, log, pubsub } = server;
  const periods = defaultPeriods();
  const configuration = readConfiguration(lines, {
    periods,
    isExecutable: (path) => platform.disk.statusSync(textFromBytes(path))?.isExecutable === true,
  });
  const sentinel = new Sentinel({
    platform,
    config,
    log,
    pubsub,
    periods,
    configuration,
    writer: new ConfigWriter(config, platform.disk),
    port: () => config.values.port,
  });
  config.addRewriteSource(() => configurationLines(sentinel.describe(), sentinel.formerMasters));
  server.commands.register(sentinelCommands(sentinel));
  server.info.add(INFO_ORDER.sentinel, sentinelInfoSection(sentinel));
  server.shutdown.addParticipant({
    finish: (_options, done) => sentinel.store.whenSaved(() => done(true)),
  });
  return sentinel;
}
