/**
 * Refusals that follow from the role: writes on a read-only replica, anything on a stale one, writes on a master
 * with too few replicas. Each is registered only while it can refuse something (see gates.ts).
 */
import type { ServerConfig } from '../config/server-config.js';
import type { Client } from '../server/client.js';
import type { Command } from '../server/command.js';
import { GateRank, type Gate } from '../server/gates.js';
import type { Server } from '../server/server.js';
import type { ReplicaRole } from './replica-role.js';
import type { Replicas } from './replicas.js';

const READONLY = "READONLY You can't write against a read only replica.";
const MASTERDOWN = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
const NOREPLICAS = 'NOREPLICAS Not enough good replicas to write.';

/** Whether a command writes, or is an EXEC of a transaction that does. PUBLISH and the like do not count. */
function writesKeys(client: Client, command: Command): boolean {
  if (command.isWrite) return true;
  return (
    command.name === 'exec' &&
    client.transaction !== null &&
    client.transaction.queue.some(({ command, args }) => command.judgedFor(args).isWrite)
  );
}

/** `replica-read-only` */
export function readOnlyGate(config: ServerConfig): Gate {
  return {
    rank: GateRank.ReadOnlyReplica,
    refusal: (client, command) =>
      config.values['replica-read-only'] && writesKeys(client, command) ? READONLY : null,
  };
}

/** `replica-serve-stale-data no` while the link is down. */
export function staleGate(config: ServerConfig, role: ReplicaRole): Gate {
  return {
    rank: GateRank.StaleReplica,
    refusal: (client, command) => {
      if (config.values['replica-serve-stale-data'] || role.link.isUp) return null;
      const queued = command.name === 'exec' ? client.transaction : null;
      return command.allowedWhenStale && queued?.allowedWhenStale !== false ? null : MASTERDOWN;
    },
  };
}

/** `min-replicas-to-write` and `min-replicas-max-lag`, both of which are set. */
export function enoughReplicasGate(server: Server, replicas: Replicas): Gate {
  return {
    rank: GateRank.NotEnoughReplicas,
    refusal: (client, command) => {
      if (!writesKeys(client, command)) return null;
      const { values } = server.config;
      const good = replicas.countGood(values['min-replicas-max-lag'], server.steadyNowMs);
      return good < values['min-replicas-to-write'] ? NOREPLICAS : null;
    },
  };
}
