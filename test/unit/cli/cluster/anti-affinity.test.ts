/** A machine that dies should not take a master together with its replicas. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  affinityOf,
  improveAntiAffinity,
  type AffinityNode,
} from '../../../../src/cli/cluster/plan/anti-affinity.js';

/** `a1` is a master on host a; `b2>a1` is a replica of it on host b. */
function cluster(...words: string[]): AffinityNode[] {
  const byName = new Map<string, AffinityNode>();
  for (const word of words) {
    const node = { host: word[0]! } as { host: string; master: AffinityNode };
    node.master = node;
    byName.set(word.split('>')[0]!, node);
  }
  for (const word of words) {
    const [name, master] = word.split('>');
    if (master !== undefined) byName.get(name!)!.master = byName.get(master)!;
  }
  return [...byName.values()];
}

describe('the score', () => {
  test.each([
    ['every replica elsewhere', ['a1', 'b1', 'a2>b1', 'b2>a1'], 0],
    ['a replica beside its master', ['a1', 'b1', 'a2>a1', 'b2>a1'], 10_000],
    ['two replicas beside their master', ['a1', 'a2>a1', 'a3>a1'], 20_000],
    ['two replicas of one master together', ['a1', 'b1>a1', 'b2>a1'], 2],
  ])('of %s', (_, words, score) => {
    expect(affinityOf(cluster(...words)).score).toBe(score);
  });
});

describe('swapping', () => {
  test('finds the perfect allocation where there is one', () => {
    const nodes = cluster('a1', 'b1', 'c1', 'a2>a1', 'b2>b1', 'c2>c1');
    let state = 1;
    const pick = (bound: number) => (state = (state * 48271) % 2147483647) % bound;
    expect(improveAntiAffinity(nodes, pick)).toBe(0);
    expect(affinityOf(nodes).score).toBe(0);
  });

  test('stops where no swap is possible', () => {
    expect(improveAntiAffinity(cluster('a1', 'a2>a1'), () => 0)).toBe(10_000);
  });

  test('never makes it worse, and no master gains or loses a replica', () => {
    const host = fc.constantFrom('a', 'b', 'c');
    fc.assert(
      fc.property(fc.array(host, { minLength: 6, maxLength: 9 }), fc.integer({ min: 1 }), (hosts, seed) => {
        const words = hosts.map((name, index) => `${name}${index}`);
        const masters = words.slice(0, 3);
        const nodes = cluster(
          ...masters,
          ...words.slice(3).map((word, index) => `${word}>${masters[index % 3]}`),
        );
        const before = affinityOf(nodes).score;
        const replicas = () =>
          nodes.slice(0, 3).map((master) => nodes.filter((node) => node.master === master).length);
        const replicasBefore = replicas();
        let state = seed % 2147483646;
        const score = improveAntiAffinity(
          nodes,
          (bound) => (state = (state * 48271 + 1) % 2147483647) % bound,
        );
        expect(score).toBeLessThanOrEqual(before);
        expect(replicas()).toEqual(replicasBefore);
      }),
      { numRuns: 25 },
    );
  });
});
