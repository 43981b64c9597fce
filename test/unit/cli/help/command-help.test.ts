/** Help on commands from our own table: texts, hints for what is being typed, completions; and where they come from. */
import { describe, expect, test } from 'vitest';
import type { CommandDocs } from '../../../../src/cli/help/command-docs.js';
import { readCommandDocs, sortedByName } from '../../../../src/cli/help/command-docs.js';
import { CommandHelp } from '../../../../src/cli/help/command-help.js';
import { HelpDesk } from '../../../../src/cli/help/help-desk.js';
import { argumentHint } from '../../../../src/cli/help/hint.js';
import { ownCommands } from '../../../../src/cli/help/own-commands.js';
import { parseSyntax } from '../../../../src/commands/syntax/argument-syntax.js';
import { ReplyReader } from '../../../../src/resp/reply-reader.js';
import { TestServer } from '../../../support/test-server.js';

const help = new CommandHelp(ownCommands());

describe('a hint', () => {
  const hintFor = (syntax: string, ...words: string[]): string => argumentHint(parseSyntax(syntax), words);

  test.each([
    ['a b', [], 'a b'],
    ['a b', ['1'], 'b'],
    ['a b', ['1', '2'], ''],
    ['a b', ['1', '2', '3'], ''],
    ['a:integer b', ['x'], ''],
    ['a:double b', ['-.5'], 'b'],
    ['[X] [Y=n:integer] a', [], '[X] [Y n] a'],
    ['a [X] [Y=n:integer]', ['1', 'y'], 'n [X]'],
    ['a [X] [Y=n:integer]', ['1', 'y', '7'], '[X]'],
    ['a [X] [Y=n:integer]', ['1', 'y', '7', 'x'], ''],
    ['a [X] [Y=n:integer]', ['1', 'z'], ''],
    ['[X] a b', ['1'], 'b'],
    ['a...', ['1'], '[a ...]'],
    ['T=a...', ['t'], 'a [a ...]'],
    ['T=a...', ['t', '1'], '[a ...]'],
    ['T...=a', ['t', '1'], '[T a ...]'],
    ['c<A|B=n> d', [], 'A|B n d'],
    ['c<A|B=n> d', ['b'], 'n d'],
    ['c<A|B=n> d', ['a'], 'd'],
    ['p{f v}...', ['1'], 'v [f v ...]'],
    ['k<""(empty)|key@0>', [], '""|key'],
  ])('of %j after %j is %j', (syntax, words, expected) => {
    expect(hintFor(syntax, ...words)).toBe(expected);
  });

  test('waits for the space behind a word, and knows subcommands', () => {
    expect(help.hint('GE')).toBeNull();
    expect(help.hint('get')).toBeNull();
    expect(help.hint('get ')).toBe('key');
    expect(help.hint('get k')).toBe('key');
    expect(help.hint('config set ')).toBe('parameter value [parameter value ...]');
    expect(help.hint('set k "two words" ex ')).toBe('seconds [NX|XX] [GET]');
    expect(help.hint('set "open ')).toBeNull();
    expect(help.hint('dbsize ')).toBe('');
  });
});

test('completions are whole lines, of commands, and behind `help` of groups too', () => {
  expect(help.completions('getr')).toEqual(['GETRANGE']);
  expect(help.completions('config r')).toEqual(['CONFIG RESETSTAT', 'CONFIG REWRITE']);
  expect(help.completions('help  @hyper')).toEqual(['help  @hyperloglog']);
  expect(help.completions('nosuch')).toEqual([]);
});

test('help is text for a person', () => {
  expect(help.text(['GETDEL'])).toMatch(
    /^\r\n {2}\x1b\[1mGETDEL\x1b\[0m \x1b\[90mkey\x1b\[0m\r\n {2}\x1b\[33msummary:\x1b\[0m .*\r\n {2}\x1b\[33msince:\x1b\[0m 6\.2\.0\r\n {2}\x1b\[33mgroup:\x1b\[0m string\r\n\r\n$/,
  );
  expect(help.text(['nosuch'])).toBe('\r\n');
  expect(help.text(['@transactions']).match(/\[1m([A-Z]+)/g)).toHaveLength(5);
});

describe('where it comes from', () => {
  function docsOf(protocol: '2' | '3'): CommandDocs[] {
    const client = new TestServer().connect();
    client.send('HELLO', protocol);
    const reader = new ReplyReader();
    client.onWrite((bytes) => reader.feed(Buffer.from(bytes, 'latin1')));
    client.send('COMMAND', 'DOCS');
    return readCommandDocs(reader.next()!)!;
  }

  test('COMMAND DOCS says the same in both protocols', () => {
    const docs = docsOf('2');
    expect(docs.length).toBeGreaterThan(200);
    expect(docsOf('3')).toEqual(docs);
    const get = docs.find(({ name }) => name === 'CONFIG GET')!;
    expect(get).toMatchObject({ words: ['CONFIG', 'GET'], since: '2.0.0', group: 'server' });
    expect(argumentHint(get.args!, [])).toBe('parameter [parameter ...]');
  });

  test('the server is asked once; without an answer it is our own table', async () => {
    let questions = 0;
    const desk = new HelpDesk(() => {
      questions++;
      return Promise.resolve(null);
    });
    expect((await desk.open()).completions('getr')).toEqual(['GETRANGE']);
    await desk.open();
    expect(questions).toBe(1);
  });

  test('commands are sorted as their bytes are', () => {
    const named = (name: string): CommandDocs => ({ ...ownCommands()[0]!, name });
    expect(sortedByName(['B', 'A B', 'A'].map(named)).map(({ name }) => name)).toEqual(['A', 'A B', 'B']);
  });
});
