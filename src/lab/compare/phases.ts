/** The phases of a failover, from what sentinels publish and from what the nodes of a cluster tell. */
import type { TimedEvent } from './observation.js';
import type { Phase, PhaseMark } from './results.js';
import type { Mode } from './settings.js';
import { rounded } from './statistics.js';

/** `every`: each observer's first; `first`: only the earliest of all. */
type Rule = readonly [event: string, phase: Phase, which: 'every' | 'first'];

const RULES: Readonly<Record<Mode, readonly Rule[]>> = {
  sentinel: [
    ['+sdown', 'suspected', 'every'],
    ['+odown', 'confirmed', 'first'],
    ['+try-failover', 'election', 'first'],
    ['+vote-for-leader', 'vote', 'every'],
    ['+elected-leader', 'elected', 'first'],
    ['+promoted-slave', 'promoted', 'first'],
    ['+switch-master', 'announced', 'every'],
  ],
  cluster: [
    ['pfail', 'suspected', 'every'],
    ['fail', 'confirmed', 'first'],
    ['election-scheduled', 'scheduled', 'first'],
    ['election-started', 'election', 'first'],
    ['vote', 'vote', 'every'],
    ['promoted', 'elected', 'first'],
    ['promoted', 'promoted', 'first'],
  ],
};

/** Events that concern others than the faulted master: a sentinel tells of replicas and of other sentinels, too. */
function concerns(mode: Mode, { event, detail }: TimedEvent, faultedName: string): boolean {
  if (mode === 'sentinel') return !/^[+-][so]down$/.test(event) || detail.startsWith('master ');
  return (event !== 'pfail' && event !== 'fail') || detail === faultedName;
}

export function phasesOf(
  mode: Mode,
  events: readonly TimedEvent[],
  faulted: { readonly name: string },
  faultMs: number,
): PhaseMark[] {
  const marks: PhaseMark[] = [];
  const inOrder = events
    .filter((event) => event.atMs >= faultMs && concerns(mode, event, faulted.name))
    .sort((a, b) => a.atMs - b.atMs);
  for (const [event, phase, which] of RULES[mode]) {
    const observers = new Set<string>();
    for (const seen of inOrder) {
      if (seen.event !== event || observers.has(seen.observer)) continue;
      if (which === 'first' && observers.size > 0) break;
      observers.add(seen.observer);
      marks.push({ phase, observer: seen.observer, atMs: rounded(seen.atMs - faultMs) });
    }
  }
  return marks;
}

/** How many replicas became masters. Every sentinel tells of a switch: the same one counts once. */
export function promotionsIn(mode: Mode, events: readonly TimedEvent[]): number {
  if (mode === 'cluster') return events.filter(({ event }) => event === 'promoted').length;
  return new Set(events.filter(({ event }) => event === '+switch-master').map(({ detail }) => detail)).size;
}

export function attemptsIn(mode: Mode, events: readonly TimedEvent[]): number {
  const name = mode === 'sentinel' ? '+try-failover' : 'election-started';
  return events.filter(({ event }) => event === name).length;
}
