import { describe, expect, it } from 'vitest';
import { keySlot } from '../../../src/keyspace/key-slot.js';

describe('the slot of a key', () => {
  it.each([
    ['foo', 12182],
    ['a', 15495],
    ['d', 11298],
    ['', 0],
  ])('of %j is %i', (key, slot) => {
    expect(keySlot(key)).toBe(slot);
  });

  it('is that of the hash tag', () => {
    expect(keySlot('{user1}:name')).toBe(keySlot('user1'));
    expect(keySlot('prefix{a}{b}')).toBe(keySlot('a'));
    expect(keySlot('foo{{bar}}zap')).toBe(keySlot('{bar'));
  });

  it('takes the whole key when the tag is empty or does not end', () => {
    expect(keySlot('{}x')).not.toBe(keySlot('x'));
    expect(keySlot('{}x')).toBe(keySlot('{}x'));
    expect(keySlot('{x')).not.toBe(keySlot('x'));
  });
});
