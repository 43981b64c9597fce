/** Who is a master when a run has settled: one for sentinels and plain replication, several in a cluster. */
import type { DataService } from '../../launch/data-server.js';
import type { Member } from '../world/member.js';
import type { Scene } from './scene.js';

export function finalMasters(scene: Scene): { readonly member: Member; readonly service: DataService }[] {
  return scene.dataServers.filter(({ service }) => service.replication.role === null);
}
