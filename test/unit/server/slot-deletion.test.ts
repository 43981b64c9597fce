/** Keys of slots that a master has lost go in slices, are propagated and announced, and can be finished at once. */
import { beforeEach, expect, test } from 'vitest';
import { keySlot } from '../../../src/keyspace/key-slot.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let client: TestClient;
beforeEach(() => {
  server = new TestServer({ databases: '1' }, { mode: 'cluster' });
  client = server.connect();
});

const SLOT = keySlot('{a}');

function storeMany(count: number): void {
  for (let i = 0; i < count; i++) client.deliver(`SET {a}${i} x\r\n`);
  server.endTurn();
  client.takeBytes();
}

test('a slot goes in slices between which others are served, every key as a DEL', () => {
  storeMany(2000);
  client.call('set', 'other', 1);
  const index = server.server.keyspace.slotIndex!;
  const counts: number[] = [];
  const propagated = server.propagatedBy(() => {
    server.server.slotDeletion.begin([SLOT]);
    counts.push(index.countIn(SLOT));
    for (let i = 0; i < 10; i++) {
      expect(client.call('get', 'other')).toBe('1');
      server.advance(1);
      counts.push(index.countIn(SLOT));
    }
  });
  expect(counts.slice(0, 4)).toEqual([1500, 1000, 500, 0]);
  expect(new Set(propagated)).toEqual(new Set(Array.from({ length: 2000 }, (_, i) => `DEL {a}${i}`)));
  expect(server.server.slotDeletion.isPending(SLOT)).toBe(false);
  expect(client.call('dbsize')).toBe(1);
});

test('what is left can be finished at once, before the slot is taken again', () => {
  storeMany(2000);
  const { slotDeletion, keyspace } = server.server;
  slotDeletion.begin([SLOT]);
  expect(slotDeletion.isPending(SLOT)).toBe(true);
  slotDeletion.complete(SLOT);
  expect(keyspace.slotIndex!.countIn(SLOT)).toBe(0);
  client.call('set', '{a}new', 1);
  server.advance(100);
  expect(client.call('dbsize')).toBe(1);
});

test('each key is announced, and watchers are touched', () => {
  client.call('config', 'set', 'notify-keyspace-events', 'KEA');
  client.call('set', '{a}1', 1);
  const listener = server.connect();
  listener.call('psubscribe', '__keyevent@0__:del');
  client.call('watch', '{a}1');
  client.call('multi');
  client.call('set', '{a}2', 1);
  server.server.slotDeletion.begin([SLOT]);
  server.endTurn();
  expect(listener.replies()).toEqual([['pmessage', '__keyevent@0__:del', '__keyevent@0__:del', '{a}1']]);
  expect(client.call('exec')).toBeNull();
});

test('a replica deletes nothing by itself', () => {
  storeMany(2000);
  const { slotDeletion, keyspace } = server.server;
  slotDeletion.begin([SLOT]);
  server.server.role = 'replica';
  server.advance(100);
  expect(keyspace.slotIndex!.countIn(SLOT)).toBe(1500);
  expect(slotDeletion.isPending(SLOT)).toBe(false);
});
