/**
 * Persistence of a server: composed of snapshots, saving and loading, with their commands. Replication uses the same
 * parts for what it sends to replicas and takes from masters.
 */

import type { Server } from '../server/server.js';
import { Aof } from './aof/aof.js';
import { aofCommands, aofDebugSubcommands } from './aof/commands.js';
import { persistenceCommands, persistenceDebugSubcommands } from './commands.js';
import { Loading } from './loading.js';
import type { SnapshotFacts } from './loading/keyspace-loader.js';
import { decodeFunctionsPayload, encodeFunctionsPayload } from './rdb/dump-payload.js';
import { ReplicaSnapshots } from './replica-snapshots.js';
import { Saving } from './saving.js';
import { Snapshots } from './snapshots.js';

export class Persistence {
  readonly snapshots: Snapshots;
  readonly saving: Saving;
  readonly loading: Loading;
  readonly aof: Aof;
  /** What replication takes its snapshots from. */
  readonly replicaSnapshots: ReplicaSnapshots;
  /** False after DEBUG SET-SKIP-CHECKSUM-VALIDATION: RESTORE takes payloads with any checksum. */
  verifiesChecksums = true;

  constructor(private readonly server: Server) {
    this.snapshots = new Snapshots(server);
    this.loading = new Loading(server);
    // Before saving: at the end of a server the log is made durable before a last snapshot is taken.
    this.aof = new Aof(server, this.snapshots, this.loading);
    this.saving = new Saving(server, this.snapshots);
    this.replicaSnapshots = new ReplicaSnapshots(server, this.snapshots, this.saving);
    server.functionPayloads = {
      encode: encodeFunctionsPayload,
      decode: (payload) => {
        const decoded = decodeFunctionsPayload(Buffer.from(payload, 'latin1'), this.verifiesChecksums);
        if (decoded.ok) return decoded.content;
        return decoded.problem === 'footer' ? null : 'broken';
      },
    };
    server.commands.register([...persistenceCommands(this), ...aofCommands(this.aof)]);
    for (const [name, handler] of [...persistenceDebugSubcommands(this), ...aofDebugSubcommands(this.aof)]) {
      server.debugSubcommands.set(name, handler);
    }
  }

  /**
   * Loads the append-only log, if it is used, otherwise the snapshot file, if there is one, when the server starts.
   * Clients get -LOADING meanwhile.
   * @param done called with the text of the problem, or null and what the snapshot said (null without a file)
   */
  loadAtStart(done: (problem: string | null, facts: SnapshotFacts | null) => void): void {
    const { server, saving, loading, snapshots, aof } = this;
    if (server.config.values.appendonly) {
      aof.loadAtStart((problem) => done(problem, null));
      return;
    }
    const { path } = saving;
    if (server.config.values.dbfilename === '' || server.platform.disk.statusSync(path) === null) {
      done(null, null);
      return;
    }
    const startedAtMs = server.platform.clock.monotonicMs();
    loading.loadFile(path, server.role === 'master', (problem, facts) => {
      if (problem !== null || facts === null) {
        done(problem?.lastWords ?? null, null);
        return;
      }
      const functionProblem = snapshots.takeFunctions(facts.functions);
      if (functionProblem !== null) {
        done(functionProblem, null);
        return;
      }
      const seconds = (server.platform.clock.monotonicMs() - startedAtMs) / 1000;
      server.log.notice(`DB loaded from disk: ${seconds.toFixed(3)} seconds`);
      done(null, facts);
    });
  }
}
