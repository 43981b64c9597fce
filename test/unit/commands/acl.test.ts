/** The ACL command, and what its rules do to clients. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ConfigFileError } from '../../../src/config/errors.js';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let admin: TestClient;
let alice: TestClient;
beforeEach(() => {
  server = new TestServer();
  admin = server.connect();
  admin.call('acl', 'setuser', 'alice', 'on', '>p', '+@all', '-flushall', '~a*', '&c*');
  alice = server.connect();
  alice.call('auth', 'alice', 'p');
});

/** What ACL LOG has of its latest entry. */
function latestDenial(): Record<string, unknown> {
  admin.call('hello', '3');
  const [entry] = admin.call('acl', 'log') as { map: [string, unknown][] }[];
  admin.call('hello', '2');
  return Object.fromEntries(entry?.map ?? []);
}

describe('a denied command', () => {
  test('is answered in the words of Redis 7.2', () => {
    expect(alice.call('flushall')).toEqual(
      errorReply("NOPERM User alice has no permissions to run the 'flushall' command"),
    );
    expect(alice.call('get', 'b')).toEqual(errorReply('NOPERM No permissions to access a key'));
    expect(alice.call('publish', 'b', 'x')).toEqual(errorReply('NOPERM No permissions to access a channel'));
    expect(alice.call('get', 'a')).toBeNull();
  });

  test('is counted and logged', () => {
    alice.call('get', 'b');
    alice.call('get', 'b');
    expect(latestDenial()).toMatchObject({
      count: 2,
      reason: 'key',
      context: 'toplevel',
      object: 'b',
      username: 'alice',
      'entry-id': 0,
      'client-info': expect.stringMatching(/ cmd=get user=alice /),
    });
    expect(admin.call('info', 'stats')).toMatch(/acl_access_denied_key:2\r\n/);
    expect(admin.call('info', 'commandstats')).toMatch(
      /cmdstat_get:calls=0,usec=0,.*,rejected_calls=2,failed_calls=0\r\n/,
    );
  });

  test('makes a transaction fail', () => {
    alice.call('multi');
    alice.call('get', 'b');
    expect(latestDenial()).toMatchObject({ context: 'multi' });
    expect(alice.call('exec')).toEqual(
      errorReply('EXECABORT Transaction discarded because of previous errors.'),
    );
  });

  test('may have been allowed when it was queued', () => {
    alice.call('multi');
    alice.call('incr', 'a');
    admin.call('acl', 'setuser', 'alice', '-incr');
    expect(alice.call('exec')).toEqual([
      errorReply(
        'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. ' +
          "This command is no longer allowed for the following reason: User alice has no permissions to run the 'incr' command",
      ),
    ]);
    expect(latestDenial()).toMatchObject({ context: 'multi', object: 'incr' });
  });

  test('may have been allowed when it blocked', () => {
    alice.send('blpop', 'a', 0);
    admin.call('acl', 'setuser', 'alice', 'resetkeys');
    admin.call('rpush', 'a', 'x');
    expect(alice.replies()).toEqual([errorReply('NOPERM No permissions to access a key')]);
    expect(admin.call('lrange', 'a', 0, -1)).toEqual(['x']);
  });
});

describe('SETUSER', () => {
  test('applies all rules or none', () => {
    expect(admin.call('acl', 'setuser', 'bob', 'on', '+get', '+nosuch')).toEqual(
      errorReply("ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL"),
    );
    expect(admin.call('acl', 'getuser', 'bob')).toBeNull();
  });

  test('takes selectors in one argument or in several', () => {
    admin.call('acl', 'setuser', 'bob', '(~key1 +get )', '(', '~key2', '+get', ')');
    const fields = admin.call('acl', 'getuser', 'bob') as unknown[];
    expect(fields.at(-1)).toEqual([
      ['commands', '-@all +get', 'keys', '~key1', 'channels', ''],
      ['commands', '-@all +get', 'keys', '~key2', 'channels', ''],
    ]);
    expect(admin.call('acl', 'setuser', 'bob', '(+get', '~x')).toEqual(
      errorReply("ERR Unmatched parenthesis in acl selector starting at '(+get'."),
    );
  });

  test('refuses names that a file could not hold', () => {
    const text = "ERR Usernames can't contain spaces or null characters";
    expect(admin.call('acl', 'setuser', 'a b')).toEqual(errorReply(text));
    expect(admin.call('acl', 'setuser', 'a\0b')).toEqual(errorReply(text));
  });

  test('disconnects subscribers that may no longer listen, and pardons the others', () => {
    alice.call('subscribe', 'c1');
    const second = server.connect();
    second.call('auth', 'alice', 'p');
    second.call('psubscribe', 'c*');
    admin.call('acl', 'setuser', 'alice', 'resetchannels', '&c*', '&more');
    expect(alice.client.closed).toBe(false);
    admin.call('acl', 'setuser', 'alice', 'resetchannels', '&c1');
    expect(alice.client.closed).toBe(false);
    expect(second.client.closed).toBe(true);
  });
});

describe('GETUSER and LIST', () => {
  test('show what makes a user', () => {
    expect(admin.call('acl', 'getuser', 'alice')).toEqual([
      'flags',
      ['on', 'sanitize-payload'],
      'passwords',
      ['148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940'],
      'commands',
      '+@all -flushall',
      'keys',
      '~a*',
      'channels',
      '&c*',
      'selectors',
      [],
    ]);
    expect(admin.call('acl', 'list')).toEqual([
      'user alice on sanitize-payload #148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940 ~a* resetchannels &c* +@all -flushall',
      'user default on nopass sanitize-payload ~* &* +@all',
    ]);
    expect(admin.call('acl', 'users')).toEqual(['alice', 'default']);
    expect(alice.call('acl', 'whoami')).toBe('alice');
  });
});

describe('DELUSER', () => {
  test('disconnects the clients of the user; whoever asked is answered first', () => {
    const second = server.connect();
    second.call('auth', 'alice', 'p');
    expect(alice.call('acl', 'deluser', 'alice', 'nobody')).toBe(1);
    expect(second.client.closed).toBe(true);
    expect(alice.client.closeAfterReply).toBe(true);
  });

  test('leaves the default user alone', () => {
    expect(admin.call('acl', 'deluser', 'alice', 'default')).toEqual(
      errorReply("ERR The 'default' user cannot be removed"),
    );
    expect(admin.call('acl', 'users')).toEqual(['alice', 'default']);
  });
});

describe('AUTH', () => {
  test('that fails is logged with the name that was tried', () => {
    alice.call('auth', 'alice', 'wrong');
    expect(latestDenial()).toMatchObject({ reason: 'auth', object: 'auth', username: 'alice' });
    expect(admin.call('info', 'stats')).toMatch(/acl_access_denied_auth:1\r\n/);
  });

  test('to a user that is off fails', () => {
    admin.call('acl', 'setuser', 'alice', 'off');
    expect(alice.call('auth', 'alice', 'p')).toEqual(
      errorReply('WRONGPASS invalid username-password pair or user is disabled.'),
    );
  });
});

test('CAT lists categories and their commands', () => {
  expect(admin.call('acl', 'cat')).toHaveLength(21);
  expect(admin.call('acl', 'cat', 'transaction')).toEqual(
    expect.arrayContaining(['multi', 'exec', 'discard', 'watch', 'unwatch']),
  );
  expect(admin.call('acl', 'cat', 'dangerous')).toContain('client|kill');
  expect(admin.call('acl', 'cat', 'x')).toEqual(errorReply("ERR Unknown category 'x'"));
});

test('DRYRUN tells what would happen, with names', () => {
  expect(admin.call('acl', 'dryrun', 'alice', 'get', 'a')).toBe('OK');
  expect(admin.call('acl', 'dryrun', 'alice', 'get', 'b')).toBe(
    "User alice has no permissions to access the 'b' key",
  );
  expect(admin.call('acl', 'dryrun', 'alice', 'publish', 'b', 'x')).toBe(
    "User alice has no permissions to access the 'b' channel",
  );
  expect(admin.call('acl', 'dryrun', 'alice', 'client', 'nosuch')).toEqual(
    errorReply("ERR Command 'client' not found"),
  );
  expect(admin.call('acl', 'dryrun', 'alice', 'set', 'a')).toEqual(
    errorReply("ERR wrong number of arguments for 'set' command"),
  );
  expect(admin.call('acl', 'dryrun', 'nobody', 'get', 'a')).toEqual(
    errorReply("ERR User 'nobody' not found"),
  );
});

test('GENPASS makes as many bits as asked for', () => {
  expect(admin.call('acl', 'genpass')).toMatch(/^[0-9a-f]{64}$/);
  expect(admin.call('acl', 'genpass', 5)).toMatch(/^[0-9a-f]{2}$/);
  for (const bits of ['0', '-1', '4097', 'x']) {
    expect(admin.call('acl', 'genpass', bits)).toMatchObject({
      text: expect.stringMatching(/^ERR ACL GENPASS/),
    });
  }
});

test('LOG can be shortened, limited and forgotten', () => {
  for (let i = 0; i < 12; i++) alice.call('get', `b${i}`);
  expect(admin.call('acl', 'log')).toHaveLength(10);
  expect(admin.call('acl', 'log', 2)).toHaveLength(2);
  expect(admin.call('acl', 'log', -5)).toEqual([]);
  expect(admin.call('acl', 'log', 'reset')).toBe('OK');
  expect(admin.call('acl', 'log')).toEqual([]);
});

describe('with an ACL file', () => {
  const path = '/users.acl';

  beforeEach(() => {
    server = new TestServer({ aclfile: path });
    server.server.platform.disk.writeFileSync(
      path,
      Buffer.from('user alice on +@all ~* >p\nuser default on nopass ~* &* +@all\n'),
    );
    server.server.acl.loadAtStart([]);
    admin = server.connect();
  });

  test('users come from it and go to it', () => {
    expect(admin.call('acl', 'users')).toEqual(['alice', 'default']);
    admin.call('acl', 'setuser', 'bob', 'on');
    expect(admin.call('acl', 'save')).toBe('OK');
    expect(server.server.platform.disk.readFileSync(path).toString()).toMatch(/^user bob on .*$/m);
    expect(admin.call('acl', 'deluser', 'bob')).toBe(1);
    expect(admin.call('acl', 'load')).toBe('OK');
    expect(admin.call('acl', 'users')).toEqual(['alice', 'bob', 'default']);
  });

  test('LOAD disconnects the clients of all but the default user', () => {
    alice = server.connect();
    alice.call('auth', 'alice', 'p');
    expect(admin.call('acl', 'load')).toBe('OK');
    expect(alice.client.closed).toBe(true);
    expect(admin.client.closed).toBe(false);
  });

  test('a file with a fault changes nothing', () => {
    server.server.platform.disk.writeFileSync(path, Buffer.from('user bob on\nuser alice +nosuch\n'));
    expect(admin.call('acl', 'load')).toMatchObject({
      text: expect.stringMatching(/^ERR \/users.acl:2: .* no change to the previously active ACL rules/),
    });
    expect(admin.call('acl', 'users')).toEqual(['alice', 'default']);
  });
});

test('without an ACL file LOAD and SAVE say so', () => {
  for (const subcommand of ['load', 'save']) {
    expect(admin.call('acl', subcommand)).toMatchObject({
      text: expect.stringMatching(/^ERR This Redis instance is not configured to use an ACL file\./),
    });
  }
});

describe('user lines of the configuration', () => {
  const line = (
    ...words: string[]
  ): { words: string[]; text: string; lineNumber: number; includedFrom: null } => ({
    words: ['user', ...words],
    text: words.join(' '),
    lineNumber: 1,
    includedFrom: null,
  });

  test('make users; one about the default user starts from nothing', () => {
    server.server.acl.loadAtStart([line('bob', 'on', '+get'), line('default', 'on', 'nopass', '+ping')]);
    expect(admin.call('ping')).toBe('PONG');
    expect(admin.call('get', 'a')).toMatchObject({ text: expect.stringMatching(/^NOPERM/) });
    expect(server.server.acl.find('bob')?.describe()).toBe('on sanitize-payload resetchannels -@all +get');
  });

  test.each([
    [
      [line('a'), line('a')],
      "Error in user declaration 'a': Duplicate user found. A user can only be defined once in config files",
    ],
    [[line('a', '+nosuch')], "Error in user declaration '+nosuch': Unknown command or category name in ACL"],
  ])('that make no sense stop the start', (lines, reason) => {
    const load = (): void => server.server.acl.loadAtStart(lines);
    expect(load).toThrow(ConfigFileError);
    expect(load).toThrow(reason);
  });

  test('are written again when the configuration is', () => {
    const users = server.server.config.rewriteLines().find(({ option }) => option === 'user');
    expect(users?.lines.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^user alice on .* -flushall$/),
      'user default on nopass sanitize-payload ~* &* +@all',
    ]);
  });
});
