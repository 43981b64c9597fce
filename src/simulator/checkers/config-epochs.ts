/**
 * Configuration epochs of a monitored master only grow within a process, one epoch names one master, and in the end the
 * greatest one holds everywhere.
 *
 * Failovers that an operator forced take their epoch without asking: runs with such orders may see an epoch with two
 * masters, and only the end is judged.
 */
import { MASTER_NAME } from '../world/simulated-sentinels.js';
import type { Scene } from '../run/scene.js';

export function checkConfigEpochs(scene: Scene): void {
  const { plan } = scene;
  if (plan.kind !== 'sentinel') return;
  const hasForced = plan.faults.some(({ kind }) => kind === 'manual-failover');
  const latest = new Map<string, bigint>();
  const masters = new Map<bigint, string>();
  scene.on('composed', (member) => latest.delete(member.name));
  scene.on('told', (member, event) => {
    if (event.kind !== 'switched') return;
    const { configEpoch, to } = event;
    const former = latest.get(member.name);
    if (former !== undefined && configEpoch < former) {
      scene.violate(
        'config-epochs',
        `${member.name} went from configuration ${former} back to ${configEpoch}`,
      );
    }
    latest.set(member.name, configEpoch);
    const other = masters.get(configEpoch);
    masters.set(configEpoch, to.host);
    if (other !== undefined && other !== to.host && !hasForced) {
      const names = `${scene.world.nameOf(other)} and ${scene.world.nameOf(to.host)}`;
      scene.violate('config-epochs', `configuration ${configEpoch} has two masters: ${names}`);
    }
  });
  scene.on('settled', () => {
    const greatest = [...masters.keys()].reduce((a, b) => (a > b ? a : b), 0n);
    for (const member of scene.world.members) {
      const held = member.sentinelService?.sentinel.masters.get(MASTER_NAME)?.configEpoch;
      if (held === undefined || held >= greatest) continue;
      scene.violate('config-epochs', `${member.name} holds configuration ${held}; ${greatest} exists`);
    }
  });
}
