/**
 * What a run has exercised, as counts by name: a run that tests nothing is seen.
 */
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

/** Adds one run's counts to those of many, with the number of runs that had any. */
export class CoverageSum {
  runs = 0;
  private readonly totals = new Map<string, { total: number; runs: number }>();

  add(coverage: ReadonlyMap<string, number>): void {
    this.runs++;
    for (const [name, value] of coverage) {
      if (value === 0) continue;
      const known = this.totals.get(name) ?? { total: 0, runs: 0 };
      this.totals.set(name, { total: known.total + value, runs: known.runs + 1 });
    }
  }

  /** Sorted by name. */
  rows(): { readonly name: string; readonly total: number; readonly runs: number }[] {
    return [...this.totals]
      .map(([name, counts]) => ({ name, ...counts }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
