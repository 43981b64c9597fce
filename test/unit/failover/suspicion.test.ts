import { describe, expect, it } from 'vitest';
import { Suspicion } from '../../../src/failover/suspicion.js';

describe('suspicion of a peer', () => {
  it('counts from the first probe that stays unanswered, whatever is sent after it', () => {
    const suspicion = new Suspicion(0);
    suspicion.alive(10);
    suspicion.probed(100);
    suspicion.probed(200);
    suspicion.broken(250);
    expect(suspicion.deadlineMs(1000)).toBe(1100);
    expect(suspicion.isOverdue(1099, 1000)).toBe(false);
    expect(suspicion.isOverdue(1100, 1000)).toBe(true);
  });

  it('counts from the break of the connection when nothing was owed', () => {
    const suspicion = new Suspicion(0);
    suspicion.probed(100);
    suspicion.alive(101);
    suspicion.broken(150);
    suspicion.probed(160);
    expect(suspicion.silentSinceMs).toBe(150);
  });

  it('ends with any sign of life', () => {
    const suspicion = new Suspicion(0);
    suspicion.probed(5);
    suspicion.alive(900);
    expect(suspicion.deadlineMs(1000)).toBeNull();
    expect(suspicion.isOverdue(5000, 1000)).toBe(false);
    expect(suspicion.lastSignMs).toBe(900);
  });

  it('begins with the acquaintance: who never answers becomes suspected', () => {
    expect(new Suspicion(500).deadlineMs(1000)).toBe(1500);
  });
});
