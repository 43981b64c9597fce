/**
 * What a server has of a history is what everybody else has of it, byte by byte: a replica's stream is a prefix of its
 * master's. And who stands at the same point of the same history holds the same dataset.
 */
import type { Scene } from '../run/scene.js';
import { digestOfDataset } from './dataset-digest.js';

export function checkStreamPrefix(scene: Scene): void {
  scene.histories.onDifference = (member, { replid, offset }, text) => {
    scene.violate('stream-prefix', `${member.name} at ${replid.slice(0, 8)}:${offset} has ${text}`);
  };
  scene.on('settled', () => {
    /** By point of history: who stands there, with what. */
    const datasets = new Map<string, { readonly name: string; readonly digest: string }>();
    for (const { member, service } of scene.dataServers) {
      const { history } = service.replication;
      const point = `${history.identity.replid}:${history.offset}`;
      const digest = digestOfDataset(service.server.keyspace.databases);
      const other = datasets.get(point);
      datasets.set(point, { name: member.name, digest });
      if (other === undefined || other.digest === digest) continue;
      scene.violate(
        'stream-prefix',
        `${member.name} and ${other.name} differ at the same point of one history`,
      );
    }
  });
}
