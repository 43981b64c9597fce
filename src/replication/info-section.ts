/** INFO's replication section: the fields of Redis 7.2 in their order. */
import type { InfoSection, InfoWriter } from '../server/info.js';
import type { Server } from '../server/server.js';
import { NO_REPLICATION_ID } from './identity.js';
import type { ReplicaRole } from './replica-role.js';
import { lagSeconds } from './replicas.js';
import type { Replication } from './replication.js';

export function replicationSection(server: Server, replication: Replication): InfoSection {
  return {
    name: 'replication',
    title: 'Replication',
    isDefault: true,
    inAll: true,
    write: (info) => {
      const { role } = replication;
      info.field('role', role === null ? 'master' : 'slave');
      if (role !== null) writeReplicaFields(info, server, role);
      writeReplicas(info, server, replication);
      info.field('master_failover_state', replication.failover.stateName);
      writeHistory(info, server, replication);
    },
  };
}

function writeReplicaFields(info: InfoWriter, server: Server, role: ReplicaRole): void {
  const { link, offsets, progress } = role;
  const nowMs = server.steadyNowMs;
  info.field('master_host', link.host);
  info.field('master_port', link.port);
  info.field('master_link_status', link.isUp ? 'up' : 'down');
  info.field('master_last_io_seconds_ago', link.isUp ? secondsSince(link.lastHeardMs, nowMs) : -1);
  info.field('master_sync_in_progress', progress !== null);
  info.field('slave_read_repl_offset', offsets.received);
  info.field('slave_repl_offset', offsets.applied);
  if (progress !== null) {
    const { totalBytes, receivedBytes } = progress;
    const percent = totalBytes === 0 ? 0 : (receivedBytes / totalBytes) * 100;
    info.field('master_sync_total_bytes', totalBytes);
    info.field('master_sync_read_bytes', receivedBytes);
    info.field('master_sync_left_bytes', totalBytes - receivedBytes);
    info.field('master_sync_perc', percent.toFixed(2));
    info.field('master_sync_last_io_seconds_ago', secondsSince(link.lastHeardMs, nowMs));
  }
  if (!link.isUp) {
    const brokenMs = link.brokenSinceMs;
    info.field('master_link_down_since_seconds', brokenMs === 0 ? -1 : secondsSince(brokenMs, nowMs));
  }
  const { values } = server.config;
  info.field('slave_priority', values['replica-priority']);
  info.field('slave_read_only', values['replica-read-only']);
  info.field('replica_announced', values['replica-announced']);
}

function writeReplicas(info: InfoWriter, server: Server, replication: Replication): void {
  const { replicas } = replication;
  const { values } = server.config;
  info.field('connected_slaves', replicas.count);
  const maxLag = values['min-replicas-max-lag'];
  if (values['min-replicas-to-write'] > 0 && maxLag > 0) {
    info.field('min_slaves_good_slaves', replicas.countGood(maxLag, server.steadyNowMs));
  }
  let index = 0;
  for (const session of replicas.all()) {
    const lag = session.isOnline ? lagSeconds(session, server.steadyNowMs) : 0;
    info.field(
      `slave${index++}`,
      `ip=${session.address},port=${session.port},state=${session.stateName},` +
        `offset=${session.ackOffset},lag=${lag}`,
    );
  }
}

function writeHistory(info: InfoWriter, server: Server, { history }: Replication): void {
  const { replid, previous } = history.identity;
  const { backlog } = history.stream;
  info.field('master_replid', replid);
  info.field('master_replid2', previous?.replid ?? NO_REPLICATION_ID);
  info.field('master_repl_offset', history.offset);
  info.field('second_repl_offset', previous?.end ?? -1);
  info.field('repl_backlog_active', backlog !== null);
  info.field('repl_backlog_size', backlog?.sizeBytes ?? server.config.values['repl-backlog-size']);
  info.field('repl_backlog_first_byte_offset', backlog?.first ?? 0);
  info.field('repl_backlog_histlen', backlog?.length ?? 0);
}

function secondsSince(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
}
