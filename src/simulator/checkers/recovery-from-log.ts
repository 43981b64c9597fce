/**
 * What a log on disk is: after a process is killed, its successor has exactly the dataset that it had, with nothing done
 * twice, left out or done otherwise. Masters and replicas alike.
 *
 * Only where the log was complete and all of it was with the system. Keys that expire are left out: their time passes
 * meanwhile.
 */
import type { DataService } from '../../launch/data-server.js';
import type { Scene } from '../run/scene.js';
import { digestOfLasting } from './dataset-digest.js';

export function checkRecoveryFromLog(scene: Scene): void {
  /** By member: what its latest process had. */
  const expected = new Map<string, string>();
  scene.on('ending', ({ name, dataService }, how) => {
    // A process that died before it had loaded changes nothing.
    if (dataService === null || dataService.server.persistenceStatus.loading !== null) return;
    expected.delete(name);
    if (how === 'kill' && isLogged(dataService)) {
      expected.set(name, digestOfLasting(dataService.server.keyspace.databases));
    }
  });
  scene.on('started', ({ name, dataService }) => {
    const digest = expected.get(name);
    if (!expected.delete(name) || dataService === null) return;
    if (digestOfLasting(dataService.server.keyspace.databases) === digest) return;
    scene.violate('recovery', `${name} comes back from its log with another dataset than it had`);
  });
}

function isLogged({ persistence: { aof }, server }: DataService): boolean {
  return aof.hasSynced(0) && aof.bufferedBytes === 0 && server.persistenceStatus.aofLastWriteOk;
}
