/** The CLIENT command: its declaration. Sentinels have all of it but NO-TOUCH. */
import type { Client } from '../../server/client.js';
import type { CommandFlag, CommandHandler, CommandSpec } from '../../server/command.js';
import { writeHelp } from '../help.js';
import { killClients, listClients, showClient } from './listing.js';
import {
  getName,
  pauseClients,
  setInfo,
  setName,
  setNoEvict,
  setNoTouch,
  setReplyMode,
  unblockClient,
  unpauseClients,
} from './settings.js';
import { getRedirection, setCaching, setTracking, trackingInfo } from './tracking.js';

const FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const ADMIN_FLAGS: readonly CommandFlag[] = ['admin', ...FLAGS];

interface Details {
  readonly complexity?: string;
  readonly flags?: readonly CommandFlag[];
  readonly tips?: readonly string[];
}

function subcommand(
  name: string,
  since: string,
  arity: number,
  summary: string,
  handler: CommandHandler,
  details: Details = {},
): CommandSpec {
  return {
    name,
    summary,
    since,
    group: 'connection',
    complexity: 'O(1)',
    arity,
    flags: FLAGS,
    ...details,
    handler,
  };
}

function help(client: Client): void {
  writeHelp(client, 'client', [
    ['CACHING (YES|NO)', 'Say whether what the next command reads is kept in the cache.'],
    ['GETNAME', 'Show the name of this connection.'],
    ['GETREDIR', 'Show where the invalidation messages of this connection go.'],
    ['ID', 'Show the id of this connection.'],
    ['INFO', 'Show everything about this connection.'],
    ['KILL <ip:port>', 'Close a connection.'],
    [
      'KILL <option> <value> [<option> <value> ...]',
      'Close connections by ADDR, LADDR, ID, TYPE, USER; SKIPME.',
    ],
    ['LIST [TYPE <type> | ID <id> [<id> ...]]', 'Show connections.'],
    ['NO-EVICT (ON|OFF)', 'Exempt this connection from client eviction.'],
    ['NO-TOUCH (ON|OFF)', 'Leave the access times of keys as they are.'],
    ['PAUSE <timeout> [WRITE|ALL]', 'Hold commands back for some milliseconds.'],
    ['REPLY (ON|OFF|SKIP)', 'Switch the replies to this connection on or off.'],
    ['SETINFO (LIB-NAME|LIB-VER) <value>', 'Say which library is at the other end.'],
    ['SETNAME <name>', 'Name this connection.'],
    [
      'TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT] [NOLOOP]',
      'Be told of changes to keys that this connection has read.',
    ],
    ['TRACKINGINFO', 'Show the state of client-side caching of this connection.'],
    ['UNBLOCK <id> [TIMEOUT|ERROR]', 'End the wait of a connection.'],
    ['UNPAUSE', 'End a pause.'],
  ]);
}

const subcommandsOfSentinel: readonly CommandSpec[] = [
  subcommand('getname', '2.6.9', 2, 'Returns the name of the connection.', getName),
  subcommand('getredir', '6.0.0', 2, 'Returns where invalidation messages go.', getRedirection),
  subcommand('help', '5.0.0', 2, 'Describes the subcommands.', help, { flags: ['loading', 'stale'] }),
  subcommand('id', '5.0.0', 2, 'Returns the id of the connection.', (client) =>
    client.reply.integer(client.id),
  ),
  subcommand('info', '6.2.0', 2, 'Returns everything about the connection.', showClient, {
    tips: ['nondeterministic_output'],
  }),
  subcommand('kill', '2.4.0', -3, 'Closes connections.', killClients, {
    complexity: 'O(N) in the connections',
    flags: ADMIN_FLAGS,
  }),
  subcommand('list', '2.4.0', -2, 'Lists the connections.', listClients, {
    complexity: 'O(N) in the connections',
    flags: ADMIN_FLAGS,
    tips: ['nondeterministic_output'],
  }),
  subcommand('no-evict', '7.0.0', 3, 'Exempts the connection from client eviction.', setNoEvict, {
    flags: ADMIN_FLAGS,
  }),
  subcommand('pause', '3.0.0', -3, 'Holds commands back for a time.', pauseClients, { flags: ADMIN_FLAGS }),
  subcommand('reply', '3.2.0', 3, 'Switches replies on or off.', setReplyMode),
  subcommand('setinfo', '7.2.0', 4, 'Says which library is at the other end.', setInfo, {
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  }),
  subcommand('setname', '2.6.9', 3, 'Names the connection.', setName, {
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  }),
  subcommand('trackinginfo', '6.2.0', 2, 'Returns the state of client-side caching.', trackingInfo),
  subcommand('unblock', '5.0.0', -3, 'Ends the wait of a connection.', unblockClient, {
    complexity: 'O(log N) in the connections',
    flags: ADMIN_FLAGS,
  }),
  subcommand('unpause', '6.2.0', 2, 'Ends a pause.', unpauseClients, {
    complexity: 'O(N) in the clients held back',
    flags: ADMIN_FLAGS,
  }),
];

function clientCommandWith(subcommands: readonly CommandSpec[]): CommandSpec {
  return {
    name: 'client',
    summary: 'Shows and changes what concerns connections.',
    since: '2.4.0',
    group: 'connection',
    complexity: 'Depends on the subcommand',
    arity: -2,
    flags: [],
    subcommands,
  };
}

/** CLIENT without what concerns keys, since a sentinel has none. */
export const sentinelClientCommand = clientCommandWith(subcommandsOfSentinel);

export const clientCommand = clientCommandWith([
  ...subcommandsOfSentinel,
  subcommand('caching', '6.0.0', 3, 'Says whether the keys of the next command are tracked.', setCaching),
  subcommand('no-touch', '7.2.0', 3, 'Leaves the access times of keys as they are.', setNoTouch),
  subcommand('tracking', '6.0.0', -3, 'Switches the tracking of keys on or off.', setTracking, {
    complexity: 'O(1), or O(N) in the prefixes',
  }),
]);
