import { describe, expect, it } from 'vitest';
import { LAST_EPOCH, NO_EPOCH, nextEpoch, parseEpoch, toEpoch } from '../../../src/failover/epoch.js';

describe('an epoch', () => {
  it('is read exactly, beyond what a double can hold', () => {
    expect(parseEpoch('9007199254740993')).toBe(9007199254740993n);
    expect(parseEpoch('9223372036854775807')).toBe(LAST_EPOCH);
    expect(parseEpoch('0')).toBe(NO_EPOCH);
  });

  it.each(['-1', '', ' 1', '01', '+1', '1.0', '1e3', '9223372036854775808', '18446744073709551615', 'x'])(
    'is not %j',
    (text) => {
      expect(parseEpoch(text)).toBeNull();
    },
  );

  it('of our own making is checked', () => {
    expect(toEpoch(7)).toBe(7n);
    expect(() => toEpoch(-1)).toThrow(RangeError);
    expect(() => toEpoch(2n ** 63n)).toThrow(RangeError);
  });

  it('has a successor until there is none left', () => {
    expect(nextEpoch(toEpoch(41))).toBe(42n);
    expect(nextEpoch(LAST_EPOCH)).toBeNull();
  });
});
