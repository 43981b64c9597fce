/** The arguments of the cluster commands, in the notation of argument-syntax.ts. */
export const clusterSyntax: Readonly<Record<string, string>> = {
  'cluster|addslots': 'slot:integer...',
  'cluster|addslotsrange': 'range{start-slot:integer end-slot:integer}...',
  'cluster|count-failure-reports': 'node-id',
  'cluster|countkeysinslot': 'slot:integer',
  'cluster|delslots': 'slot:integer...',
  'cluster|delslotsrange': 'range{start-slot:integer end-slot:integer}...',
  'cluster|failover': '[options<FORCE|TAKEOVER>]',
  'cluster|forget': 'node-id',
  'cluster|getkeysinslot': 'slot:integer count:integer',
  'cluster|keyslot': 'key',
  'cluster|meet': 'ip port:integer [cluster-bus-port:integer^4.0.0]',
  'cluster|replicas': 'node-id',
  'cluster|replicate': 'node-id',
  'cluster|reset': '[reset-type<HARD|SOFT>]',
  'cluster|set-config-epoch': 'config-epoch:integer',
  'cluster|setslot':
    'slot:integer subcommand<IMPORTING=importing/node-id|MIGRATING=migrating/node-id|NODE=node/node-id|STABLE>',
  'cluster|slaves': 'node-id',
};
