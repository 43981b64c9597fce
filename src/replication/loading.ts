/**
 * That a dataset is being loaded: what INFO shows of it, and which commands are refused meanwhile
 * (replication.md section 9).
 */
import { GateRank, type Gate } from '../server/gates.js';
import type { LoadingProgress } from '../server/persistence-status.js';
import type { Server } from '../server/server.js';

const LOADING = 'LOADING Redis is loading the dataset in memory';

/** One loading, from its beginning to {@link end}. */
export class Loading {
  private readonly progress: LoadingProgress;
  private readonly gate: Gate;

  /** @param isAsync the old dataset is served until the new one is complete */
  constructor(
    private readonly server: Server,
    totalBytes: number,
    isAsync: boolean,
  ) {
    this.progress = { startedAtMs: server.nowMs, totalBytes, loadedBytes: 0, isAsync };
    server.persistenceStatus.loading = this.progress;
    this.gate = {
      rank: GateRank.Loading,
      refusal: (_client, command) => {
        const refused = isAsync ? command.deniedWhileAsyncLoading : !command.allowedWhileLoading;
        return refused ? LOADING : null;
      },
    };
    server.gates.add(this.gate);
  }

  advance(bytes: number): void {
    this.progress.loadedBytes += bytes;
  }

  end(): void {
    this.server.gates.remove(this.gate);
    if (this.server.persistenceStatus.loading === this.progress) {
      this.server.persistenceStatus.loading = null;
    }
  }
}
