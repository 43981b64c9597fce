/**
 * What a run has exercised, as counts by name: a run that tests nothing is seen.
 */
import { ReplyError } from '../../client/reply.js';
import type { Ending, Scene } from '../run/scene.js';

export type Coverage = Map<string, number>;

const ENDINGS: Readonly<Record<Ending, string>> = {
  kill: 'kills',
  'power-loss': 'power losses',
  exit: 'processes that ended themselves',
};

/** Counts what happens in a run. */
export function countCoverage(scene: Scene): Coverage {
  const coverage: Coverage = new Map();
  const count = (name: string, by = 1): void => {
    coverage.set(name, (coverage.get(name) ?? 0) + by);
  };
  const candidates = new Map<bigint, Set<string>>();
  scene.on('told', (_member, event) => {
    switch (event.kind) {
      case 'suspected':
        count('suspicions');
        break;
      case 'confirmed':
        count('confirmed failures');
        break;
      case 'held-back':
        count(`failovers refused: ${event.reason.cause}`);
        break;
      case 'vote-cast': {
        count('votes');
        const sameEpoch = candidates.get(event.votedEpoch) ?? new Set<string>();
        candidates.set(event.votedEpoch, sameEpoch.add(event.candidate));
        if (sameEpoch.size === 2) count('epoch collisions');
        break;
      }
      case 'elected':
        count(event.forced ? 'manual failovers' : 'elections won');
        break;
      case 'aborted': {
        const { reason } = event;
        const isSplit = reason.cause === 'not-elected' && reason.why === 'split';
        count(isSplit ? 'split votes' : `failovers aborted: ${reason.cause}`);
        break;
      }
      case 'promoted':
        count('promotions');
        break;
      default:
        break;
    }
  });
  scene.on('composed', () => count('process starts'));
  scene.on('ending', (_member, how) => count(ENDINGS[how]));
  scene.on('snapshot', () => count('snapshots taken'));
  scene.on('composed', ({ dataService }) => {
    dataService?.persistence.snapshots.idleListeners.push(() => {
      const isOvertaken = dataService.server.persistenceStatus.lastSaveCopiedBytes > 0;
      if (isOvertaken) count('snapshots with values that changed meanwhile');
    });
  });
  scene.on('mixed', (_command, reply) => {
    count(reply instanceof ReplyError ? 'commands on shared keys refused' : 'commands on shared keys');
  });
  scene.on('started', ({ dataService }) => {
    const loaded = dataService?.server.persistenceStatus.lastLoadKeysLoaded ?? 0;
    if (loaded > 0) count('starts from a snapshot with keys');
  });
  scene.on('acknowledged', () => count('writes acknowledged'));
  scene.on('waited', (_write, replicas) => count(replicas > 0 ? 'WAIT fulfilled' : 'WAIT timed out'));
  countSynchronisations(scene, count);
  countSlotMoves(scene, count);
  return coverage;
}

/** Servers count resynchronisations themselves; what a process has counted is added when it ends. */
function countSynchronisations(scene: Scene, count: (name: string, by: number) => void): void {
  const add = (member: Parameters<Parameters<typeof scene.on<'composed'>>[1]>[0]): void => {
    const statistics = member.dataService?.server.statistics;
    if (statistics === undefined) return;
    count('full resyncs', statistics.syncFull);
    count('partial resyncs', statistics.syncPartialOk);
    count('partial resyncs refused', statistics.syncPartialError);
  };
  scene.on('ending', (member) => add(member));
  scene.on('settled', () => scene.world.members.forEach(add));
}

/** A move that opened a slot and never gave it to its new owner was interrupted half way. */
function countSlotMoves(scene: Scene, count: (name: string, by?: number) => void): void {
  let open = 0;
  scene.on('slot-move', (stage) => {
    switch (stage) {
      case 'opened':
        open++;
        break;
      case 'keys-moved':
        count('MIGRATEs done');
        break;
      case 'keys-refused':
        count('MIGRATEs that failed');
        break;
      case 'made':
        open--;
        count('slot moves made');
        break;
    }
  });
  scene.on('key-moved', () => count('keys moved by MIGRATE'));
  scene.on('settled', () => count('slot moves interrupted', open));
}

/** What {@link CoverageSum} has so far, as plain data. */
export interface CoverageTotals {
  readonly runs: number;
  readonly counts: Readonly<Record<string, { readonly total: number; readonly runs: number }>>;
}

/** Adds one run's counts to those of many, with the number of runs that had any. */
export class CoverageSum {
  runs: number;
  private readonly totals: Map<string, { readonly total: number; readonly runs: number }>;

  /** @param before to go on from */
  constructor(before: CoverageTotals = { runs: 0, counts: {} }) {
    this.runs = before.runs;
    this.totals = new Map(Object.entries(before.counts));
  }

  add(coverage: ReadonlyMap<string, number>): void {
    this.runs++;
    for (const [name, value] of coverage) {
      if (value === 0) continue;
      const known = this.totals.get(name) ?? { total: 0, runs: 0 };
      this.totals.set(name, { total: known.total + value, runs: known.runs + 1 });
    }
  }

  toTotals(): CoverageTotals {
    return { runs: this.runs, counts: Object.fromEntries(this.totals) };
  }

  /** Sorted by name. */
  rows(): { readonly name: string; readonly total: number; readonly runs: number }[] {
    return [...this.totals]
      .map(([name, counts]) => ({ name, ...counts }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
