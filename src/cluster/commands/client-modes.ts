/** ASKING, READONLY and READWRITE: how one connection wants to be served. */
import type { CommandFlag, CommandSpec } from '../../server/command.js';

const MODE_FLAGS: readonly CommandFlag[] = ['fast', 'loading', 'stale'];

export const clientModeCommands: readonly CommandSpec[] = [
  {
    name: 'asking',
    summary: 'Lets the next command use a slot that is being imported.',
    since: '3.0.0',
    group: 'cluster',
    complexity: 'O(1)',
    arity: 1,
    flags: ['fast'],
    categories: ['connection'],
    handler: (client) => {
      client.isAsking = true;
      client.askingFor = null;
      client.reply.ok();
    },
  },
  {
    name: 'readonly',
    summary: "Lets this connection read keys of the node's master.",
    since: '3.0.0',
    group: 'cluster',
    complexity: 'O(1)',
    arity: 1,
    flags: MODE_FLAGS,
    categories: ['connection'],
    handler: (client) => {
      client.isReadOnlyMode = true;
      client.reply.ok();
    },
  },
  {
    name: 'readwrite',
    summary: 'Ends READONLY.',
    since: '3.0.0',
    group: 'cluster',
    complexity: 'O(1)',
    arity: 1,
    flags: MODE_FLAGS,
    categories: ['connection'],
    handler: (client) => {
      client.isReadOnlyMode = false;
      client.reply.ok();
    },
  },
];
