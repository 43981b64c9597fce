import { describe, expect, test } from 'vitest';
import { CliError } from '../../../src/cli/errors.js';
import { parseCommandLine, type CliOptions } from '../../../src/cli/options.js';
import { parseRedisUri } from '../../../src/cli/uri.js';

function options(args: readonly string[], environment: Record<string, string> = {}): CliOptions {
  const parsed = parseCommandLine(args, environment);
  if (parsed.kind !== 'run') throw new Error(parsed.kind);
  return parsed.options;
}

describe('the command line', () => {
  test('options end at the first word that is none', () => {
    expect(options(['-h', 'there', '-p', '7', '-n', '2', 'SET', '-x', '-1'])).toMatchObject({
      host: 'there',
      port: 7,
      database: 2,
      lastArgumentFromInput: false,
      command: ['SET', '-x', '-1'],
    });
  });

  test('arguments are bytes', () => {
    expect(options(['ECHO', 'caf\u00e9']).command).toEqual(['ECHO', 'caf\xc3\xa9']);
  });

  test('-h as the last word asks for help', () => {
    expect(parseCommandLine(['-h'], {})).toEqual({ kind: 'help' });
    expect(parseCommandLine(['-p', '1', '--help'], {})).toEqual({ kind: 'help' });
    expect(parseCommandLine(['--version'], {})).toEqual({ kind: 'version' });
  });

  test('JSON prefers RESP3, an explicit version wins in any order', () => {
    expect(options(['--json', 'PING']).protocol).toBe('auto');
    expect(options(['--json', '-2', 'PING']).protocol).toBe(2);
    expect(options(['-2', '--json', 'PING']).protocol).toBe(2);
    expect(options(['-3', '--quoted-json', 'PING']).protocol).toBe(3);
  });

  test('the password comes from -a, or from the environment without a warning', () => {
    expect(options(['-a', 'x', 'PING'], { REDISCLI_AUTH: 'y' })).toMatchObject({
      password: 'x',
      warnsOfPassword: true,
    });
    expect(options(['PING'], { REDISCLI_AUTH: 'y' })).toMatchObject({
      password: 'y',
      warnsOfPassword: false,
    });
    expect(options(['--no-auth-warning', '-a', 'x', 'PING']).warnsOfPassword).toBe(false);
  });

  test.each([
    [['--nonsense']],
    [['-p']],
    [['-p', 'x', 'PING']],
    [['-p', '65536', 'PING']],
    [['-2', '-3', 'PING']],
    [['-x', '-X', 'tag', 'PING']],
    [['-c', '-s', '/socket', 'PING']],
    [['--ldb', '--eval', 'x.lua']],
    [['--tls', 'PING']],
    [['--pattern']],
    [['--rdb', 'x', '--functions-rdb', 'x']],
    [['--scan', '--quoted-pattern', '"open']],
    [['-u', 'rediss://host', 'PING']],
  ])('%j is refused', (args) => {
    expect(() => options(args)).toThrow(CliError);
  });
});

describe('the options of modes', () => {
  test('have their defaults and values', () => {
    expect(options(['PING']).modes).toMatchObject({ pattern: null, count: 10, pipeTimeoutSeconds: 30 });
    const { modes } = options(['--scan', '--quoted-pattern', '"\\x00*"', '--count', '7']);
    expect(modes).toMatchObject({ pattern: '\0*', count: 7 });
    expect([...modes.chosen]).toEqual(['scan']);
    expect([...options(['--slave']).modes.chosen]).toEqual(['replica']);
    expect([...options(['--memkeys-samples', '3']).modes.chosen]).toEqual(['memkeys']);
  });

  test('of --eval are keys and arguments', () => {
    const { modes, command } = options(['--eval', 'x.lua', 'k', ',', 'a']);
    expect(modes.scriptPath).toBe('x.lua');
    expect(command).toEqual(['k', ',', 'a']);
  });

  test('say in clear words what there is not', () => {
    expect(() => options(['--eval', 'x.lua', '--ldb'])).toThrow(
      '--ldb: there is no debugger for scripts here',
    );
  });
});

describe('a URI', () => {
  test.each([
    ['redis://', {}],
    ['redis://host', { host: 'host' }],
    ['REDIS://host:7/3', { host: 'host', port: 7, database: 3 }],
    ['redis://secret@host', { password: 'secret', host: 'host' }],
    ['redis://:secret@host', { password: 'secret', host: 'host' }],
    ['redis://me:se%40c%ff@[::1]:7', { username: 'me', password: 'se@c\xff', host: '::1', port: 7 }],
    ['redis:///4', { database: 4 }],
  ])('%s', (uri, parts) => {
    expect(parseRedisUri(uri)).toEqual(parts);
  });

  test('of another scheme is refused', () => {
    expect(() => parseRedisUri('http://host')).toThrow('Invalid URI scheme');
  });
});
