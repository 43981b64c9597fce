/**
 * What a server has of a history is what everybody else has of it, byte by byte: a replica's stream is a prefix of its
 * master's. And who stands at the same point of the same history holds the same dataset.
 */
import type { Database } from '../../keyspace/database.js';
import type { Scene } from '../run/scene.js';
import { describeDifference, digestOfDataset } from './dataset-digest.js';

export function checkStreamPrefix(scene: Scene): void {
  scene.histories.onDifference = (member, { replid, offset }, text) => {
    scene.violate('stream-prefix', `${member.name} at ${replid.slice(0, 8)}:${offset} has ${text}`);
  };
  scene.on('settled', () => {
    /** By point of history: who stands there, with what. */
    const datasets = new Map<
      string,
      { readonly name: string; readonly digest: string; readonly databases: readonly Database[] }
    >();
    for (const { member, service } of scene.dataServers) {
      const { history } = service.replication;
      const { databases } = service.server.keyspace;
      const point = `${history.identity.replid}:${history.offset}`;
      const mine = { name: member.name, digest: digestOfDataset(databases), databases };
      const other = datasets.get(point) ?? mine;
      datasets.set(point, mine);
      if (other.digest === mine.digest) continue;
      const difference = describeDifference(databases, other.databases);
      scene.violate(
        'stream-prefix',
        `${mine.name} and ${other.name} differ at one point of one history in ${difference}`,
      );
    }
  });
}
