/** INFO sections of counters: stats, commandstats, errorstats, latencystats, debug. */
import type { Command } from '../../server/command.js';
import type { InfoSection, InfoWriter } from '../../server/info.js';
import type { Server } from '../../server/server.js';

export function statsSection(server: Server): InfoSection {
  return {
    name: 'stats',
    title: 'Stats',
    isDefault: true,
    inAll: true,
    write: (info) => writeStats(server, info),
  };
}

function writeStats(server: Server, info: InfoWriter): void {
  const { statistics, keyspace, pubsub } = server;
  const kilobytes = (bytesPerSecond: number): string => (bytesPerSecond / 1024).toFixed(2);
  info.field('total_connections_received', statistics.totalConnectionsReceived);
  info.field('total_commands_processed', statistics.totalCommandsProcessed);
  info.field('instantaneous_ops_per_sec', statistics.commandRate.perSecond);
  info.field('total_net_input_bytes', statistics.totalNetInputBytes);
  info.field('total_net_output_bytes', statistics.totalNetOutputBytes);
  info.field('total_net_repl_input_bytes', statistics.totalNetReplicationInputBytes);
  info.field('total_net_repl_output_bytes', statistics.totalNetReplicationOutputBytes);
  info.field('instantaneous_input_kbps', kilobytes(statistics.inputRate.mean));
  info.field('instantaneous_output_kbps', kilobytes(statistics.outputRate.mean));
  info.field('instantaneous_input_repl_kbps', kilobytes(statistics.replicationInputRate.mean));
  info.field('instantaneous_output_repl_kbps', kilobytes(statistics.replicationOutputRate.mean));
  info.field('rejected_connections', statistics.rejectedConnections);
  info.field('sync_full', statistics.syncFull);
  info.field('sync_partial_ok', statistics.syncPartialOk);
  info.field('sync_partial_err', statistics.syncPartialError);
  info.field('expired_keys', keyspace.expiredKeys);
  info.field('expired_stale_perc', '0.00');
  info.field('expired_time_cap_reached_count', 0);
  info.field('expire_cycle_cpu_milliseconds', Math.floor(statistics.expireCycleMilliseconds));
  info.field('evicted_keys', statistics.evictedKeys);
  info.field('evicted_clients', statistics.evictedClients);
  info.field('total_eviction_exceeded_time', 0);
  info.field('current_eviction_exceeded_time', 0);
  info.field('keyspace_hits', keyspace.hits);
  info.field('keyspace_misses', keyspace.misses);
  info.field('pubsub_channels', pubsub.channels.size);
  info.field('pubsub_patterns', pubsub.patterns.size);
  info.field('pubsubshard_channels', pubsub.shardChannels.size);
  info.field('latest_fork_usec', statistics.latestForkMicroseconds);
  info.field('total_forks', statistics.totalForks);
  info.field('migrate_cached_sockets', server.cachedMigrationLinks());
  info.field('slave_expires_tracked_keys', 0);
  info.field('active_defrag_hits', 0);
  info.field('active_defrag_misses', 0);
  info.field('active_defrag_key_hits', 0);
  info.field('active_defrag_key_misses', 0);
  info.field('total_active_defrag_time', 0);
  info.field('current_active_defrag_time', 0);
  info.field('tracking_total_keys', 0);
  info.field('tracking_total_items', 0);
  info.field('tracking_total_prefixes', 0);
  info.field('unexpected_error_replies', statistics.unexpectedErrorReplies);
  info.field('total_error_replies', statistics.totalErrorReplies);
  info.field('dump_payload_sanitizations', statistics.dumpPayloadSanitizations);
  info.field('total_reads_processed', statistics.totalReadsProcessed);
  info.field('total_writes_processed', statistics.totalWritesProcessed);
  info.field('io_threaded_reads_processed', 0);
  info.field('io_threaded_writes_processed', 0);
  info.field('reply_buffer_shrinks', 0);
  info.field('reply_buffer_expands', 0);
  info.field('eventloop_cycles', statistics.turns);
  info.field('eventloop_duration_sum', microseconds(statistics.turnMilliseconds));
  info.field('eventloop_duration_cmd_sum', microseconds(statistics.commandMilliseconds));
  info.field('instantaneous_eventloop_cycles_per_sec', statistics.turnRate.perSecond);
  info.field('instantaneous_eventloop_duration_usec', statistics.meanTurnMicroseconds);
  info.field('acl_access_denied_auth', statistics.aclDeniedAuth);
  info.field('acl_access_denied_cmd', statistics.aclDeniedCommand);
  info.field('acl_access_denied_key', statistics.aclDeniedKey);
  info.field('acl_access_denied_channel', statistics.aclDeniedChannel);
}

function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000);
}

/** Shown only when asked for by name. */
export function debugSection({ statistics }: Server): InfoSection {
  return {
    name: 'debug',
    title: 'Debug',
    isDefault: false,
    inAll: false,
    write: (info) => {
      info.field('eventloop_duration_aof_sum', microseconds(statistics.aofMilliseconds));
      info.field('eventloop_duration_cron_sum', microseconds(statistics.cronMilliseconds));
      info.field('eventloop_duration_max', microseconds(statistics.longestTurnMs));
      info.field('eventloop_cmd_per_cycle_max', statistics.mostCommandsPerTurn);
    },
  };
}

/** Every command and subcommand of a server. */
function* everyCommand(commands: Iterable<Command>): Generator<Command> {
  for (const command of commands) {
    yield command;
    yield* everyCommand(command.subcommands?.values() ?? []);
  }
}

export function commandStatsSection(server: Server): InfoSection {
  return {
    name: 'commandstats',
    title: 'Commandstats',
    isDefault: false,
    inAll: true,
    write: (info) => {
      for (const command of everyCommand(server.commands.all())) {
        const { calls, rejectedCalls, failedCalls } = command;
        if (calls === 0 && rejectedCalls === 0 && failedCalls === 0) continue;
        const usec = Math.round(command.microseconds);
        const perCall = (calls === 0 ? 0 : usec / calls).toFixed(2);
        info.field(
          `cmdstat_${command.fullName}`,
          `calls=${calls},usec=${usec},usec_per_call=${perCall},rejected_calls=${rejectedCalls},failed_calls=${failedCalls}`,
        );
      }
    },
  };
}

export function errorStatsSection({ statistics }: Server): InfoSection {
  return {
    name: 'errorstats',
    title: 'Errorstats',
    isDefault: true,
    inAll: true,
    write: (info) => {
      for (const code of [...statistics.errorCounts.keys()].sort()) {
        info.field(`errorstat_${code}`, `count=${statistics.errorCounts.get(code) ?? 0}`);
      }
    },
  };
}

export function latencyStatsSection(server: Server): InfoSection {
  return {
    name: 'latencystats',
    title: 'Latencystats',
    isDefault: false,
    inAll: true,
    write: (info) => {
      const { values } = server.config;
      if (!values['latency-tracking']) return;
      for (const { fullName, latency } of everyCommand(server.commands.all())) {
        if (latency === null) continue;
        const percentiles = values['latency-tracking-info-percentiles'].map(
          (percentile) =>
            `p${Number(percentile.toFixed(6))}=${latency.microsecondsAt(percentile).toFixed(3)}`,
        );
        info.field(`latency_percentiles_usec_${fullName}`, percentiles.join(','));
      }
    },
  };
}
