/** Publishing and subscribing, in both protocols. */
import { beforeEach, describe, expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let publisher: TestClient;
let client: TestClient;
beforeEach(() => {
  server = new TestServer();
  publisher = server.connect();
  client = server.connect();
});

describe('a subscriber', () => {
  test('hears what is published on its channels, in order', () => {
    client.send('subscribe', 'a', 'b');
    expect(client.replies()).toEqual([
      ['subscribe', 'a', 1],
      ['subscribe', 'b', 2],
    ]);
    expect(publisher.call('publish', 'a', '1')).toBe(1);
    expect(publisher.call('publish', 'c', '2')).toBe(0);
    expect(publisher.call('publish', 'b', '\0\xff')).toBe(1);
    expect(client.replies()).toEqual([
      ['message', 'a', '1'],
      ['message', 'b', '\0\xff'],
    ]);
  });

  test('hears by pattern what matches, once per pattern and once by name', () => {
    client.send('psubscribe', 'news.*', 'n*', 'x');
    client.send('subscribe', 'news.art');
    client.replies();
    expect(publisher.call('publish', 'news.art', 'm')).toBe(3);
    expect(client.replies()).toEqual([
      ['message', 'news.art', 'm'],
      ['pmessage', 'news.*', 'news.art', 'm'],
      ['pmessage', 'n*', 'news.art', 'm'],
    ]);
  });

  test('subscribes once to what it names twice', () => {
    client.send('subscribe', 'a', 'a');
    expect(client.replies()).toEqual([
      ['subscribe', 'a', 1],
      ['subscribe', 'a', 1],
    ]);
    expect(publisher.call('publish', 'a', 'm')).toBe(1);
  });

  test('leaves channels by name or all at once; counts go over channels and patterns together', () => {
    client.send('subscribe', 'a', 'b');
    client.send('psubscribe', 'c*');
    client.replies();
    client.send('unsubscribe', 'a', 'nothing');
    expect(client.replies()).toEqual([
      ['unsubscribe', 'a', 2],
      ['unsubscribe', 'nothing', 2],
    ]);
    client.send('unsubscribe');
    client.send('punsubscribe');
    expect(client.replies()).toEqual([
      ['unsubscribe', 'b', 1],
      ['punsubscribe', 'c*', 0],
    ]);
    client.send('unsubscribe');
    client.send('punsubscribe');
    client.send('sunsubscribe');
    expect(client.replies()).toEqual([
      ['unsubscribe', null, 0],
      ['punsubscribe', null, 0],
      ['sunsubscribe', null, 0],
    ]);
    expect(client.client.kind).toBe('normal');
  });

  test('of the old protocol may do nothing else meanwhile', () => {
    client.send('subscribe', 'a');
    client.replies();
    expect(client.call('get', 'key')).toEqual(
      errorReply(
        "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
      ),
    );
    expect(client.call('ping')).toEqual(['pong', '']);
    client.send('unsubscribe');
    client.replies();
    expect(client.call('get', 'key')).toBeNull();
  });

  test('of the new protocol goes on as any other, and messages come as pushes', () => {
    client.call('hello', 3);
    client.send('subscribe', 'a');
    expect(client.replies()).toEqual([{ push: ['subscribe', 'a', 1] }]);
    expect(client.call('set', 'key', 1)).toBe('OK');
    publisher.call('publish', 'a', 'm');
    expect(client.replies()).toEqual([{ push: ['message', 'a', 'm'] }]);
  });

  test('hears itself after the count of receivers', () => {
    client.call('hello', 3);
    client.call('subscribe', 'a');
    client.send('publish', 'a', 'm');
    expect(client.replies()).toEqual([1, { push: ['message', 'a', 'm'] }]);
  });

  test('that goes is forgotten', () => {
    client.send('subscribe', 'a');
    client.send('psubscribe', 'a*');
    client.send('ssubscribe', 'a');
    client.close();
    expect(publisher.call('publish', 'a', 'm')).toBe(0);
    expect(publisher.call('spublish', 'a', 'm')).toBe(0);
    expect(publisher.call('pubsub', 'channels')).toEqual([]);
    expect(publisher.call('pubsub', 'numpat')).toBe(0);
    expect(publisher.call('pubsub', 'shardchannels')).toEqual([]);
  });
});

test('shard channels are a world of their own', () => {
  client.send('ssubscribe', 'a');
  expect(client.replies()).toEqual([['ssubscribe', 'a', 1]]);
  expect(publisher.call('publish', 'a', 'm')).toBe(0);
  expect(publisher.call('spublish', 'a', 'm')).toBe(1);
  expect(client.replies()).toEqual([['smessage', 'a', 'm']]);
  expect(publisher.call('pubsub', 'channels')).toEqual([]);
  expect(publisher.call('pubsub', 'shardnumsub', 'a', 'b')).toEqual(['a', 1, 'b', 0]);
  client.send('sunsubscribe');
  expect(client.replies()).toEqual([['sunsubscribe', 'a', 0]]);
});

test('PUBSUB tells who listens', () => {
  client.send('subscribe', 'a', 'b');
  client.send('psubscribe', 'p*', 'q*');
  const another = server.connect();
  another.send('subscribe', 'a');
  another.send('psubscribe', 'p*');
  expect(publisher.call('pubsub', 'channels')).toEqual(['a', 'b']);
  expect(publisher.call('pubsub', 'channels', '[b-z]')).toEqual(['b']);
  expect(publisher.call('pubsub', 'numsub', 'a', 'b', 'c')).toEqual(['a', 2, 'b', 1, 'c', 0]);
  expect(publisher.call('pubsub', 'numpat')).toBe(2);
});

describe('a transaction', () => {
  test('publishes when it is executed', () => {
    client.send('subscribe', 'a');
    client.replies();
    publisher.call('multi');
    publisher.call('publish', 'a', '1');
    publisher.call('publish', 'a', '2');
    expect(client.replies()).toEqual([]);
    expect(publisher.call('exec')).toEqual([1, 1]);
    expect(client.replies()).toEqual([
      ['message', 'a', '1'],
      ['message', 'a', '2'],
    ]);
  });
});

describe('keyspace notifications', () => {
  const events = (classes: string, run: () => void): unknown[] => {
    publisher.call('config', 'set', 'notify-keyspace-events', classes);
    client.send('psubscribe', '__key*__:*');
    client.replies();
    run();
    return client.replies().map((reply) => (reply as string[]).slice(2).join(' '));
  };

  test('are silent until asked for', () => {
    expect(events('', () => publisher.call('set', 'a', 1))).toEqual([]);
    expect(events('E', () => publisher.call('set', 'a', 1))).toEqual([]);
    expect(events('A', () => publisher.call('set', 'a', 1))).toEqual([]);
  });

  test('name the event, the key and the database', () => {
    publisher.call('select', 3);
    expect(events('KEA', () => publisher.call('set', 'a', 1, 'ex', 10))).toEqual([
      '__keyspace@3__:a set',
      '__keyevent@3__:set a',
      '__keyspace@3__:a expire',
      '__keyevent@3__:expire a',
    ]);
  });

  test('can be limited to classes', () => {
    expect(
      events('El', () => {
        publisher.call('set', 'a', 1);
        publisher.call('rpush', 'list', 1);
        publisher.call('lpop', 'list');
      }),
    ).toEqual(['__keyevent@0__:rpush list', '__keyevent@0__:lpop list']);
  });

  test('tell of expiry when the key goes', () => {
    publisher.call('set', 'a', 1, 'px', 100);
    expect(events('Ex', () => server.advance(500))).toEqual(['__keyevent@0__:expired a']);
  });
});
