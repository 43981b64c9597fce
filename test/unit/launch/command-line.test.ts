import { describe, expect, it } from 'vitest';
import { usage } from '../../../src/launch/banner.js';
import { parseCommandLine } from '../../../src/launch/command-line.js';
import type { StartRequest } from '../../../src/launch/command-line.js';

function start(...args: string[]): StartRequest {
  const request = parseCommandLine('vedette-server', args);
  if (request.kind !== 'start') throw new Error(`not a start: ${request.kind}`);
  return request;
}

/** The option lines without the blanks at their ends. */
function optionLines(...args: string[]): string[] {
  return start(...args)
    .options.split('\n')
    .map((line) => line.trimEnd());
}

describe('the command line', () => {
  it('takes a file first, then options', () => {
    expect(start('my.conf', '--port', '7000')).toMatchObject({ path: 'my.conf', options: 'port "7000" ' });
    expect(start('--port', '7000').path).toBeNull();
    expect(start()).toMatchObject({ path: null, options: '', isBare: true });
  });

  it.each([
    [['-v'], 'version'],
    [['--version'], 'version'],
    [['-h'], 'help'],
    [['--help'], 'help'],
    [['--test-memory', '100'], 'unsupported'],
    [['--check-system'], 'unsupported'],
  ] as const)('%j asks for %s', (args, kind) => {
    expect(parseCommandLine('vedette-server', args).kind).toBe(kind);
  });

  it('asks for a sentinel by the name of the program or by --sentinel', () => {
    expect(parseCommandLine('vedette-sentinel', ['s.conf'])).toMatchObject({ mode: 'sentinel' });
    expect(parseCommandLine('redis-sentinel', ['s.conf'])).toMatchObject({ mode: 'sentinel' });
    expect(start('s.conf', '--sentinel')).toMatchObject({ mode: 'sentinel', path: 's.conf' });
    expect(start('s.conf', '--sentinel', '--port', '1')).toMatchObject({ mode: 'sentinel' });
    expect(start('s.conf').mode).toBe('server');
  });

  it('reads standard input for a dash in the first or last place', () => {
    expect(start('-')).toMatchObject({ readStandardInput: true, path: null });
    expect(start('my.conf', '--port', '1', '-')).toMatchObject({
      readStandardInput: true,
      options: 'port "1" ',
    });
    expect(start('my.conf', '-')).toMatchObject({ readStandardInput: true, path: 'my.conf' });
    expect(start('--a', '-', '--b', 'c')).toMatchObject({ readStandardInput: false });
  });
});

describe('options', () => {
  it('become lines of a configuration file, with quoted values', () => {
    expect(optionLines('--port', '7000', '--requirepass', 'a "b"\n')).toEqual([
      'port "7000"',
      'requirepass "a \\"b\\"\\n"',
    ]);
  });

  it('keep several values in one line', () => {
    expect(optionLines('--port', '6379', '6380')).toEqual(['port "6379" "6380"']);
    expect(optionLines('--bind', '127.0.0.1', '::1', '--port', '1')).toEqual([
      'bind "127.0.0.1" "::1"',
      'port "1"',
    ]);
  });

  it('may have name and value in one argument', () => {
    expect(optionLines('--maxmemory 700mb', "--maxmemory-policy 'volatile-lru'")).toEqual([
      'maxmemory 700mb',
      "maxmemory-policy 'volatile-lru'",
    ]);
  });

  it('may be given without dashes first, behind a file', () => {
    expect(optionLines('my.conf', 'loglevel', 'verbose', '--port 1')).toEqual([
      '"loglevel" "verbose"',
      'port 1',
    ]);
  });

  it('take a value that starts with two dashes if it is their first', () => {
    expect(optionLines('--proc-title-template', '--my--title', '--loglevel', 'verbose')).toEqual([
      'proc-title-template "--my--title"',
      'loglevel "verbose"',
    ]);
    expect(optionLines('--a', '--b', '--c', 'd')).toEqual(['a "--b"', 'c "d"']);
  });

  it.each([
    [
      ['--save', '--loglevel', 'verbose'],
      ['save ""', 'loglevel "verbose"'],
    ],
    [
      ['--save', '', '--loglevel', 'verbose'],
      ['save ""', 'loglevel "verbose"'],
    ],
    [
      ['--loglevel', 'verbose', '--save'],
      ['loglevel "verbose"', 'save ""'],
    ],
    [['--SAVE'], ['SAVE ""']],
    [
      ['--proc-title-template', '--save', '--save', '', '--hz', '1'],
      ['proc-title-template "--save"', 'save ""', 'hz "1"'],
    ],
    [['--save', '100', '100'], ['save "100" "100"']],
  ] as const)('%j mean %j', (args, lines) => {
    expect(optionLines(...args)).toEqual(lines);
  });

  it('take --sentinel as an option without a value', () => {
    expect(optionLines('--sentinel', '--port', '1')).toEqual(['sentinel', 'port "1"']);
    expect(optionLines('--port', '1', '--sentinel')).toEqual(['port "1"', 'sentinel']);
  });

  it('are bytes: text beyond ASCII becomes its UTF-8', () => {
    expect(optionLines('--requirepass', 'é')).toEqual(['requirepass "\\xc3\\xa9"']);
  });
});

it('the help of a sentinel names its file, which it cannot do without', () => {
  expect(usage('vedette-server')).toContain('Usage: vedette-server [/path/to/redis.conf] [options] [-]\n');
  const help = usage('vedette-sentinel');
  expect(help).toContain('Usage: vedette-sentinel /path/to/sentinel.conf [options]\n');
  expect(help).not.toContain('redis.conf');
});
