/** The section `sentinel` of INFO. */
import type { InfoSection } from '../server/info.js';
import type { MonitoredMaster } from './master.js';
import type { Sentinel } from './sentinel.js';

const CRASH_BITS = { election: 1, promotion: 2 } as const;

export function sentinelInfoSection(sentinel: Sentinel): InfoSection {
  return {
    name: 'sentinel',
    title: 'Sentinel',
    isDefault: true,
    inAll: true,
    write: (info) => {
      const { tilt, scripts, simulatedCrashes, masters } = sentinel;
      const tiltMs = tilt.durationMs;
      let crashFlags = 0;
      for (const moment of simulatedCrashes) crashFlags |= CRASH_BITS[moment];
      info.field('sentinel_masters', masters.size);
      info.field('sentinel_tilt', tilt.isActive);
      info.field('sentinel_tilt_since_seconds', tiltMs === null ? -1 : Math.floor(tiltMs / 1000));
      info.field('sentinel_running_scripts', scripts.runningCount);
      info.field('sentinel_scripts_queue_length', scripts.jobs.length);
      info.field('sentinel_simulate_failure_flags', crashFlags);
      [...masters.values()].forEach((master, index) => info.field(`master${index}`, masterLine(master)));
    },
  };
}

function masterLine(master: MonitoredMaster): string {
  const status = master.agreement.holds ? 'odown' : master.suspected ? 'sdown' : 'ok';
  return [
    `name=${master.name}`,
    `status=${status}`,
    `address=${master.host}:${master.address.port}`,
    `slaves=${master.replicas.size}`,
    `sentinels=${master.peers.size + 1}`,
  ].join(',');
}
