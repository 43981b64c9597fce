/**
 * What a server in cluster mode is told by the cluster, which stands above it: which keys are served here, where
 * messages go. A server by itself has none of it.
 */
import type { Client } from './client.js';
import type { Command } from './command.js';

/**
 * Whether this node serves the keys of a command, and if not, why.
 *
 * - `here`: yes. `slot`: of its keys; null: it has none.
 * - `down`, `read-only`: the cluster is down, for everything or for writes.
 * - `unserved`: nobody has the slot.
 * - `cross-slot`: the keys are in several slots.
 * - `unstable`: some of the keys have left, or are yet to come.
 * - `elsewhere`: another node has them; `text` says which.
 */
export type SlotVerdict =
  | { readonly kind: 'here'; readonly slot: number | null }
  | {
      readonly kind: 'down' | 'read-only' | 'unserved' | 'cross-slot' | 'unstable' | 'elsewhere';
      /** The error that a client is answered with. */
      readonly text: string;
    };

/** The rules by which a node serves keys, for who executes commands that no gate has seen (scripts). */
export interface SlotRules {
  slotOf(key: string): number;
  /** Judges a command as if the client had sent it: READONLY and ASKING of the client count. */
  judge(client: Client, command: Command, args: readonly string[]): SlotVerdict;
  /** As {@link judge}, for keys that are not (or not all) among the arguments of a command. */
  judgeKeys(client: Client, keys: readonly string[], writes: boolean): SlotVerdict;
  /** The error for keys that are not served here; null: they are. */
  refusalForKeys(client: Client, keys: readonly string[], writes: boolean): string | null;
}

export interface ClusterSide {
  readonly slotRules: SlotRules;
  /** Hands a message to the other nodes; `sharded`: to those of this shard. */
  publish(channel: string, message: string, sharded: boolean): void;
}
