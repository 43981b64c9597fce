/** DEBUG: the digest that stock servers compute, and the rest of what tests need. */
import { beforeEach, describe, expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

const NOTHING = '0'.repeat(40);

let server: TestServer;
let client: TestClient;
beforeEach(() => {
  server = new TestServer({ 'enable-debug-command': 'yes' });
  client = server.connect();
});

describe('DIGEST', () => {
  test('of nothing is all zeros', () => {
    expect(client.call('debug', 'digest')).toBe(NOTHING);
    expect(client.call('debug', 'digest-value', 'nosuch')).toEqual([NOTHING]);
  });

  test('is the one of a stock server', () => {
    client.call('set', 'a', 1);
    client.call('set', 'b', 'hello', 'ex', 1000);
    client.call('rpush', 'l', 'a', 'b', 'c', 1, 2);
    client.call('select', 3);
    client.call('set', 'x', 'y');
    client.call('set', 'bin', 'a\xff\x01');
    // From redis-server 7.0.15 with the same commands.
    expect(client.call('debug', 'digest')).toBe('55ecd2e499cad551b5e53e1a30401214ad53da03');
    client.call('select', 0);
    expect(client.call('debug', 'digest-value', 'a', 'l')).toEqual([
      'b4fc66738120fba0b5aa500ab5c2bf89cea1c5da',
      'f48a1249517530ff1906fc79ddbf9b687f71f06f',
    ]);
  });

  test('does not depend on the order of keys and members, but on that of list elements', () => {
    const digestOf = (...commands: string[][]): unknown => {
      client.call('flushall');
      for (const command of commands) client.call(...command);
      return client.call('debug', 'digest');
    };
    expect(digestOf(['set', 'a', '1'], ['set', 'b', '2'])).toBe(
      digestOf(['set', 'b', '2'], ['set', 'a', '1']),
    );
    expect(digestOf(['sadd', 's', 'a', 'b'])).toBe(digestOf(['sadd', 's', 'b', 'a']));
    expect(digestOf(['rpush', 'l', 'a', 'b'])).not.toBe(digestOf(['rpush', 'l', 'b', 'a']));
  });
});

describe('DEBUG', () => {
  test('is refused unless it was enabled', () => {
    const refused = new TestServer().connect();
    expect(refused.call('debug', 'help')).toMatchObject({
      text: expect.stringMatching(/^ERR DEBUG command not allowed\. If the enable-debug-command option/),
    });
  });

  test('POPULATE makes keys that replicas do not hear of', () => {
    expect(server.propagatedBy(() => client.call('debug', 'populate', 3, 'p', 10))).toEqual([]);
    expect(client.call('get', 'p:2')).toBe('value:2\0\0\0');
    client.call('debug', 'populate', 2);
    expect(client.call('dbsize')).toBe(5);
  });

  test('OBJECT shows an address that lasts as long as the value', () => {
    const addressOf = (key: string): string =>
      String(client.call('debug', 'object', key)).split(' ')[1] ?? '';
    client.call('set', 'a', 20000);
    const before = addressOf('a');
    client.call('incr', 'a');
    expect(addressOf('a')).toBe(before);
    expect(client.call('debug', 'object', 'a')).toMatch(
      /^Value at:[0-9a-f]+ refcount:1 encoding:int serializedlength:\d+ lru:\d+ lru_seconds_idle:0$/,
    );
    client.call('set', 'a', 'text');
    expect(addressOf('a')).not.toBe(before);
    expect(client.call('debug', 'object', 'nosuch')).toEqual(errorReply('ERR no such key'));
  });

  test('PROTOCOL answers with every type', () => {
    expect(client.call('debug', 'protocol', 'attrib')).toBe('Some real reply following the attribute');
    client.call('hello', 3);
    expect(client.call('debug', 'protocol', 'true')).toBe(true);
    expect(client.call('debug', 'protocol', 'bignum')).toBe(1234567999999999999999999999999999999n);
    expect(client.callRaw('debug', 'protocol', 'verbatim').toString()).toBe(
      '=29\r\ntxt:This is a verbatim\nstring\r\n',
    );
  });

  test('SET-ACTIVE-EXPIRE 0 leaves expired keys to whoever asks for them', () => {
    client.call('debug', 'set-active-expire', 0);
    client.call('set', 'a', 'b', 'px', 10);
    server.advance(1000);
    expect(client.call('dbsize')).toBe(1);
    client.call('debug', 'set-active-expire', 1);
    server.advance(1000);
    expect(client.call('dbsize')).toBe(0);
  });

  test('takes subcommands of the parts above', () => {
    server.server.debugSubcommands.set('reload', ({ reply }) => reply.ok());
    expect(client.call('debug', 'RELOAD')).toBe('OK');
  });

  test('refuses what it does not know', () => {
    expect(client.call('debug', 'nosuch')).toEqual(
      errorReply("ERR unknown subcommand or wrong number of arguments for 'nosuch'. Try DEBUG HELP."),
    );
    expect(client.call('debug', 'sleep')).toMatchObject({
      text: expect.stringMatching(/arguments for 'sleep'/),
    });
  });
});

describe('SHUTDOWN', () => {
  test('ends the server without a reply', () => {
    let ended = false;
    server.server.shutdown.exit = () => {
      ended = true;
    };
    client.send('shutdown', 'nosave');
    expect(ended).toBe(true);
    expect(client.replies()).toEqual([]);
  });

  test('that waits can be aborted', () => {
    server.server.shutdown.addParticipant({ isReady: () => false });
    client.send('shutdown', 'nosave');
    const other = server.connect();
    expect(other.call('info', 'server')).toMatch(/shutdown_in_milliseconds:10000\r\n/);
    expect(other.call('shutdown', 'abort')).toBe('OK');
    expect(client.replies()).toEqual([errorReply('ERR Errors trying to SHUTDOWN. Check logs.')]);
    expect(other.call('shutdown', 'abort')).toEqual(errorReply('ERR No shutdown in progress.'));
  });

  test.each([['foo'], ['save', 'nosave'], ['abort', 'now']])('%s is a syntax error', (...args) => {
    expect(client.call('shutdown', ...args)).toEqual(errorReply('ERR syntax error'));
  });
});

test('HTSTATS-KEY shows the size of what is kept as a hash table', () => {
  client.call('config', 'set', 'set-max-listpack-entries', 2);
  client.call('sadd', 'large', 'a', 'b', 'c');
  client.call('sadd', 'small', 'a');
  expect(client.call('debug', 'htstats-key', 'large')).toContain('number of elements: 3\n');
  expect(client.call('debug', 'htstats-key', 'large', 'full')).toContain('number of elements: 3\n');
  expect(client.call('debug', 'htstats-key', 'small')).toEqual(
    errorReply('ERR The value stored at the specified key is not represented using an hash table'),
  );
  expect(client.call('debug', 'htstats-key', 'none')).toEqual(errorReply('ERR no such key'));
});
