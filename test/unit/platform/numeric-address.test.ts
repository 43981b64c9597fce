/** Numeric addresses are recognised exactly as node:net does. */
import fc from 'fast-check';
import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import { addressFamily, isNumericAddress } from '../../../src/platform/numeric-address.js';

test.each([
  ['127.0.0.1', 4],
  ['255.255.255.255', 4],
  ['256.0.0.1', 0],
  ['1.2.3', 0],
  ['01.2.3.4', 0],
  ['::', 6],
  ['::1', 6],
  ['1::', 6],
  ['fe80::1%eth0', 6],
  ['fe80::1%', 0],
  ['::ffff:10.0.0.1', 6],
  ['1:2:3:4:5:6:7:8', 6],
  ['1:2:3:4:5:6:7::', 6],
  ['1:2:3:4:5:6:7:8::', 0],
  ['1:2:3:4:5:6:1.2.3.4', 6],
  ['1.2.3.4::', 0],
  ['1::2::3', 0],
  ['12345::', 0],
  ['localhost', 0],
  ['', 0],
] as const)('%s is of family %i', (host, family) => {
  expect(addressFamily(host)).toBe(family);
  expect(isIP(host)).toBe(family);
});

test('agrees with node:net on anything that looks similar', () => {
  const pieces = fc.constantFrom('0', '1', 'ff', 'abcd', '12345', '255', '1.2.3.4', ':', '::', '.', 'g');
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 18 }), (parts) => {
      const host = parts.join('');
      expect(isNumericAddress(host)).toBe(isIP(host) !== 0);
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (host) => {
      expect(addressFamily(host)).toBe(isIP(host));
    }),
  );
});
