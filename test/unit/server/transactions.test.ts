/** MULTI, EXEC and WATCH: what a transaction refuses, and which changes to watched keys count. */
import { beforeEach, describe, expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';
import { GateRank } from '../../../src/server/gates.js';

let server: TestServer;
let client: TestClient;
let other: TestClient;
beforeEach(() => {
  server = new TestServer();
  client = server.connect();
  other = server.connect();
});

const ABORTED = errorReply('EXECABORT Transaction discarded because of previous errors.');

describe('a transaction', () => {
  test('is nothing but queued until EXEC', () => {
    client.call('multi');
    expect(client.call('set', 'a', 1)).toBe('QUEUED');
    expect(client.call('get', 'a')).toBe('QUEUED');
    expect(other.call('exists', 'a')).toBe(0);
    expect(client.call('exec')).toEqual(['OK', '1']);
  });

  test('goes on after a command that fails', () => {
    client.call('multi');
    client.call('set', 'a', 'text');
    client.call('incr', 'a');
    client.call('append', 'a', '!');
    expect(client.call('exec')).toEqual(['OK', errorReply('ERR value is not an integer or out of range'), 5]);
  });

  test('is off when a command could not be queued', () => {
    for (const wrong of [['nonsense'], ['get'], ['config', 'nonsense']]) {
      client.call('multi');
      client.call('set', 'a', 1);
      client.call(...wrong);
      expect(client.call('set', 'b', 1)).toBe('QUEUED');
      expect(client.call('exec')).toEqual(ABORTED);
      expect(client.call('exists', 'a', 'b')).toBe(0);
    }
  });

  test('cannot be nested, nor begin to watch; both leave it in force', () => {
    client.call('multi');
    expect(client.call('multi')).toEqual(errorReply('ERR MULTI calls can not be nested'));
    expect(client.call('watch', 'a')).toEqual(errorReply('ERR WATCH inside MULTI is not allowed'));
    client.call('set', 'a', 1);
    expect(client.call('exec')).toEqual(['OK']);
  });

  test('keeps to one reply per command: nobody begins to monitor in it', () => {
    client.call('multi');
    client.call('monitor');
    client.call('ping');
    expect(client.call('exec')).toEqual([
      errorReply("ERR MONITOR isn't allowed for DENY BLOCKING client"),
      'PONG',
    ]);
  });

  test('is needed for EXEC and DISCARD', () => {
    expect(client.call('exec')).toEqual(errorReply('ERR EXEC without MULTI'));
    expect(client.call('discard')).toEqual(errorReply('ERR DISCARD without MULTI'));
  });

  test('is thrown away by DISCARD, with what is watched', () => {
    client.call('watch', 'a');
    client.call('multi');
    client.call('set', 'a', 1);
    expect(client.call('discard')).toBe('OK');
    other.call('set', 'a', 2);
    client.call('multi');
    client.call('get', 'a');
    expect(client.call('exec')).toEqual(['2']);
  });

  test('is refused with its reason at EXEC, if that no longer may run', () => {
    client.call('multi');
    client.call('set', 'a', 1);
    server.server.gates.add({
      rank: GateRank.Misconfiguration,
      refusal: (_client, _command, _args, writes) => (writes ? 'MISCONF no disk' : null),
    });
    expect(client.call('exec')).toEqual(
      errorReply('EXECABORT Transaction discarded because of: MISCONF no disk'),
    );
    expect(client.call('get', 'a')).toBeNull();
    client.call('multi');
    client.call('get', 'a');
    expect(client.call('exec')).toEqual([null]);
    client.call('multi');
    expect(client.call('exec', 'much')).toEqual(
      errorReply("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"),
    );
    expect(client.call('exec')).toEqual(errorReply('ERR EXEC without MULTI'));
  });

  test('refuses command by command what the rules no longer allow', () => {
    other.call('acl', 'setuser', 'worker', 'on', 'nopass', '~*', '+@all');
    client.call('auth', 'worker', '');
    client.call('multi');
    client.call('set', 'a', 1);
    client.call('get', 'a');
    other.call('acl', 'setuser', 'worker', '-set');
    const [first, second] = client.call('exec') as unknown[];
    expect(String((first as { text: string }).text)).toMatch(
      /^NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call\. /,
    );
    expect(second).toBeNull();
  });

  test('changes the database for those behind it, as it would outside', () => {
    client.call('multi');
    client.call('set', 'a', 0);
    client.call('select', 5);
    client.call('set', 'a', 5);
    expect(client.call('exec')).toEqual(['OK', 'OK', 'OK']);
    expect(client.call('get', 'a')).toBe('5');
    expect(other.call('get', 'a')).toBe('0');
  });

  test('sees time stand still', () => {
    client.call('set', 'a', 1, 'px', 10);
    client.call('multi');
    client.call('get', 'a');
    client.call('debug', 'sleep', '0.1');
    client.call('get', 'a');
    const replies = client.call('exec') as unknown[];
    expect([replies[0], replies[2]]).toEqual(['1', '1']);
  });
});

describe('a watched key', () => {
  /** Whether EXEC still runs after this. */
  const succeedsAfter = (change: () => void, ...keys: string[]): boolean => {
    expect(client.call('watch', ...(keys.length > 0 ? keys : ['key']))).toBe('OK');
    change();
    client.call('multi');
    client.call('ping');
    return client.call('exec') !== null;
  };

  test('that nobody changes lets EXEC run', () => {
    other.call('set', 'key', 1);
    expect(succeedsAfter(() => other.call('get', 'key'))).toBe(true);
    expect(succeedsAfter(() => other.call('set', 'another', 1))).toBe(true);
    expect(succeedsAfter(() => other.call('srem', 'nothing', 'x'))).toBe(true);
  });

  test.each([
    ['set', ['set', 'key', '2']],
    ['the same value', ['set', 'key', '1']],
    ['deleted', ['del', 'key']],
    ['renamed', ['rename', 'key', 'other']],
    ['replaced by renaming', ['rename', 'source', 'key']],
    ['given an expiry', ['expire', 'key', '100']],
    ['moved', ['move', 'key', '1']],
    ['flushed', ['flushdb']],
    ['flushed with all', ['flushall']],
    ['swapped', ['swapdb', '0', '1']],
  ])('that is %s stops EXEC', (_how, command) => {
    other.call('set', 'key', 1);
    other.call('set', 'source', 1);
    expect(succeedsAfter(() => other.call(...command))).toBe(false);
    expect(succeedsAfter(() => undefined)).toBe(true);
  });

  test('changed by the watching client itself stops EXEC, unless inside the transaction', () => {
    expect(succeedsAfter(() => client.call('set', 'key', 1))).toBe(false);
    client.call('watch', 'key');
    client.call('multi');
    client.call('set', 'key', 2);
    expect(client.call('exec')).toEqual(['OK']);
  });

  test('counts only in the database where it is watched', () => {
    const change = (): void => {
      other.call('select', 1);
      other.call('set', 'key', 1);
    };
    expect(succeedsAfter(change)).toBe(true);
  });

  test('that did not exist stops EXEC when it appears, even for a moment', () => {
    const change = (): void => {
      other.call('set', 'key', 1);
      other.call('del', 'key');
    };
    expect(succeedsAfter(change)).toBe(false);
  });

  test('may be one of several', () => {
    expect(succeedsAfter(() => other.call('set', 'b', 1), 'a', 'b', 'a')).toBe(false);
  });

  test('is forgotten by UNWATCH', () => {
    const change = (): void => {
      other.call('set', 'key', 1);
      client.call('unwatch');
    };
    expect(succeedsAfter(change)).toBe(true);
  });

  test('that expires stops EXEC, deleted or not', () => {
    for (const deletes of [true, false]) {
      server.server.activeExpiry.enabled = deletes;
      other.call('set', 'key', 1, 'px', 100);
      expect(succeedsAfter(() => server.advance(500))).toBe(false);
    }
  });

  describe('that had expired before', () => {
    beforeEach(() => {
      server.server.activeExpiry.enabled = false;
      other.call('select', 1);
      other.call('set', 'key', 'stale', 'px', 1);
      other.call('select', 0);
      other.call('set', 'key', 'stale', 'px', 1);
      server.advance(10);
    });

    test.each([
      ['looked up', ['get', 'key']],
      ['flushed', ['flushdb']],
      ['flushed with all', ['flushall']],
      ['swapped with another one', ['swapdb', '0', '1']],
    ])('and is %s lets EXEC run', (_how, command) => {
      expect(succeedsAfter(() => other.call(...command))).toBe(true);
    });

    test('and is deleted by the cycle lets EXEC run', () => {
      const change = (): void => {
        server.server.activeExpiry.enabled = true;
        server.advance(1000);
      };
      expect(succeedsAfter(change)).toBe(true);
    });

    test('and is set anew stops EXEC', () => {
      expect(succeedsAfter(() => other.call('set', 'key', 1))).toBe(false);
    });

    test('and is swapped with one that lives stops EXEC', () => {
      other.call('select', 2);
      other.call('set', 'key', 1);
      expect(succeedsAfter(() => other.call('swapdb', 0, 2))).toBe(false);
    });
  });
});

test('watched keys and queued commands go with the client', () => {
  client.call('watch', 'key');
  client.call('multi');
  client.call('set', 'key', 1);
  client.close();
  other.call('set', 'key', 2);
  expect(other.call('get', 'key')).toBe('2');
  expect(server.server.isTransactionDirty(client.client)).toBe(false);
});
