/**
 * What a server has of a history is what everybody else has of it, byte by byte: a replica's stream is a prefix of its
 * master's. And who stands at the same point of the same history holds the same dataset.
 */
import { digestOfDatabases } from '../../commands/debug/digest.js';
import { NodeHashing } from '../../platform/node/hashing.js';
import type { Scene } from '../run/scene.js';

export function checkStreamPrefix(scene: Scene): void {
  scene.histories.onDifference = (member, { replid, offset }, text) => {
    scene.violate('stream-prefix', `${member.name} at ${replid.slice(0, 8)}:${offset} has ${text}`);
  };
  scene.on('settled', () => {
    /** By point of history: who stands there, with what. */
    const hash = new RememberedHashing();
    const datasets = new Map<string, { readonly name: string; readonly digest: string }>();
    for (const { member, service } of scene.dataServers) {
      const { history } = service.replication;
      const point = `${history.identity.replid}:${history.offset}`;
      const digest = digestOfDatabases(service.server.keyspace.databases, hash);
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

/** Servers that should hold the same have the same parts to be hashed: each is hashed once. */
class RememberedHashing extends NodeHashing {
  private readonly known = new Map<string, Buffer>();

  override sha1(bytes: string): Buffer {
    let digest = this.known.get(bytes);
    if (digest === undefined) {
      digest = super.sha1(bytes);
      this.known.set(bytes, digest);
    }
    // Whoever asks may change what it gets.
    return Buffer.from(digest);
  }
}
