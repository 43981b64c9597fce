/** vedette-cli against redis-cli: the same arguments and input must give the same output and status. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Member } from '../../src/lab/member.js';
import { compareClis, runOurs, runStock, type CliResult } from '../support/cli-comparison.js';
import { RealServers } from '../support/real-servers.js';

const servers = new RealServers();
let server: Member;

beforeAll(async () => {
  server = await servers.start('stock');
  await server.call('RPUSH', 'list', 'a', 'b\nc', '\x01\xff"\xc3\xa9');
  await server.call('RPUSH', 'long', ...Array.from({ length: 12 }, (_, i) => `item ${i}`));
  await server.call('HSET', 'hash', 'field', 'value', 'other', '');
  await server.call('ZADD', 'zset', '1.5', 'a', '2', 'b');
  await server.call('SADD', 'set', 'one');
  await server.call('SET', 'text', 'line\r\n\ttab \\ "quotes" \x0b\x7f\x00');
});

afterAll(async () => {
  await servers.close();
});

/** Runs both, one after the other, and expects no difference. */
async function compare(args: readonly string[], options: { input?: string; isForPerson?: boolean } = {}) {
  await compareClis(server.address.port, args, options);
}

/**
 * A request that reaches the server before it closes makes the kernel reset the connection; one that is
 * later finds it closed. Either program may meet either, so the two reasons count as one.
 */
function withoutKindOfClose(result: CliResult): CliResult {
  const kinds = /Server closed the connection|Connection reset by peer/g;
  return { ...result, errors: result.errors.replace(kinds, 'closed') };
}

const NESTED = 'return {1,{2,{3,"x",{}},4},{err="ERR bad"}, false}';

const COMMANDS: readonly (readonly string[])[] = [
  ['PING'],
  ['GET', 'none'],
  ['GET', 'text'],
  ['LRANGE', 'list', '0', '-1'],
  ['LRANGE', 'long', '0', '-1'],
  ['LRANGE', 'none', '0', '-1'],
  ['LLEN', 'list'],
  ['HGETALL', 'hash'],
  ['HGETALL', 'none'],
  ['SMEMBERS', 'set'],
  ['SMEMBERS', 'none'],
  ['ZRANGE', 'zset', '0', '-1', 'WITHSCORES'],
  ['ZSCORE', 'zset', 'a'],
  ['EVAL', NESTED, '0'],
  ['NOSUCH', 'a', 'b'],
  ['INFO', 'keyspace'],
  ['LOLWUT', 'VERSION', '5', '1', '1', '1'],
  ['DEBUG', 'PROTOCOL', 'true'],
  ['DEBUG', 'PROTOCOL', 'double'],
  ['DEBUG', 'PROTOCOL', 'null'],
  ['DEBUG', 'PROTOCOL', 'map'],
  ['DEBUG', 'PROTOCOL', 'verbatim'],
  ['CONFIG', 'GET', 'maxmemory*'],
  ['COMMAND', 'INFO', 'GET', 'NOSUCH', 'XGROUP'],
  ['COMMAND', 'DOCS', 'SET'],
];

describe.each([
  [['--no-raw']],
  [['--no-raw', '-3']],
  [['--raw']],
  [['--raw', '-3']],
  [['--csv']],
  [['--csv', '-3']],
  [['--json']],
  [['--json', '-2']],
  [['--quoted-json']],
  [['-e']],
])('replies with %j', (flags) => {
  test.each(COMMANDS.map((command) => [command]))('%j', async (command) => {
    await compare([...flags, ...command]);
  });
});

describe('options', () => {
  test('a terminal gets what --no-raw gives', async () => {
    await compare(['LRANGE', 'list', '0', '-1'], { isForPerson: true });
    await compare(['NOSUCH'], { isForPerson: true });
    await compare(['INFO', 'keyspace'], { isForPerson: true });
  });

  test.each([
    [['-r', '3', 'PING']],
    [['-r', '0', 'PING']],
    [['-r', '2', '-i', '0.01', 'PING']],
    [['-d', '|', 'LRANGE', 'long', '0', '3']],
    [['-D', '', '-r', '2', 'PING']],
    [['-n', '3', 'CLIENT', 'LIST', 'TYPE', 'replica']],
    [['-n', '99', 'GET', 'x']],
    [['-a', 'wrong', 'PING']],
    [['-a', 'wrong', '--no-auth-warning', 'PING']],
    [['--user', 'nobody', '--pass', 'x', 'PING']],
    [['--quoted-input', 'ECHO', '"a\\x00\\xffb"']],
    [['--quoted-input', 'ECHO', '"unterminated']],
    [['--quoted-input', 'ECHO', '"one" "two"']],
    [['-e', 'NOSUCH']],
    [['-e', 'PING']],
    [['-x', '-X', 'tag', 'PING']],
    [['-2', '-3', 'PING']],
    [['--bogus']],
    [['PING', '-x']],
    [['-p']],
    [['-p', '1', 'PING']],
    [['-s', '/nonexistent/socket', 'PING']],
    [['-u', 'http://x', 'PING']],
  ])('%j', async (args) => {
    await compare(args);
  });

  test('-x and -X take standard input', async () => {
    await compare(['-x', 'ECHO'], { input: 'from\ninput\n\xff' });
    await compare(['-X', 'tag', 'ECHO', 'tag'], { input: 'tagged' });
    await compare(['-X', 'tag', 'ECHO', 'other'], { input: 'tagged' });
  });

  test('a URI names server, user, password and database', async () => {
    await server.call('ACL', 'SETUSER', 'me', 'on', '>s:c@r/t', '~*', '+@all');
    const uri = `redis://me:s%3Ac%40r%2ft@127.0.0.1:${server.address.port}/2`;
    await compare(['-u', uri, '--no-auth-warning', 'ACL', 'WHOAMI']);
    await compare(['-u', uri, 'CLIENT', 'LIST', 'TYPE', 'replica']);
  });
});

describe('commands from a pipe', () => {
  test.each([false, true])('for a person: %s', async (isForPerson) => {
    const input =
      'SET k 1\nget k\nNOSUCH\n"unbalanced\n\nSELECT 2\nGET k\nMULTI\nSET x 1\nEXEC\n' +
      'HELLO 3\nHGETALL none\n3 PING\nDISCARD\nMULTI\nSELECT 5\nDISCARD\nSELECT 0\nEXISTS x\nDEL k';
    const options = { input: input.replace('HELLO 3\n', ''), isForPerson };
    await compare([], options);
  });

  test('quit and exit end it', async () => {
    await compare([], { input: 'PING\nQUIT\nPING\n' });
    await compare([], { input: 'PING\nexit\nPING\n' });
  });

  test('a server that closes the connection is told, and the next command connects again', async () => {
    await server.call('ACL', 'SETUSER', 'killer', 'on', 'nopass', '+@all');
    const args = ['-p', String(server.address.port), '--user', 'killer', '--pass', 'x', '--no-auth-warning'];
    const input = 'CLIENT KILL USER killer SKIPME no\nPING\n';
    const stock = withoutKindOfClose(await runStock(args, { input }));
    expect(stock).toMatchObject({ errors: 'Error: closed\n' });
    expect(withoutKindOfClose(await runOurs(args, { input }))).toEqual(stock);
  });

  test('without a server every command says so', async () => {
    await compare(['-p', '1'], { input: 'PING\nPING\n' });
  });
});
