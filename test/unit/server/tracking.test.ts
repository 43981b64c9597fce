/** CLIENT TRACKING: who is told of which change, when, and through whom. */
import { beforeEach, describe, expect, test } from 'vitest';
import { TestServer, type TestClient } from '../../support/test-server.js';

describe('client tracking', () => {
  let server: TestServer;
  let reader: TestClient;
  let writer: TestClient;

  beforeEach(() => {
    server = new TestServer();
    reader = server.connect();
    writer = server.connect();
    reader.call('hello', '3');
    writer.call('hello', '3');
  });

  const invalidation = (...keys: string[]): unknown => ({ push: ['invalidate', keys] });

  test('a client is told once of a key that it has read', () => {
    reader.call('client', 'tracking', 'on');
    reader.call('get', 'k');
    writer.call('set', 'k', '1');
    expect(reader.replies()).toEqual([invalidation('k')]);
    writer.call('set', 'k', '2');
    expect(reader.replies()).toEqual([]);
  });

  test('a key that only others have read is of no interest', () => {
    reader.call('client', 'tracking', 'on');
    writer.call('get', 'k');
    writer.call('set', 'k', '1');
    expect(reader.replies()).toEqual([]);
  });

  test("a client's own change is told after the reply, and not at all with NOLOOP", () => {
    reader.call('client', 'tracking', 'on');
    reader.call('get', 'k');
    reader.send('set', 'k', '1');
    expect(reader.replies()).toEqual(['OK', invalidation('k')]);
    reader.call('client', 'tracking', 'on', 'noloop');
    reader.call('get', 'k');
    reader.send('set', 'k', '2');
    expect(reader.replies()).toEqual(['OK']);
  });

  test('what a transaction changes is told after its reply', () => {
    reader.call('client', 'tracking', 'on');
    reader.call('get', 'k');
    reader.call('multi');
    reader.call('incr', 'k');
    reader.send('exec');
    expect(reader.replies()).toEqual([[1], invalidation('k')]);
  });

  test('with BCAST, all changes of a turn under a prefix come in one message, read or not', () => {
    reader.call('client', 'tracking', 'on', 'bcast', 'prefix', 'a:');
    writer.call('mset', 'a:1', '1', 'b:1', '1', 'a:2', '2');
    expect(reader.replies()).toEqual([invalidation('a:1', 'a:2')]);
  });

  test('OPTIN remembers only what follows CLIENT CACHING YES, OPTOUT all but what follows NO', () => {
    reader.call('client', 'tracking', 'on', 'optin');
    reader.call('get', 'k');
    reader.call('client', 'caching', 'yes');
    reader.call('get', 'l');
    writer.call('mset', 'k', '1', 'l', '1');
    expect(reader.replies()).toEqual([invalidation('l')]);
    reader.call('client', 'tracking', 'off');
    reader.call('client', 'tracking', 'on', 'optout');
    reader.call('get', 'k');
    reader.call('client', 'caching', 'no');
    reader.call('get', 'l');
    writer.call('mset', 'k', '2', 'l', '2');
    expect(reader.replies()).toEqual([invalidation('k')]);
  });

  test('REDIRECT reaches a RESP2 subscriber as a message; when that one has gone, the client is told so', () => {
    const listener = server.connect();
    const id = listener.call('client', 'id') as number;
    listener.call('subscribe', '__redis__:invalidate');
    reader.call('client', 'tracking', 'on', 'redirect', id);
    reader.call('get', 'k');
    writer.call('set', 'k', '1');
    expect(listener.replies()).toEqual([['message', '__redis__:invalidate', ['k']]]);
    listener.close();
    reader.call('get', 'k');
    writer.call('set', 'k', '2');
    expect(reader.replies()).toEqual([{ push: ['tracking-redir-broken', id] }]);
  });

  test('flushing tells of all keys at once', () => {
    reader.call('client', 'tracking', 'on');
    reader.call('get', 'k');
    writer.call('flushall');
    expect(reader.replies()).toEqual([{ push: ['invalidate', null] }]);
  });

  test('the table is kept within its limit: what is forgotten is told as changed', () => {
    reader.call('client', 'tracking', 'on');
    reader.call('mget', 'a', 'b', 'c');
    writer.call('config', 'set', 'tracking-table-max-keys', '1');
    writer.call('ping');
    expect(reader.replies()).toEqual([invalidation('a'), invalidation('b')]);
  });
});
