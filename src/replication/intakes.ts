/**
 * The ways a master's snapshot becomes this server's dataset (`repl-diskless-load`): through
 * a file, or parsed as it comes, with the old dataset given up before or kept until the new one is complete.
 */
import type { BeginIntake } from './dataset-intake.js';
import type { IntakeSurroundings } from './dataset-replacement.js';
import { FileIntake } from './file-intake.js';
import { ParsingIntake } from './parsing-intake.js';

/** Chooses the way that is configured. */
export function intakeFor(around: IntakeSurroundings): BeginIntake {
  return (payload, listener) => {
    const { frame } = payload;
    const { log, config, keyspace } = around.server;
    const mode = config.values['repl-diskless-load'];
    const parses = mode === 'swapdb' || (mode === 'on-empty-db' && keyspace.size === 0);
    const target = parses ? 'to parser' : 'to disk';
    log.notice(
      frame.kind === 'mark'
        ? `MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF ${target}`
        : `MASTER <-> REPLICA sync: receiving ${frame.bytes} bytes from master ${target}`,
    );
    return parses
      ? new ParsingIntake(around, listener, payload, mode === 'swapdb')
      : new FileIntake(around, listener);
  };
}
