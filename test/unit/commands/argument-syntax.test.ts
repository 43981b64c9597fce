/** The notation of arguments, what COMMAND DOCS makes of it, and that every entry belongs to a command. */
import { describe, expect, test } from 'vitest';
import { ownCommands } from '../../../src/cli/help/own-commands.js';
import { parseSyntax, type CommandArgument } from '../../../src/commands/syntax/argument-syntax.js';
import { COMMAND_SYNTAX } from '../../../src/commands/syntax/index.js';
import { sentinelSyntax } from '../../../src/commands/syntax/sentinel.js';
import { TestServer } from '../../support/test-server.js';

const PLAIN: Omit<CommandArgument, 'name'> = {
  type: 'string',
  displayText: null,
  keySpec: null,
  token: null,
  since: null,
  deprecatedSince: null,
  isOptional: false,
  isMultiple: false,
  isTokenMultiple: false,
  parts: [],
};

describe('the notation', () => {
  test.each<[string, Partial<CommandArgument>]>([
    ['value', { name: 'value', displayText: 'value' }],
    ['count:integer', { name: 'count', type: 'integer', displayText: 'count' }],
    ['ID:string...', { name: 'ID', displayText: 'ID', isMultiple: true }],
    ['key@0', { name: 'key', type: 'key', displayText: 'key', keySpec: 0 }],
    ['key:key', { name: 'key', type: 'key', displayText: 'key' }],
    ['addr/ip:port', { name: 'addr', displayText: 'ip:port' }],
    ['NX', { name: 'nx', type: 'pure-token', displayText: 'nx', token: 'NX' }],
    ['=(equal)', { name: 'equal', type: 'pure-token', displayText: 'equal', token: '=' }],
    [
      '""(empty-string)',
      { name: 'empty-string', type: 'pure-token', displayText: 'empty-string', token: '' },
    ],
    [
      'EX=seconds:integer^2.6.12',
      { name: 'seconds', type: 'integer', displayText: 'seconds', token: 'EX', since: '2.6.12' },
    ],
    [
      '[GET^6.2.0]',
      { name: 'get', type: 'pure-token', displayText: 'get', token: 'GET', since: '6.2.0', isOptional: true },
    ],
    ['old!2.8.12', { name: 'old', displayText: 'old', deprecatedSince: '2.8.12' }],
    [
      'GET...=by@1:pattern/pattern',
      {
        name: 'by',
        type: 'pattern',
        displayText: 'pattern',
        keySpec: 1,
        token: 'GET',
        isMultiple: true,
        isTokenMultiple: true,
      },
    ],
  ])('%s', (text, expected) => {
    expect(parseSyntax(text)).toEqual([{ ...PLAIN, ...expected }]);
  });

  test('alternatives and blocks have parts', () => {
    const [choice, block] = parseSyntax('condition<NX|limit{offset count}> data{score:double member}...');
    expect(choice).toMatchObject({ name: 'condition', type: 'oneof', displayText: null });
    expect(choice!.parts.map(({ name, type }) => [name, type])).toEqual([
      ['nx', 'pure-token'],
      ['limit', 'block'],
    ]);
    expect(block).toMatchObject({ name: 'data', type: 'block', isMultiple: true });
    expect(block!.parts.map(({ name }) => name)).toEqual(['score', 'member']);
  });

  test.each(['', 'a]', '[a', 'a<b', 'a{b', 'a  b', 'A(b', 'a^x'])('%j is refused', (text) => {
    expect(() => parseSyntax(text)).toThrow(/syntax of arguments/);
  });
});

test('every entry is notation, and belongs to a command', () => {
  const commands = new Set(ownCommands().map(({ words }) => words.join('|').toLowerCase()));
  for (const [name, text] of Object.entries(COMMAND_SYNTAX)) {
    expect(parseSyntax(text).length, name).toBeGreaterThan(0);
    if (!Object.hasOwn(sentinelSyntax, name)) expect([...commands]).toContain(name);
  }
});

test('a command that needs arguments tells which', () => {
  const silent = [...new TestServer().server.commands.all()]
    .flatMap((command) => [command, ...(command.subcommands?.values() ?? [])])
    .filter(({ arity, parent }) => Math.abs(arity) > (parent === null ? 1 : 2))
    .filter(({ subcommands, fullName }) => subcommands === null && !Object.hasOwn(COMMAND_SYNTAX, fullName));
  // What DEBUG takes is nobody's business but of who debugs: Redis does not tell it either.
  expect(silent.map(({ fullName }) => fullName)).toEqual(['debug']);
});

test('COMMAND DOCS shows them', () => {
  const client = new TestServer().connect();
  const [, docs] = client.call('COMMAND', 'DOCS', 'lpop') as unknown as [string, unknown[]];
  const place = docs.indexOf('arguments');
  expect(docs[place + 1]).toEqual([
    ['name', 'key', 'type', 'key', 'display_text', 'key', 'key_spec_index', 0],
    ['name', 'count', 'type', 'integer', 'display_text', 'count', 'since', '6.2.0', 'flags', ['optional']],
  ]);
});
