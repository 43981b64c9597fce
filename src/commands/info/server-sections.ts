/** INFO sections about the process and its connections: server, clients, cpu, modules, cluster. */
import { REDIS_VERSION, VEDETTE_VERSION } from '../../config/version.js';
import { bytesFromText } from '../../resp/ascii.js';
import type { InfoSection, InfoWriter } from '../../server/info.js';
import type { Server } from '../../server/server.js';
import { wallMicroseconds } from '../../server/wall-clock.js';

const SECONDS_PER_DAY = 86400;
const LRU_CLOCK_MASK = 0xffffff;

export function serverSection(server: Server): InfoSection {
  return {
    name: 'server',
    title: 'Server',
    isDefault: true,
    inAll: true,
    write: (info) => write(server, info),
  };
}

function write(server: Server, info: InfoWriter): void {
  const { platform, config, statistics, shutdown } = server;
  const { processes, clock } = platform;
  const uptimeSeconds = Math.max(0, Math.floor((clock.nowMs() - statistics.startedAtMs) / 1000));
  info.field('redis_version', REDIS_VERSION);
  info.field('vedette_version', VEDETTE_VERSION);
  info.field('redis_git_sha1', '00000000');
  info.field('redis_git_dirty', 0);
  info.field('redis_build_id', '0000000000000000');
  info.field('redis_mode', server.mode);
  info.field('os', bytesFromText(processes.operatingSystem));
  info.field('arch_bits', 64);
  info.field('monotonic_clock', 'hrtime');
  info.field('multiplexing_api', 'libuv');
  info.field('atomicvar_api', 'none');
  info.field('gcc_version', '0.0.0');
  info.field('process_id', processes.pid);
  info.field('process_supervised', 'no');
  info.field('run_id', server.runId);
  info.field('tcp_port', config.values.port);
  info.field('server_time_usec', wallMicroseconds(clock));
  info.field('uptime_in_seconds', uptimeSeconds);
  info.field('uptime_in_days', Math.floor(uptimeSeconds / SECONDS_PER_DAY));
  info.field('hz', config.values.hz);
  info.field('configured_hz', config.values.hz);
  info.field('lru_clock', Math.floor(clock.nowMs() / 1000) & LRU_CLOCK_MASK);
  info.field('executable', bytesFromText(processes.executablePath));
  info.field('config_file', bytesFromText(config.filePath ?? ''));
  info.field('io_threads_active', 0);
  const { remainingMs } = shutdown;
  if (remainingMs !== null) info.field('shutdown_in_milliseconds', remainingMs);
  writeListeners(server, info);
}

function writeListeners(server: Server, info: InfoWriter): void {
  const { bind, port, unixsocket } = server.config.values;
  let number = 0;
  if (port > 0) {
    const addresses = bind.map((address) => `,bind=${address}`).join('');
    info.field(`listener${number++}`, `name=tcp${addresses},port=${port}`);
  }
  if (unixsocket !== '') info.field(`listener${number}`, `name=unix,bind=${unixsocket}`);
}

export function clientsSection(server: Server): InfoSection {
  return {
    name: 'clients',
    title: 'Clients',
    isDefault: true,
    inAll: true,
    write: (info) => {
      const clients = [...server.clients.all()];
      const waiting = clients.filter(({ blocked }) => blocked !== null);
      info.field('connected_clients', clients.filter(({ kind }) => kind !== 'replica').length);
      info.field('cluster_connections', server.clusterRoom().connections);
      info.field('maxclients', server.config.values.maxclients);
      info.field('client_recent_max_input_buffer', largest(clients.map(({ decoder }) => decoder.heldBytes)));
      info.field(
        'client_recent_max_output_buffer',
        largest(clients.map((client) => client.pendingOutputBytes)),
      );
      info.field(
        'blocked_clients',
        server.blocking.blockedClients + server.pause.postponedCount + server.keyHolds.waitingCount,
      );
      info.field('tracking_clients', 0);
      info.field(
        'clients_in_timeout_table',
        waiting.filter(({ blocked }) => (blocked?.timer ?? null) !== null).length,
      );
      info.field('total_blocking_keys', server.blocking.waitedKeyCount);
      info.field('total_blocking_keys_on_nokey', server.blocking.waitedForDeletionCount);
    },
  };
}

function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

export function cpuSection(server: Server): InfoSection {
  return {
    name: 'cpu',
    title: 'CPU',
    isDefault: true,
    inAll: true,
    write: (info) => {
      const { user, system } = server.platform.processes.cpuSeconds();
      info.field('used_cpu_sys', system.toFixed(6));
      info.field('used_cpu_user', user.toFixed(6));
      info.field('used_cpu_sys_children', '0.000000');
      info.field('used_cpu_user_children', '0.000000');
      info.field('used_cpu_sys_main_thread', system.toFixed(6));
      info.field('used_cpu_user_main_thread', user.toFixed(6));
    },
  };
}

/** There are none: modules are compiled for another server. */
export const modulesSection: InfoSection = {
  name: 'modules',
  title: 'Modules',
  isDefault: true,
  inAll: true,
  write: () => undefined,
};

export function clusterSection(server: Server): InfoSection {
  return {
    name: 'cluster',
    title: 'Cluster',
    isDefault: true,
    inAll: true,
    write: (info) => info.field('cluster_enabled', server.mode === 'cluster'),
  };
}
