/** The declaration of MIGRATE. */
import { keyAt, type CommandHandler, type CommandSpec } from '../server/command.js';
import { keyPositions } from './request.js';

export function migrateCommand(handler: CommandHandler): CommandSpec {
  return {
    name: 'migrate',
    summary: 'Moves keys to another server.',
    since: '2.6.0',
    group: 'generic',
    complexity: 'That of DUMP and DEL here and of RESTORE there, for each key',
    arity: -6,
    // Beyond stock's flags: it waits for the target, for which there is no room in a transaction or a script.
    flags: ['write', 'movablekeys', 'no_multi', 'noscript'],
    categories: ['dangerous'],
    tips: ['nondeterministic_output'],
    keys: [
      keyAt(3, 'RW', 'access', 'delete'),
      {
        flags: ['RW', 'access', 'delete', 'incomplete'],
        begin: { keyword: 'KEYS', startFrom: -2 },
        find: { lastKey: -1, step: 1, limit: 0 },
      },
    ],
    findKeys: keyPositions,
    handler,
  };
}
