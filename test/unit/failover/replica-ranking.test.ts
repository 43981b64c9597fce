import { describe, expect, it } from 'vitest';
import {
  describeRefusal,
  rankReplicas,
  refusalOf,
  type EligibilityLimits,
  type ReplicaFacts,
} from '../../../src/failover/replica-ranking.js';

const LIMITS: EligibilityLimits = { maxSilentMs: 5000, maxInfoAgeMs: 5000, maxMasterLinkDownMs: 11_000 };

function replica(name: string, facts: Partial<ReplicaFacts> = {}): ReplicaFacts {
  return {
    name,
    runId: name,
    priority: 100,
    offset: 1000n,
    suspected: false,
    connected: true,
    silentMs: 0,
    infoAgeMs: 10,
    masterLinkDownMs: 0,
    promotionRefused: null,
    ...facts,
  };
}

function order(...replicas: ReplicaFacts[]): string[] {
  return rankReplicas(replicas, LIMITS).ranked.map(({ name }) => name);
}

describe('the ranking', () => {
  it('prefers the lower priority, then more data, then the smaller run id', () => {
    expect(
      order(
        replica('d', { offset: 5n }),
        replica('c'),
        replica('b'),
        replica('a', { priority: 200, offset: 9999n }),
        replica('e', { priority: 10, offset: 1n }),
      ),
    ).toEqual(['e', 'b', 'c', 'd', 'a']);
  });

  it('compares offsets beyond 2^53 exactly', () => {
    expect(
      order(replica('a', { offset: 9007199254740992n }), replica('b', { offset: 9007199254740993n })),
    ).toEqual(['b', 'a']);
  });

  it('puts an unknown run id last among equals', () => {
    expect(order(replica('a', { runId: '' }), replica('z'))).toEqual(['z', 'a']);
  });

  it('puts one that never reached its master behind all that did, but does not refuse it', () => {
    expect(
      order(replica('never', { priority: 1, masterLinkDownMs: -1000 }), replica('synced', { offset: 1n })),
    ).toEqual(['synced', 'never']);
  });
});

describe('a replica is refused when it', () => {
  it.each<[string, Partial<ReplicaFacts>, string]>([
    ['is down', { suspected: true, connected: false }, 'down'],
    ['is disconnected', { connected: false }, 'disconnected'],
    ['is silent', { silentMs: 5001 }, 'silent for 5 s of 5 s allowed'],
    ['has priority 0', { priority: 0 }, 'priority 0'],
    ['has told nothing yet', { infoAgeMs: null }, 'stale INFO (none received)'],
    ['has told it long ago', { infoAgeMs: 12_340 }, 'stale INFO (12 s old, 5 s allowed)'],
    ['lost its master long ago', { masterLinkDownMs: 25_000 }, 'link down 25 s of 11 s allowed'],
    ['said no', { promotionRefused: 'NOPERM' }, 'refused promotion: NOPERM'],
  ])('%s, and the reason is said', (_what, facts, text) => {
    const refusal = refusalOf(replica('r', facts), LIMITS);
    expect(refusal === null ? null : describeRefusal(refusal)).toBe(text);
  });

  it('is not refused at the limits', () => {
    const facts = { silentMs: 5000, infoAgeMs: 5000, masterLinkDownMs: 11_000 };
    expect(refusalOf(replica('r', facts), LIMITS)).toBeNull();
  });

  it('is told with one reason per replica', () => {
    const { ranked, refused } = rankReplicas([replica('a', { priority: 0 }), replica('b')], LIMITS);
    expect(ranked.map(({ name }) => name)).toEqual(['b']);
    expect(refused.map(({ replica: { name }, refusal }) => [name, refusal.kind])).toEqual([
      ['a', 'priority-zero'],
    ]);
  });
});
