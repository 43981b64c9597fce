/** The commands that only a sentinel has: SENTINEL with its subcommands, and its own PUBLISH and ROLE. */
import { writeHelp } from '../../commands/help.js';
import type { Client } from '../../server/client.js';
import type { CommandSpec } from '../../server/command.js';
import { HELLO_CHANNEL } from '../hello.js';
import type { Sentinel } from '../sentinel.js';
import { debuggingSubcommands } from './debugging.js';
import { failoverSubcommands } from './failing-over.js';
import { flushSubcommands, globalSettingsSubcommands } from './global-settings.js';
import { inspectionSubcommands } from './inspection.js';
import { monitoringSubcommands } from './monitoring.js';

/** The declarations for the server to register. They work on `sentinel`. */
export function sentinelCommands(sentinel: Sentinel): CommandSpec[] {
  return [
    {
      name: 'sentinel',
      summary: 'A container for Redis Sentinel commands.',
      since: '2.8.4',
      group: 'sentinel',
      complexity: 'Depends on subcommand.',
      arity: -2,
      flags: ['admin'],
      subcommands: [
        ...inspectionSubcommands(sentinel),
        ...monitoringSubcommands(sentinel),
        ...globalSettingsSubcommands(sentinel),
        ...flushSubcommands(sentinel),
        ...failoverSubcommands(sentinel),
        ...debuggingSubcommands(sentinel),
        {
          name: 'help',
          summary: 'Describes the subcommands.',
          since: '6.2.0',
          group: 'sentinel',
          arity: 2,
          flags: ['loading', 'stale'],
          handler: writeSentinelHelp,
        },
      ],
    },
    {
      name: 'publish',
      summary: 'Takes the hello message of another sentinel.',
      since: '2.0.0',
      group: 'pubsub',
      arity: 3,
      flags: ['pubsub', 'loading', 'stale', 'fast'],
      handler: ({ reply }, args) => {
        if (args[1] !== HELLO_CHANNEL) {
          reply.error('ERR Only HELLO messages are accepted by Sentinel instances.');
          return;
        }
        sentinel.hellos.take(args[2]);
        reply.integer(1);
      },
    },
    {
      name: 'role',
      summary: 'Tells that this is a sentinel, and which masters it monitors.',
      since: '2.8.12',
      group: 'server',
      arity: 1,
      flags: ['noscript', 'loading', 'stale', 'fast'],
      categories: ['admin', 'dangerous'],
      handler: ({ reply }) => {
        reply.arrayHeader(2);
        reply.bulk('sentinel');
        reply.arrayHeader(sentinel.masters.size);
        for (const name of sentinel.masters.keys()) reply.bulk(name);
      },
    },
  ];
}

function writeSentinelHelp(client: Client): void {
  writeHelp(client, 'sentinel', [
    ['CKQUORUM <master-name>', 'Check whether quorum and majority can be reached to fail over a master.'],
    ['CONFIG SET <param> <value> [<param> <value> ...]', 'Change settings of the sentinel as a whole.'],
    ['CONFIG GET <param> [<param> ...]', 'Show settings of the sentinel as a whole.'],
    ['DEBUG [<param> <value> ...]', 'Show or change periods and limits, in milliseconds.'],
    ['GET-MASTER-ADDR-BY-NAME <master-name>', 'Tell the ip and port of the master with that name.'],
    [
      'FAILOVER <master-name> [COORDINATED]',
      'Fail over now, without asking other sentinels; or with the help of the living master.',
    ],
    ['FLUSHCONFIG', 'Write the configuration file anew, with the present state.'],
    ['INFO-CACHE <master-name> [<master-name> ...]', 'Show the last INFO of masters and their replicas.'],
    [
      'IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>',
      'Tell whether the master at ip:port is down from the point of view of this sentinel.',
    ],
    ['MASTER <master-name>', 'Show the state of a master.'],
    ['MASTERS', 'Show the state of all monitored masters.'],
    ['MONITOR <name> <ip> <port> <quorum>', 'Begin to monitor a master.'],
    ['MYID', 'Tell the id of this sentinel.'],
    ['PENDING-SCRIPTS', 'Show the scripts that run or wait.'],
    ['RANKING <master-name>', 'Tell which replica would be promoted now, and why the others would not.'],
    ['REMOVE <master-name>', 'Stop monitoring a master.'],
    ['REPLICAS <master-name>', 'Show the replicas of a master.'],
    ['RESET <pattern>', 'Forget replicas, sentinels and state of the masters that match.'],
    ['SENTINELS <master-name>', 'Show the other sentinels of a master.'],
    ['SET <master-name> <option> <value> [<option> <value> ...]', 'Change settings of a master.'],
    [
      'SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]',
      'Make this sentinel die at a moment of the next failover.',
    ],
  ]);
}
