import { describe, expect, it } from 'vitest';
import { Agreement, FailureReports } from '../../../src/failover/agreement.js';
import { toNodeId } from '../../../src/failover/identity.js';

const A = toNodeId('a');
const B = toNodeId('b');

describe('reports of a failure', () => {
  it('count until they are withdrawn', () => {
    const reports = new FailureReports(() => 5000);
    reports.report(A, 0);
    reports.report(B, 10);
    reports.withdraw(A);
    expect(reports.count(20)).toBe(1);
    expect(reports.has(B, 20)).toBe(true);
  });

  it('count until they are too old, and renewing one counts once', () => {
    const reports = new FailureReports(() => 5000);
    reports.report(A, 0);
    reports.report(B, 0);
    reports.report(B, 3000);
    expect(reports.nextExpiryMs).toBe(5000);
    expect(reports.count(5000)).toBe(2);
    expect(reports.count(5001)).toBe(1);
    expect(reports.nextExpiryMs).toBe(8000);
    expect(reports.count(8001)).toBe(0);
    expect(reports.nextExpiryMs).toBeNull();
  });
});

describe('agreement on a failure', () => {
  it('needs our own suspicion, however many others agree', () => {
    const agreement = new Agreement('lapses');
    expect(agreement.weigh(0, false, 5, 2)).toBeNull();
    expect(agreement.holds).toBe(false);
  });

  it('that lapses ends as soon as too few agree', () => {
    const agreement = new Agreement('lapses');
    expect(agreement.weigh(7, true, 2, 2)).toBe('reached');
    expect(agreement.sinceMs).toBe(7);
    expect(agreement.weigh(8, true, 3, 2)).toBeNull();
    expect(agreement.weigh(9, true, 1, 2)).toBe('lapsed');
    expect(agreement.holds).toBe(false);
  });

  it('that sticks holds until it is cleared', () => {
    const agreement = new Agreement('sticks');
    expect(agreement.weigh(7, true, 2, 2)).toBe('reached');
    expect(agreement.weigh(9, false, 0, 2)).toBeNull();
    expect(agreement.sinceMs).toBe(7);
    expect(agreement.clear()).toBe(true);
    expect(agreement.clear()).toBe(false);
  });
});
