/** `help`: every subcommand with its words and options, from their declarations. */
import { SLOT_COUNT } from '../../../keyspace/key-slot.js';
import type { Subcommand } from './subcommand.js';

const NAME_WIDTH = 15;

export function helpText(subcommands: readonly Subcommand[]): string {
  const lines = subcommands.flatMap(({ name, synopsis, options }) => [
    `  ${name.padEnd(NAME_WIDTH)}${synopsis}`,
    ...options.map((option) => `${' '.repeat(NAME_WIDTH + 2)}--cluster-${option}`),
  ]);
  return `Cluster Manager Commands:
${lines.join('\n')}

For check, fix, reshard, del-node, set-timeout, info, rebalance, call, import, backup you can specify the host and port of any working node in the cluster.

Cluster Manager Options:
  --cluster-yes  Automatic yes to cluster commands prompts

What they do:
  create         makes a cluster of empty nodes, at least three masters, each with --cluster-replicas replicas
  check          says whether the nodes agree, slots are open, and all ${SLOT_COUNT} slots are covered
  info           keys, slots and replicas of every master
  fix            closes slots that an interrupted move left open, and covers slots that nobody has
  reshard        moves --cluster-slots slots from some masters (or 'all') to one; asks for what is not given
  rebalance      gives every master its share of slots; a weight of 0 empties a master
  add-node       joins an empty node, as a master without slots or with --cluster-slave as a replica
  del-node       removes a node that has no slots
  call           sends a command to every node
  set-timeout    sets cluster-node-timeout at every node and rewrites its configuration file
  import         moves (with --cluster-copy: copies) the keys of a standalone server into the cluster
  backup         saves an RDB file of every master, and nodes.json, in an existing directory

-a, --user, --askpass and the environment variable REDISCLI_AUTH apply to every node.

`;
}
