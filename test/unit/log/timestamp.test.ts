/** Dates in log lines agree with the calendar that JavaScript knows. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTimestamp } from '../../../src/log/timestamp.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

test('any moment between the years 1 and 9999 is written as the calendar has it', () => {
  const moment = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(moment, (date) => {
      const [, month, day, time] = /-(\d\d)-(\d\d)T([\d:.]+)Z$/.exec(date.toISOString()) ?? [];
      const expected = `${day} ${MONTHS[Number(month) - 1]} ${date.getUTCFullYear()} ${time}`;
      expect(formatTimestamp(date.getTime(), 0)).toBe(expected);
    }),
  );
});

test('fractions of a millisecond are cut off', () => {
  expect(formatTimestamp(0.9, 0)).toBe('01 Jan 1970 00:00:00.000');
});
