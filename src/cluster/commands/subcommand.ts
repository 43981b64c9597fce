/** How the subcommands of CLUSTER are declared, and how they read nodes and slots out of their arguments. */
import { parseInteger } from '../../commands/arguments.js';
import { toNodeId } from '../../failover/identity.js';
import type { SlotIndex } from '../../keyspace/slot-index.js';
import type { Client } from '../../server/client.js';
import type { CommandFlag, CommandSpec } from '../../server/command.js';
import type { Server } from '../../server/server.js';
import type { ClusterActions } from '../cluster-actions.js';
import type { ClusterNode } from '../view/node.js';
import { isSlot, type Slot } from '../view/slots.js';

/** What the subcommands work on. */
export interface ClusterParts {
  readonly server: Server;
  readonly actions: ClusterActions;
  /** The keys of this node by slot. */
  readonly slotIndex: SlotIndex;
}

/** A subcommand of CLUSTER: its declaration, and what it does on a node of a cluster. */
export interface ClusterSubcommand {
  readonly declaration: Omit<CommandSpec, 'handler'>;
  readonly run: (client: Client, args: string[], parts: ClusterParts) => void;
}

/** Asks about the dataset: not while it is loaded. */
export const ASKS: readonly CommandFlag[] = ['stale'];
/**
 * Asks about the cluster. Stock refuses most of these while a dataset is loaded, but loads small ones without a break, so
 * that nobody sees it; here a replica that takes even an empty dataset in answers others between.
 */
export const ASKS_AT_ANY_TIME: readonly CommandFlag[] = ['loading', 'stale'];
export const ADMINISTERS_AT_ANY_TIME: readonly CommandFlag[] = ['admin', 'loading', 'stale'];
export const ADMINISTERS: readonly CommandFlag[] = ['admin', 'stale'];
export const CHANGES: readonly CommandFlag[] = ['no_async_loading', 'admin', 'stale'];

export const NONDETERMINISTIC: readonly string[] = ['nondeterministic_output'];

type Declaration = Pick<CommandSpec, 'name' | 'arity' | 'summary' | 'flags'> &
  Partial<Pick<CommandSpec, 'since' | 'complexity' | 'tips' | 'deprecatedSince' | 'replacedBy'>>;

export function subcommand(declaration: Declaration, run: ClusterSubcommand['run']): ClusterSubcommand {
  return { declaration: { since: '3.0.0', complexity: 'O(1)', ...declaration, group: 'cluster' }, run };
}

/** The slot that an argument names; null after an error. */
export function slotArgument(client: Client, text: string): Slot | null {
  const slot = parseInteger(text);
  if (isSlot(slot)) return slot;
  client.reply.error('ERR Invalid or out of range slot');
  return null;
}

/** The node that an argument names; undefined after an error. */
export function nodeArgument(
  client: Client,
  { actions }: ClusterParts,
  text: string,
  error = `ERR Unknown node ${text}`,
): ClusterNode | undefined {
  const node = actions.view.find(toNodeId(text));
  if (node === undefined) client.reply.error(error);
  return node;
}
