/**
 * No acknowledged write is lost that the promoted replica had: whatever an acknowledged write's place in the history
 * that the final master goes back to, it is in the final master's dataset.
 *
 * Replication is asynchronous: writes that never reached the promoted replica are lost by design. They are counted, not
 * held against anybody.
 */
import type { Scene } from '../run/scene.js';
import { finalMasters } from '../run/final-masters.js';

/** @param onLost told how many writes were lost by design */
export function checkAcknowledgedWrites(scene: Scene, onLost: (count: number) => void): void {
  scene.on('settled', () => {
    const masters = finalMasters(scene);
    let lost = 0;
    for (const write of scene.writes.acknowledged) {
      if (masters.some(({ service }) => service.server.keyspace.databases[0].exists(write.key))) continue;
      lost++;
      for (const { member, service } of masters) {
        const { identity, offset } = service.replication.history;
        const present = { replid: identity.replid, offset };
        const past = scene.histories
          .placesOf(write)
          .filter((each) => scene.histories.includes(present, each));
        if (past.length === 0) continue;
        const place = past.reduce((a, b) => (b.offset > a.offset ? b : a));
        // A slot that went elsewhere took its keys along: they are gone for good reason unless they came back later.
        // That another server had taken them is a rule of its own (migrated-keys.ts).
        if (place.isRemoval) continue;
        const where = `${place.replid.slice(0, 8)}:${place.offset}`;
        scene.violate(
          'acknowledged-writes',
          `${write.key} at ${where} is in the past of ${member.name}, and not there`,
        );
      }
    }
    onLost(lost);
  });
}
