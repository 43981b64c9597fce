/** What a leader does, step by step: facts go in, and all that comes out. */
import { beforeEach, describe, expect, it } from 'vitest';
import { toEpoch } from '../../../src/failover/epoch.js';
import {
  Leadership,
  type LeadershipAction,
  type LeadershipInput,
  type LeadershipSurroundings,
  type LedReplica,
} from '../../../src/failover/leadership.js';

/** A replica whose last report came at `infoAtMs`; `at` gives it its age. */
type Member = Omit<LedReplica, 'infoAgeMs'> & { infoAtMs: number | null };

function member(name: string, facts: Partial<Member> = {}): Member {
  return {
    name,
    runId: name,
    priority: 100,
    offset: 10n,
    suspected: false,
    connected: true,
    silentMs: 0,
    infoAtMs: null,
    masterLinkDownMs: 0,
    promotionRefused: null,
    reportNumber: 0,
    reportsMaster: false,
    followsPromoted: false,
    masterLinkUp: false,
    ...facts,
  };
}

function brief(actions: readonly LeadershipAction[]): string[] {
  return actions.map((action) => {
    switch (action.do) {
      case 'report': {
        const { occurrence } = action;
        switch (occurrence.kind) {
          case 'stage-entered':
            return occurrence.stage;
          case 'reconfiguration':
            return `${occurrence.replica} ${occurrence.stage}`;
          case 'ended':
            return occurrence.timedOut ? 'ended for timeout' : 'ended';
          case 'aborted':
            return `aborted: ${occurrence.reason.cause}`;
          default:
            return `${occurrence.kind} ${occurrence.replica}`;
        }
      }
      case 'persist':
        return `persist ${action.epoch}`;
      case 'promote':
      case 'point':
      case 'advertise':
      case 'switch':
      case 'hand-over':
        return `${action.do}! ${action.replica}`;
      case 'give-up':
        return action.noGoodReplica ? 'give up: no good replica' : 'give up';
      default:
        return action.do;
    }
  });
}

const CHOSEN_X = ['replica-chosen x', 'sending-promotion', 'promote! x', 'awaiting-promotion'];
const PROMOTED_X = ['promoted x', 'reconfiguring', 'advertise! x'];

let members: Member[];
let options: { parallelSyncs: number; coordinated: boolean; acting: boolean };
let leadership: Leadership;

beforeEach(() => {
  members = [member('x', { offset: 20n }), member('y'), member('z')];
  options = { parallelSyncs: 1, coordinated: false, acting: true };
  leadership = new Leadership(toEpoch(7), 1000, 1000, false);
});

function around(nowMs: number): LeadershipSurroundings {
  return {
    acting: options.acting,
    replicas: members.map((each) => ({
      ...each,
      infoAgeMs: each.infoAtMs === null ? null : nowMs - each.infoAtMs,
    })),
    limits: { maxSilentMs: 5000, maxInfoAgeMs: 5000, maxMasterLinkDownMs: 11_000 },
    failoverTimeoutMs: 10_000,
    reconfigurationTimeoutMs: 3000,
    parallelSyncs: options.parallelSyncs,
  };
}

function step(nowMs: number, input: LeadershipInput['kind'] | { refused: string } = 'look'): string[] {
  const given: LeadershipInput =
    typeof input === 'object'
      ? { kind: 'promotion-refused', text: input.refused }
      : input === 'promotion-refused'
        ? { kind: input, text: '' }
        : { kind: input };
  return brief(leadership.step(given, nowMs, around(nowMs)));
}

/** A new report of one replica arrives. */
function report(name: string, nowMs: number, facts: Partial<Member> = {}): void {
  members = members.map((each) =>
    each.name === name ? { ...each, infoAtMs: nowMs, reportNumber: each.reportNumber + 1, ...facts } : each,
  );
}

function change(name: string, facts: Partial<Member>): void {
  members = members.map((each) => (each.name === name ? { ...each, ...facts } : each));
}

function reportAll(nowMs: number): void {
  for (const { name } of members) report(name, nowMs);
}

/** Up to the moment when the new master is advertised. */
function promoteX(): void {
  reportAll(1001);
  step(1001);
  report('x', 1002, { reportsMaster: true });
  step(1002);
  step(1003, 'configuration-recorded');
}

describe('the choice', () => {
  it('begins by asking everybody', () => {
    expect(brief(leadership.begin())).toEqual(['selecting', 'ask-all']);
  });

  it('is made as soon as everybody has answered since the failure', () => {
    report('x', 1001);
    report('y', 1001);
    expect(step(1001)).toEqual([]);
    report('z', 1002);
    expect(step(1002)).toEqual(CHOSEN_X);
  });

  it('does not count answers from before the failure', () => {
    reportAll(999);
    report('y', 1001);
    expect(step(1001)).toEqual([]);
    expect(leadership.wakeAtMs(1001, around(1001))).toBe(1050);
    expect(step(1050)).toEqual(['replica-chosen y', 'sending-promotion', 'promote! y', 'awaiting-promotion']);
  });

  it('waits longer when nobody has answered, then gives up and says why for each', () => {
    change('z', { priority: 0 });
    expect(step(1050)).toEqual([]);
    expect(leadership.wakeAtMs(1050, around(1050))).toBe(2000);
    const actions = leadership.step({ kind: 'look' }, 2000, around(2000));
    expect(brief(actions)).toEqual(['aborted: no-good-replica', 'give up: no good replica']);
    const aborted = actions[0];
    expect(aborted).toMatchObject({
      occurrence: {
        reason: {
          refusals: [
            { replica: 'x', refusal: { kind: 'stale-info' } },
            { replica: 'y', refusal: { kind: 'stale-info' } },
            { replica: 'z', refusal: { kind: 'priority-zero' } },
          ],
        },
      },
    });
  });

  it('gives up at once when all have answered and none will do', () => {
    members = [member('x', { priority: 0 }), member('y', { suspected: true })];
    expect(step(1000)).toEqual(['aborted: no-good-replica', 'give up: no good replica']);
  });

  it('does not wait for those that are down', () => {
    change('y', { suspected: true });
    change('z', { connected: false });
    report('x', 1001);
    expect(step(1001)).toEqual(CHOSEN_X);
  });
});

describe('the promotion', () => {
  it('counts when the replica itself says that it is master, and is told when that is on disk', () => {
    reportAll(1001);
    step(1001);
    report('x', 1002);
    expect(step(1002)).toEqual([]);
    report('x', 1003, { reportsMaster: true });
    expect(step(1003)).toEqual(['persist 7']);
    expect(leadership.advertised).toBeNull();
    expect(leadership.recorded).toBe('x');
    expect(step(1006, 'configuration-recorded')).toEqual([...PROMOTED_X, 'point! y', 'y sent']);
    expect(leadership.advertised).toBe('x');
  });

  it('is not believed from a report that is older than the order', () => {
    change('x', { reportsMaster: true });
    reportAll(1001);
    expect(step(1001)).toEqual(CHOSEN_X);
    expect(step(1002)).toEqual([]);
  });

  it('is recorded again when the disk refuses, and told to nobody meanwhile', () => {
    reportAll(1001);
    step(1001);
    report('x', 1002, { reportsMaster: true });
    step(1002);
    expect(step(1003, 'configuration-not-recorded')).toEqual([]);
    expect(leadership.wakeAtMs(1003, around(1003))).toBe(1103);
    expect(step(1103)).toEqual(['persist 7']);
    expect(step(1104, 'configuration-recorded').slice(0, 3)).toEqual(PROMOTED_X);
  });

  it('is given up when the replica refuses, dies or takes too long', () => {
    const endings: [string, () => string[]][] = [
      ['refused', () => step(1002, { refused: 'NOPERM' })],
      ['down', () => (change('x', { suspected: true }), step(1002))],
      ['timeout', () => step(11_001)],
    ];
    for (const [why, ending] of endings) {
      members = [member('x')];
      leadership = new Leadership(toEpoch(7), 1000, 1000, false);
      reportAll(1001);
      step(1001);
      expect(ending(), why).toEqual(['aborted: promotion-failed', 'give up']);
    }
  });

  it('can be a hand-over by the living master, which is called off when it takes too long', () => {
    leadership = new Leadership(toEpoch(7), 1000, 1000, true);
    reportAll(1001);
    expect(step(1001)).toEqual([
      'replica-chosen x',
      'sending-promotion',
      'hand-over! x',
      'awaiting-promotion',
    ]);
    expect(step(11_001)).toEqual(['cancel-hand-over', 'aborted: promotion-failed', 'give up']);
  });
});

describe('the other replicas', () => {
  beforeEach(promoteX);

  it('move over one at a time with parallel-syncs 1, and the failover ends with the last', () => {
    expect(leadership.watches('y')).toBe(true);
    report('y', 1100, { followsPromoted: true });
    expect(step(1100)).toEqual(['y in-progress']);
    report('y', 1200, { masterLinkUp: true });
    expect(step(1200)).toEqual(['y done', 'point! z', 'z sent']);
    report('z', 1300, { followsPromoted: true, masterLinkUp: true });
    expect(step(1300)).toEqual(['z in-progress', 'z done', 'ended', 'switch! x']);
    expect(leadership.stage).toBe('over');
  });

  it('are not waited for when they are down', () => {
    report('y', 1100, { followsPromoted: true, masterLinkUp: true });
    step(1100);
    change('z', { suspected: true, connected: false });
    expect(step(1101)).toEqual(['ended', 'switch! x']);
  });

  it('do not wait for one that does not move: it is given up after a while', () => {
    expect(leadership.wakeAtMs(1100, around(1100))).toBe(4003);
    expect(step(4003)).toEqual(['y timed-out', 'point! z', 'z sent']);
  });

  it('are all told at the failover timeout, and it ends', () => {
    report('y', 1100, { followsPromoted: true });
    step(1100);
    expect(step(11_003)).toEqual([
      'ended for timeout',
      'ended',
      'point! z',
      'z sent-best-effort',
      'switch! x',
    ]);
  });

  it('are left to the next failover when the promoted replica dies', () => {
    change('x', { suspected: true });
    expect(step(1100)).toEqual(['ended', 'switch! x']);
  });
});

it('moves several replicas at a time when it may', () => {
  options.parallelSyncs = 2;
  reportAll(1001);
  step(1001);
  report('x', 1002, { reportsMaster: true });
  step(1002);
  expect(step(1003, 'configuration-recorded')).toEqual([
    ...PROMOTED_X,
    'point! y',
    'y sent',
    'point! z',
    'z sent',
  ]);
});

it('takes note of what is recorded while it may not act, and goes on when it may', () => {
  reportAll(1001);
  step(1001);
  report('x', 1002, { reportsMaster: true });
  expect(step(1002)).toEqual(['persist 7']);
  options.acting = false;
  expect(step(1003, 'configuration-recorded')).toEqual(PROMOTED_X);
  expect(step(1004)).toEqual([]);
  options.acting = true;
  expect(step(1005)).toEqual(['point! y', 'y sent']);
});

it('moves one at a time when parallel-syncs is 0', () => {
  options.parallelSyncs = 0;
  reportAll(1001);
  step(1001);
  report('x', 1002, { reportsMaster: true });
  step(1002);
  expect(step(1003, 'configuration-recorded')).toEqual([...PROMOTED_X, 'point! y', 'y sent']);
});

it('ends at once when there is no other replica', () => {
  members = [member('x')];
  reportAll(1001);
  step(1001);
  report('x', 1002, { reportsMaster: true });
  step(1002);
  expect(step(1003, 'configuration-recorded')).toEqual([...PROMOTED_X, 'ended', 'switch! x']);
});
