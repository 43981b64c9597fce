import { expect, test } from 'vitest';
import {
  isPrintedVerbatim,
  isSensitive,
  readSubscriptionMessage,
  subscribingCommand,
} from '../../../src/cli/command-kinds.js';

test.each([
  [['AUTH', 'x'], true],
  [['acl', 'SetUser', 'me', '>x'], true],
  [['ACL', 'LIST'], false],
  [['CONFIG', 'SET', 'maxmemory', '1', 'requirepass', 'x'], true],
  [['CONFIG', 'SET', 'maxmemory', '1'], false],
  [['HELLO', '3', 'AUTH', 'me', 'x'], true],
  [['HELLO', '3'], false],
  [['MIGRATE', 'host', '1', '', '0', '1', 'AUTH2', 'me', 'x'], true],
  [['SENTINEL', 'SET', 'mymaster', 'auth-pass', 'x'], true],
  [['SET', 'auth', 'x'], false],
])('%j holds a password: %s', (args, expected) => {
  expect(isSensitive(args)).toBe(expected);
});

test('text made to be read is recognised in any case', () => {
  expect(isPrintedVerbatim(['Info', 'server'])).toBe(true);
  expect(isPrintedVerbatim(['client', 'LIST'])).toBe(true);
  expect(isPrintedVerbatim(['client', 'id'])).toBe(false);
});

test('subscription messages are recognised by their form', () => {
  expect(subscribingCommand('PSUBSCRIBE')).toBe('psubscribe');
  expect(subscribingCommand('PUBLISH')).toBeNull();
  const items = (kind: string, last: string) => [
    { type: 'bulk', text: kind } as const,
    { type: 'bulk', text: 'channel' } as const,
    { type: 'integer', digits: last } as const,
  ];
  expect(readSubscriptionMessage({ type: 'array', items: items('subscribe', '2') })).toEqual({
    kind: 'subscribe',
    count: 2,
    isShard: false,
  });
  expect(readSubscriptionMessage({ type: 'push', items: items('sunsubscribe', '0') })).toEqual({
    kind: 'sunsubscribe',
    count: 0,
    isShard: true,
  });
  expect(readSubscriptionMessage({ type: 'array', items: items('something', '0') })).toBeNull();
  expect(readSubscriptionMessage({ type: 'simple', text: 'OK' })).toBeNull();
});
