/**
 * WAIT's promise: when a client is told that so many replicas have its write, so many other servers have had it: in their
 * stream, or (what was written while nobody followed is in no stream) in a snapshot that was their dataset then or is now.
 */
import type { Scene } from '../run/scene.js';

export function checkWaitPromise(scene: Scene): void {
  scene.on('waited', (write, replicas) => {
    const places = scene.histories.placesOf(write);
    const holders = scene.world.members.filter(
      ({ name, kind, dataService }) =>
        kind === 'server' &&
        name !== write.server &&
        (places.some((place) => scene.histories.hadReached(name, place)) ||
          dataService?.server.keyspace.databases[0].exists(write.key) === true),
    );
    if (holders.length >= replicas) return;
    const text = `WAIT promised ${replicas} replicas for ${write.key}; ${holders.length} have had it`;
    scene.violate('wait-promise', text);
  });
}
