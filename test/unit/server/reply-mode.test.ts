/** CLIENT REPLY: what is silenced, and what is not. (Its plain use is in commands/client.test.ts.) */
import { beforeEach, expect, test } from 'vitest';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let client: TestClient;
let other: TestClient;
beforeEach(() => {
  server = new TestServer();
  client = server.connect();
  other = server.connect();
});

test('a silenced client is served like any other', () => {
  client.send('client', 'reply', 'off');
  client.send('set', 'a', 1);
  client.send('incr', 'a');
  client.send('nonsense');
  client.send('multi');
  client.send('incr', 'a');
  client.send('exec');
  expect(client.replies()).toEqual([]);
  expect(other.call('get', 'a')).toBe('3');
  expect(String(other.call('info', 'errorstats'))).toContain('errorstat_ERR:count=1');
});

test('large replies are neither sent nor kept', () => {
  other.call('set', 'large', 'x'.repeat(100_000));
  client.send('client', 'reply', 'off');
  for (let i = 0; i < 10; i++) client.send('get', 'large');
  expect(client.client.reply.pendingBytes).toBe(0);
  expect(client.takeBytes()).toBe('');
});

test('SKIP skips the next command, also one that waits', () => {
  client.deliver('CLIENT REPLY SKIP\r\nBLPOP list 0\r\nPING\r\n');
  server.endTurn();
  other.call('rpush', 'list', 'a');
  expect(client.replies()).toEqual(['PONG']);
  expect(other.call('exists', 'list')).toBe(0);
});

test('SKIP skips the next command, also one that a pause holds back', () => {
  other.call('client', 'pause', 1000, 'write');
  client.deliver('CLIENT REPLY SKIP\r\nSET a 1\r\nPING\r\n');
  server.endTurn();
  server.advance(1000);
  expect(client.replies()).toEqual(['PONG']);
  expect(other.call('get', 'a')).toBe('1');
});

test('OFF holds for a wait that ends by its timeout, too', () => {
  client.send('client', 'reply', 'off');
  client.send('blpop', 'list', 1);
  server.advance(1000);
  expect(client.replies()).toEqual([]);
  client.send('client', 'reply', 'on');
  expect(client.replies()).toEqual(['OK']);
});

test('SKIP twice skips once, and means nothing under OFF', () => {
  client.send('client', 'reply', 'skip');
  client.send('client', 'reply', 'skip');
  client.send('ping', 'skipped');
  expect(client.call('ping')).toBe('PONG');
  client.send('client', 'reply', 'off');
  client.send('client', 'reply', 'skip');
  client.send('ping');
  client.send('ping');
  expect(client.replies()).toEqual([]);
});

test('messages and confirmations of subscriptions come through', () => {
  client.send('client', 'reply', 'off');
  client.send('subscribe', 'news');
  expect(client.replies()).toEqual([['subscribe', 'news', 1]]);
  other.call('publish', 'news', 'hello');
  expect(client.replies()).toEqual([['message', 'news', 'hello']]);
  client.send('ping');
  expect(client.replies()).toEqual([]);
});

test('an own message comes through, the count of receivers does not', () => {
  client.call('hello', 3);
  client.call('subscribe', 'news');
  client.send('client', 'reply', 'skip');
  client.send('publish', 'news', 'to myself');
  expect(client.replies()).toEqual([{ push: ['message', 'news', 'to myself'] }]);
});

test('RESET makes the connection speak again', () => {
  client.send('client', 'reply', 'off');
  client.send('reset');
  expect(client.replies()).toEqual(['RESET']);
  expect(client.call('ping')).toBe('PONG');
});
