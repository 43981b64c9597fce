import { expect, test } from 'vitest';
import { TestServer } from '../../support/test-server.js';
test('x', () => {
  const s = new TestServer();
  const c = s.connect();
  expect(c.call('set', 'a', '12345')).toBe('OK');
  expect(c.call('get', 'a')).toBe('12345');
  expect(c.call('incrbyfloat', 'a', '0.1')).toBe('12345.09999999999999964');
  expect(c.call('lpush', 'l', 'a', 'b')).toBe(2);
  expect(c.call('object', 'encoding', 'l')).toBe('listpack');
});
