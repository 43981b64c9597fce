/** When a save is due without a client waiting for it, and why. */
import { describe, expect, it } from 'vitest';
import {
  dueSave,
  RETRY_DELAY_MS,
  UNASKED_RETRY_DELAY_MS,
  type DueSave,
  type SavingState,
} from '../../../src/persistence/due-save.js';

const MINUTE = { seconds: 60, changes: 100 };
const HOUR = { seconds: 3600, changes: 1 };

/** Of a server that has saved long ago and was not written to since, but for `changes`. */
function due(state: Partial<SavingState>): DueSave | null {
  return dueSave({
    savePoints: [HOUR, MINUTE],
    changes: 0,
    sinceSuccessMs: 10_000_000,
    sinceAttemptMs: 10_000_000,
    lastSaveFailed: false,
    isScheduled: false,
    refusesWrites: false,
    ...state,
  });
}

describe('a save point', () => {
  it('is reached with its changes, once more than its seconds have passed', () => {
    expect(due({ changes: 99, sinceSuccessMs: 60_001 })).toBeNull();
    expect(due({ changes: 100, sinceSuccessMs: 60_000 })).toBeNull();
    expect(due({ changes: 100, sinceSuccessMs: 60_001 })).toEqual({ reason: 'save-point', point: MINUTE });
  });

  it('is the first of those reached, in the order of the configuration', () => {
    expect(due({ changes: 100 })).toEqual({ reason: 'save-point', point: HOUR });
  });

  it('is never reached where there is none, nor without a change', () => {
    expect(due({ changes: 1_000_000, savePoints: [] })).toBeNull();
    expect(due({})).toBeNull();
  });
});

it('a save that was asked for and put off is due at once', () => {
  expect(due({ isScheduled: true, sinceSuccessMs: 0, sinceAttemptMs: 0 })).toEqual({ reason: 'scheduled' });
});

describe('after a save that failed', () => {
  const failed = { lastSaveFailed: true, refusesWrites: true };

  it('nothing is due before the delay is over, whatever asks for it', () => {
    const early = { ...failed, sinceAttemptMs: RETRY_DELAY_MS };
    expect(due(early)).toBeNull();
    expect(due({ ...early, changes: 100 })).toBeNull();
    expect(due({ ...early, isScheduled: true })).toBeNull();
  });

  it('another one is due later while writes are refused, for no save point may ever be reached', () => {
    const asked = { ...failed, sinceAttemptMs: RETRY_DELAY_MS + 1, sinceSuccessMs: 0 };
    expect(due({ ...asked, sinceAttemptMs: UNASKED_RETRY_DELAY_MS })).toBeNull();
    expect(due({ ...asked, isScheduled: true })).toEqual({ reason: 'scheduled' });
    const later = { ...asked, sinceAttemptMs: UNASKED_RETRY_DELAY_MS + 1 };
    expect(due(later)).toEqual({ reason: 'writes-refused' });
    expect(due({ ...later, refusesWrites: false })).toBeNull();
  });

  it('a save point and a client come before that as the reason', () => {
    expect(due({ ...failed, changes: 1 })).toEqual({ reason: 'save-point', point: HOUR });
    expect(due({ ...failed, isScheduled: true })).toEqual({ reason: 'scheduled' });
  });
});
