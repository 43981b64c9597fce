/** INFO sections about the dataset: memory, persistence, keyspace. */
import type { Database } from '../../keyspace/database.js';
import type { InfoSection, InfoWriter } from '../../server/info.js';
import type { Server } from '../../server/server.js';
import { humanBytes, percentage, ratio } from './format.js';

/** How many keys with an expiry the mean time to live is taken from. */
const TTL_SAMPLES = 32;

export function memorySection(server: Server): InfoSection {
  return {
    name: 'memory',
    title: 'Memory',
    isDefault: true,
    inAll: true,
    write: (info) => writeMemory(server, info),
  };
}

function writeMemory(server: Server, info: InfoWriter): void {
  const { memory, platform, config, keyspace, clients } = server;
  const used = memory.read();
  const resident = platform.memory.residentBytes();
  const machine = platform.memory.machineBytes();
  const overhead = Math.min(used, memory.startupBytes + keyspace.overheadBytes);
  const { backlogBytes, beyondBacklogBytes } = server.replicationMemory();
  info.field('used_memory', used);
  info.field('used_memory_human', humanBytes(used));
  info.field('used_memory_rss', resident);
  info.field('used_memory_rss_human', humanBytes(resident));
  info.field('used_memory_peak', memory.peakBytes);
  info.field('used_memory_peak_human', humanBytes(memory.peakBytes));
  info.field('used_memory_peak_perc', percentage(used, memory.peakBytes));
  info.field('used_memory_overhead', overhead);
  info.field('used_memory_startup', memory.startupBytes);
  info.field('used_memory_dataset', used - overhead);
  info.field(
    'used_memory_dataset_perc',
    percentage(used - overhead, Math.max(0, used - memory.startupBytes)),
  );
  info.field('allocator_allocated', used);
  info.field('allocator_active', used);
  info.field('allocator_resident', resident);
  info.field('total_system_memory', machine);
  info.field('total_system_memory_human', humanBytes(machine));
  info.field('used_memory_lua', 0);
  info.field('used_memory_vm_eval', 0);
  info.field('used_memory_lua_human', humanBytes(0));
  info.field('used_memory_scripts_eval', 0);
  info.field('number_of_cached_scripts', 0);
  info.field('number_of_functions', 0);
  info.field('number_of_libraries', 0);
  info.field('used_memory_vm_functions', 0);
  info.field('used_memory_vm_total', 0);
  info.field('used_memory_vm_total_human', humanBytes(0));
  info.field('used_memory_functions', 0);
  info.field('used_memory_scripts', 0);
  info.field('used_memory_scripts_human', humanBytes(0));
  info.field('maxmemory', config.values.maxmemory);
  info.field('maxmemory_human', humanBytes(config.values.maxmemory));
  info.field('maxmemory_policy', config.values['maxmemory-policy']);
  info.field('allocator_frag_ratio', ratio(used, used));
  info.field('allocator_frag_bytes', 0);
  info.field('allocator_rss_ratio', ratio(resident, used));
  info.field('allocator_rss_bytes', resident - used);
  info.field('rss_overhead_ratio', ratio(resident, resident));
  info.field('rss_overhead_bytes', 0);
  info.field('mem_fragmentation_ratio', ratio(resident, used));
  info.field('mem_fragmentation_bytes', resident - used);
  info.field('mem_not_counted_for_evict', beyondBacklogBytes);
  info.field('mem_replication_backlog', backlogBytes);
  info.field('mem_total_replication_buffers', backlogBytes + beyondBacklogBytes);
  info.field('mem_clients_slaves', beyondBacklogBytes);
  info.field('mem_clients_normal', clients.outputBytes('normal') + clients.outputBytes('pubsub'));
  info.field('mem_cluster_links', server.clusterRoom().memoryBytes);
  info.field('mem_aof_buffer', server.persistenceStatus.aofBufferedBytes);
  // Not jemalloc: its statistics and its defragmentation do not exist here.
  info.field('mem_allocator', 'libc');
  info.field('active_defrag_running', 0);
  info.field('lazyfree_pending_objects', 0);
  info.field('lazyfreed_objects', 0);
}

export function persistenceSection(server: Server): InfoSection {
  return {
    name: 'persistence',
    title: 'Persistence',
    isDefault: true,
    inAll: true,
    write: (info) => writePersistence(server, info),
  };
}

function writePersistence(server: Server, info: InfoWriter): void {
  const { persistenceStatus: status, keyspace, nowMs } = server;
  const { loading } = status;
  const secondsSince = (atMs: number): number => Math.floor((nowMs - atMs) / 1000);
  const okOrError = (isOk: boolean): string => (isOk ? 'ok' : 'err');
  const savedShare = status.saveKeysTotal === 0 ? 0 : status.saveKeysProcessed / status.saveKeysTotal;
  info.field('loading', loading !== null && !loading.isAsync);
  info.field('async_loading', loading !== null && loading.isAsync);
  // There is no fork; what a snapshot puts aside before it changes takes the place of copied pages.
  info.field('current_cow_peak', status.saveCopiedBytes);
  info.field('current_cow_size', status.saveCopiedBytes);
  info.field('current_cow_size_age', 0);
  info.field('current_fork_perc', (savedShare * 100).toFixed(2));
  info.field('current_save_keys_processed', status.saveKeysProcessed);
  info.field('current_save_keys_total', status.saveKeysTotal);
  info.field('rdb_changes_since_last_save', keyspace.dirty - status.dirtyAtLastSave);
  info.field('rdb_bgsave_in_progress', status.backgroundSaveInProgress);
  info.field('rdb_last_save_time', Math.floor(status.lastSaveAtMs / 1000));
  info.field('rdb_last_bgsave_status', okOrError(status.lastBackgroundSaveOk));
  info.field('rdb_last_bgsave_time_sec', status.lastBackgroundSaveSeconds);
  info.field(
    'rdb_current_bgsave_time_sec',
    status.backgroundSaveInProgress ? secondsSince(status.backgroundSaveStartedAtMs) : -1,
  );
  info.field('rdb_saves', status.saves);
  info.field('rdb_last_cow_size', status.lastSaveCopiedBytes);
  info.field('rdb_last_load_keys_expired', status.lastLoadKeysExpired);
  info.field('rdb_last_load_keys_loaded', status.lastLoadKeysLoaded);
  info.field('aof_enabled', status.aofEnabled);
  info.field('aof_rewrite_in_progress', status.aofRewriteInProgress);
  info.field('aof_rewrite_scheduled', status.aofRewriteScheduled);
  info.field('aof_last_rewrite_time_sec', status.aofLastRewriteSeconds);
  info.field(
    'aof_current_rewrite_time_sec',
    status.aofRewriteInProgress ? secondsSince(status.aofRewriteStartedAtMs) : -1,
  );
  info.field('aof_last_bgrewrite_status', okOrError(status.aofLastRewriteOk));
  info.field('aof_rewrites', status.aofRewrites);
  info.field('aof_rewrites_consecutive_failures', status.aofRewriteFailuresInARow);
  info.field('aof_last_write_status', okOrError(status.aofLastWriteOk));
  info.field('aof_last_cow_size', 0);
  info.field('module_fork_in_progress', 0);
  info.field('module_fork_last_cow_size', 0);
  if (status.aofEnabled) {
    info.field('aof_current_size', status.aofCurrentSizeBytes);
    info.field('aof_base_size', status.aofBaseSizeBytes);
    info.field('aof_pending_rewrite', 0);
    info.field('aof_buffer_length', status.aofBufferedBytes);
    info.field('aof_pending_bio_fsync', status.aofPendingSyncs);
    info.field('aof_delayed_fsync', status.aofDelayedSyncs);
  }
  if (loading === null) return;
  const { startedAtMs, totalBytes, loadedBytes } = loading;
  const elapsedSeconds = secondsSince(startedAtMs);
  const etaSeconds =
    loadedBytes === 0
      ? -1
      : Math.floor((elapsedSeconds * Math.max(0, totalBytes - loadedBytes)) / loadedBytes);
  info.field('loading_start_time', Math.floor(startedAtMs / 1000));
  info.field('loading_total_bytes', totalBytes);
  info.field('loading_rdb_used_mem', 0);
  info.field('loading_loaded_bytes', loadedBytes);
  info.field('loading_loaded_perc', ((loadedBytes / Math.max(1, totalBytes)) * 100).toFixed(2));
  info.field('loading_eta_seconds', etaSeconds);
}

export function keyspaceSection(server: Server): InfoSection {
  return {
    name: 'keyspace',
    title: 'Keyspace',
    isDefault: true,
    inAll: true,
    write: (info) => {
      for (const database of server.keyspace.databases) {
        if (database.size === 0) continue;
        const averageTtlMs = meanTtlMs(database, server.nowMs);
        info.field(
          `db${database.index}`,
          `keys=${database.size},expires=${database.expiries.size},avg_ttl=${averageTtlMs}`,
        );
      }
    },
  };
}

function meanTtlMs({ expiries }: Database, nowMs: number): number {
  const samples = Math.min(expiries.size, TTL_SAMPLES);
  if (samples === 0) return 0;
  let sum = 0;
  for (let position = 0; position < samples; position++)
    sum += Math.max(0, expiries.at(position).atMs - nowMs);
  return Math.floor(sum / samples);
}
