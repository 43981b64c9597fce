/** COMMAND DOCS: arguments as a tree, changes by version, and the notation that both come from. */
import { describe, expect, test } from 'vitest';
import { argumentsOf } from '../../../src/commands/documentation/describe-arguments.js';
import { HISTORY } from '../../../src/commands/documentation/history.js';
import { parseSyntax, type DocumentedArgument } from '../../../src/commands/documentation/syntax.js';
import { SYNTAX } from '../../../src/commands/documentation/syntaxes.js';
import type { TestReply } from '../../support/resp.js';
import { TestServer } from '../../support/test-server.js';

/** What an argument is beyond the usual. */
function shown({ name, parts, ...rest }: DocumentedArgument): Record<string, unknown> {
  const set = Object.entries(rest).filter(([, value]) => value !== undefined && value !== false);
  return { name, ...Object.fromEntries(set), ...(parts.length > 0 ? { parts: parts.map(shown) } : {}) };
}

const parsed = (text: string): unknown[] => parseSyntax(text).map(shown);

describe('the notation', () => {
  test('has values with their types; what is called key is one', () => {
    expect(parsed('key count:integer text other:key')).toEqual([
      { name: 'key', type: 'key', keySpecIndex: 0 },
      { name: 'count', type: 'integer' },
      { name: 'text', type: 'string' },
      { name: 'other', type: 'key', keySpecIndex: 1 },
    ]);
    expect(parsed('key:string pattern:pattern#1 destination:key#2')).toEqual([
      { name: 'key', type: 'string' },
      { name: 'pattern', type: 'pattern', keySpecIndex: 1 },
      { name: 'destination', type: 'key', keySpecIndex: 2 },
    ]);
  });

  test('has words, alone or in front of a value', () => {
    expect(parsed('[NX@6.2.0] [change="CH"] [COUNT count:integer] STREAMS id...')).toEqual([
      { name: 'nx', type: 'pure-token', token: 'NX', since: '6.2.0', isOptional: true },
      { name: 'change', type: 'pure-token', token: 'CH', isOptional: true },
      { name: 'count', type: 'integer', token: 'COUNT', isOptional: true },
      { name: 'id', type: 'string', token: 'STREAMS', isMultiple: true },
    ]);
  });

  test('has alternatives, and several arguments as one', () => {
    expect(parsed('[order(ASC | DESC@2.0.0)!7.0.0] pair{a b}*...')).toEqual([
      {
        name: 'order',
        type: 'oneof',
        deprecatedSince: '7.0.0',
        isOptional: true,
        parts: [
          { name: 'asc', type: 'pure-token', token: 'ASC' },
          { name: 'desc', type: 'pure-token', token: 'DESC', since: '2.0.0' },
        ],
      },
      {
        name: 'pair',
        type: 'block',
        isMultiple: true,
        repeatsToken: true,
        parts: [
          { name: 'a', type: 'string' },
          { name: 'b', type: 'string' },
        ],
      },
    ]);
  });

  test.each(['', 'a b(', '[a', 'a{b', 'a:nothing', 'a]', 'a  b', 'x="y'])('refuses "%s"', (text) => {
    expect(() => parseSyntax(text)).toThrow(SyntaxError);
  });
});

describe('the documentation', () => {
  test('can be read, whole', () => {
    for (const name of Object.keys(SYNTAX)) expect(argumentsOf(name).length, name).toBeGreaterThan(0);
    for (const [name, changes] of Object.entries(HISTORY)) {
      for (const change of changes) expect(change, name).toMatch(/^\d+\.\d+\.\d+ \S/);
    }
  });

  test('has the arguments of every command that takes any, and no others', () => {
    // DEBUG is for tests; what is below it changes with them. Redis ignores what follows the others.
    const undocumented = new Set(['debug', 'quit', 'command']);
    const commands = [...new TestServer().server.commands.all()].flatMap((command) => [
      command,
      ...(command.subcommands?.values() ?? []),
    ]);
    const wrong = commands.filter((command) => {
      if (command.handler === null || undocumented.has(command.fullName)) return false;
      const takesSome = command.arity !== (command.parent === null ? 1 : 2);
      return argumentsOf(command.fullName).length > 0 !== takesSome;
    });
    expect(wrong.map(({ fullName }) => fullName)).toEqual([]);
  });

  test('is shown by COMMAND DOCS', () => {
    const client = new TestServer().connect();
    client.call('hello', '3');
    const pairs = (reply: TestReply | undefined): Record<string, TestReply> =>
      Object.fromEntries((reply as { map: [string, TestReply][] }).map);
    const spop = pairs(pairs(client.call('command', 'docs', 'spop')).spop);
    expect(spop.history).toEqual({ set: [['3.2.0', 'the argument `count`']] });
    expect((spop.arguments as TestReply[]).map(pairs)).toEqual([
      { name: 'key', type: 'key', display_text: 'key', key_spec_index: 0 },
      {
        name: 'count',
        type: 'integer',
        display_text: 'count',
        since: '3.2.0',
        flags: { set: ['optional'] },
      },
    ]);
  });
});
