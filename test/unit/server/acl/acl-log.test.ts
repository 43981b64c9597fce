/** ACL LOG: repetitions are counted in one entry for a while. */
import { expect, test } from 'vitest';
import { AclLog, type AclLogEvent } from '../../../../src/server/acl/acl-log.js';

const event: AclLogEvent = {
  reason: 'command',
  context: 'toplevel',
  object: 'get',
  username: 'alice',
  clientInfo: 'id=1',
};

test('the same matter within a minute is one entry, moved to the front', () => {
  const log = new AclLog();
  log.add(event, 1000, 128);
  log.add({ ...event, object: 'set' }, 2000, 128);
  log.add({ ...event, clientInfo: 'id=2' }, 61_000, 128);
  expect(log.latest(10)).toMatchObject([
    { object: 'get', id: 0, count: 2, createdAtMs: 1000, updatedAtMs: 61_000, clientInfo: 'id=2' },
    { object: 'set', id: 1, count: 1 },
  ]);
});

test('after a minute it is a new entry', () => {
  const log = new AclLog();
  log.add(event, 1000, 128);
  log.add(event, 61_001, 128);
  expect(log.latest(10).map(({ id, count }) => ({ id, count }))).toEqual([
    { id: 1, count: 1 },
    { id: 0, count: 1 },
  ]);
});

test('another context or user is another matter', () => {
  const log = new AclLog();
  log.add(event, 1000, 128);
  log.add({ ...event, context: 'multi' }, 1000, 128);
  log.add({ ...event, username: 'bob' }, 1000, 128);
  expect(log.latest(10)).toHaveLength(3);
});

test('the oldest entries go when there are too many', () => {
  const log = new AclLog();
  for (let i = 0; i < 10; i++) log.add({ ...event, object: `o${i}` }, 1000, 5);
  expect(log.latest(10).map(({ object }) => object)).toEqual(['o9', 'o8', 'o7', 'o6', 'o5']);
  log.reset();
  expect(log.latest(10)).toEqual([]);
});
