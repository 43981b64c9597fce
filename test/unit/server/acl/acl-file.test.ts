/** The ACL file: taken over whole or not at all, with every fault said. */
import { describe, expect, test } from 'vitest';
import { dataCommands } from '../../../../src/commands/index.js';
import { serverCommands } from '../../../../src/commands/server-commands.js';
import { NodeHashing } from '../../../../src/platform/node/hashing.js';
import { readAclFile, writeAclFile } from '../../../../src/server/acl/acl-file.js';
import { CommandTable } from '../../../../src/server/command-table.js';

const commands = new CommandTable();
commands.register([...dataCommands, ...serverCommands]);
const context = { commands, hash: new NodeHashing(), allChannelsByDefault: false };
const NOTHING_CHANGED =
  'WARNING: ACL errors detected, no change to the previously active ACL rules was performed';

function errorsOf(text: string): string {
  const contents = readAclFile(text, 'u.acl', context);
  if (contents.kind === 'users') return '';
  expect(contents.text.endsWith(NOTHING_CHANGED)).toBe(true);
  return contents.text.slice(0, -NOTHING_CHANGED.length);
}

describe('an ACL file', () => {
  test('is read back as it was written', () => {
    const text =
      'user alice on sanitize-payload ~* resetchannels +@all\n' +
      'user bob off sanitize-payload resetchannels -@all +get (~x resetchannels -@all +set)\n';
    const contents = readAclFile(text, 'u.acl', context);
    if (contents.kind !== 'users') throw new Error(contents.text);
    expect(writeAclFile(contents.users.values())).toBe(text);
  });

  test('may have comments and empty lines', () => {
    expect(errorsOf('# who is who\n\n  user alice on  \n')).toBe('');
  });

  test.each([
    ['foo bar', 'u.acl:1 should start with user keyword followed by the username. '],
    ['user', 'u.acl:1 should start with user keyword followed by the username. '],
    [
      'user dan on +foo ~* ~b',
      "u.acl:1: Error in applying operation '+foo': Unknown command or category name in ACL. " +
        "u.acl:1: Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns. ",
    ],
    ['user carl (+get', 'u.acl:1: Unmatched parenthesis in selector definition.'],
    [
      'user x on (+get +foo)',
      "u.acl:1: Error in applying operation '(+get +foo)': Unknown command or category name in ACL. ",
    ],
    ['user a on\nuser a off', "WARNING: Duplicate user 'a' found on line 2. "],
    ['user dan on )', 'u.acl:1: Syntax error. '],
  ])('with %j is refused', (text, errors) => {
    expect(errorsOf(text)).toBe(errors);
  });

  test('has all its faults said', () => {
    expect(errorsOf('foo\nuser a +nosuch\nuser a on')).toBe(
      'u.acl:1 should start with user keyword followed by the username. ' +
        "u.acl:2: Error in applying operation '+nosuch': Unknown command or category name in ACL. " +
        "WARNING: Duplicate user 'a' found on line 3. ",
    );
  });
});
