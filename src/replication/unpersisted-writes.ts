/**
 * What a replica does with its master's writes while its own disk fails: it would acknowledge what a restart loses, so it
 * ends, or, with `replica-ignore-disk-write-errors`, applies them and complains now and then.
 */
import type { Client } from '../server/client.js';
import { GateRank } from '../server/gates.js';
import type { Server } from '../server/server.js';

const COMPLAINT_INTERVAL_MS = 10_000;

export class UnpersistedWrites {
  private lastComplaintMs = -Infinity;

  constructor(private readonly server: Server) {}

  /** Asked before a command of the stream is executed. False: the process ends. */
  mayApply(client: Client, args: string[]): boolean {
    const { gates, commands, config, log, steadyNowMs, platform } = this.server;
    if (!gates.has(GateRank.Misconfiguration)) return true;
    const command = commands.findCalled(args);
    const writes = command !== undefined && (command.isWrite || command.mayReplicate);
    if (command === undefined || !gates.refuses(GateRank.Misconfiguration, client, command, args, writes)) {
      return true;
    }
    if (writes && !config.values['replica-ignore-disk-write-errors']) {
      log.warning('Replica was unable to write command to disk.');
      platform.processes.exit(1);
      return false;
    }
    if (steadyNowMs - this.lastComplaintMs >= COMPLAINT_INTERVAL_MS) {
      this.lastComplaintMs = steadyNowMs;
      log.warning('Replica is applying a command even though it is unable to write to disk.');
    }
    return true;
  }
}
