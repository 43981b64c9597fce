/**
 * WAIT's promise: when a client is told that so many replicas have its write, so many processes of other servers have had
 * it: in their stream, or (what was written while nobody followed is in no stream) in the snapshot they loaded.
 *
 * Processes, not servers: one that lost power in silence counts, as with Redis, until its connection is seen to be dead,
 * and its successor counts as well.
 */
import { processName } from '../run/histories.js';
import type { Scene } from '../run/scene.js';

export function checkWaitPromise(scene: Scene): void {
  scene.on('waited', (write, replicas) => {
    const holders = scene.histories.processesThatHad(write);
    for (const { member, service } of scene.dataServers) {
      if (service.server.keyspace.databases[0].exists(write.key)) holders.add(processName(member));
    }
    const others = [...holders].filter((name) => !name.startsWith(`${write.server} `));
    if (others.length >= replicas) return;
    const text = `WAIT promised ${replicas} replicas for ${write.key}; ${others.length} have had it`;
    scene.violate('wait-promise', text);
  });
}
