/**
 * What a log on disk promises: a master that was killed comes back with every write that it had acknowledged, and with
 * `appendfsync always` one that lost power does, too.
 */
import type { DataService } from '../../launch/data-server.js';
import type { Write } from '../workload/write-ledger.js';
import type { Ending, Scene } from '../run/scene.js';

export function checkRecovery(scene: Scene): void {
  const expected = new Map<string, readonly Write[]>();
  scene.on('ending', (member, how) => {
    const service = member.dataService;
    // A process that died before it had loaded changes nothing in what is owed.
    if (service === null || service.server.persistenceStatus.loading !== null) return;
    const isPromised = service.replication.role === null && logPromises(service, how);
    expected.set(member.name, isPromised ? acknowledgedBy(scene, member.name, service) : []);
  });
  scene.on('started', (member) => {
    const writes = expected.get(member.name) ?? [];
    expected.delete(member.name);
    const keyspace = member.dataService?.server.keyspace;
    if (keyspace === undefined) return;
    const missing = writes.filter(({ key }) => !keyspace.databases[0].exists(key));
    if (missing.length === 0) return;
    const text = `${member.name} came back without ${missing.length} of ${writes.length} acknowledged writes, first ${missing[0].key}`;
    scene.violate('recovery', text);
  });
}

/** Whether a log was complete when the end came, and whether it outlives that kind of end. */
function logPromises({ persistence, server }: DataService, how: Ending): boolean {
  const { aof } = persistence;
  if (!aof.hasSynced(0) || !server.persistenceStatus.aofLastWriteOk) return false;
  if (server.config.values.appendfsync === 'always') return true;
  // While an fsync is slow, `everysec` keeps up to two seconds back, as Redis does: what is acknowledged then is not with
  // the system yet.
  return how !== 'power-loss' && aof.bufferedBytes === 0;
}

function acknowledgedBy(scene: Scene, name: string, { server }: DataService): Write[] {
  return scene.writes.acknowledged.filter(
    (write) => write.server === name && server.keyspace.databases[0].exists(write.key),
  );
}
