/**
 * What MIGRATE promises: a master removes a key as moved only when another server's process has taken it, with its last
 * value, and since the key last came to where it is removed. Whether MIGRATE as a whole succeeds, and what becomes of
 * either side afterwards, does not matter.
 *
 * Keys travel to and fro: what others took before this process was started, before it became master, or before it took
 * the key itself, was not taken from it.
 */
import type { Scene } from '../run/scene.js';

interface Taking {
  /** Takings are numbered in the order in which they happened, from 1. */
  readonly number: number;
  readonly server: string;
  /** Of the value, as DEBUG DIGEST has it. */
  readonly digest: string;
}

export function checkMigratedKeys(scene: Scene): void {
  if (scene.plan.kind !== 'cluster') return;
  let lastNumber = 0;
  const takings = new Map<string, Taking[]>();
  /** By server: the last taking that was over before the present process could decide anything about keys. */
  const former = new Map<string, number>();
  scene.on('composed', ({ name }) => former.set(name, lastNumber));
  scene.on('turn', ({ name }, { server }) => {
    if (server.role === 'replica') former.set(name, lastNumber);
  });
  scene.on('key-taken', ({ name }, key, digest) => {
    const ofKey = takings.get(key) ?? [];
    takings.set(key, ofKey);
    ofKey.push({ number: ++lastNumber, server: name, digest });
  });
  scene.on('key-moved', ({ name }, key, digest) => {
    const ofKey = takings.get(key) ?? [];
    const arrival = ofKey.findLast(({ server }) => server === name)?.number ?? 0;
    const since = Math.max(arrival, former.get(name) ?? 0);
    const taken = ofKey.filter(({ server, number }) => server !== name && number > since);
    if (taken.some((taking) => taking.digest === digest)) return;
    const takers = taken.map(({ server }) => server).join(', ');
    const problem = takers === '' ? 'nobody had taken it' : `${takers} had taken another value`;
    scene.violate('migrated-keys', `${name} removes ${key} as moved, and ${problem}`);
  });
}
