/** How a topology of sentinels comes about, whatever befalls it meanwhile. */
import { expect, it } from 'vitest';
import { SentinelTopology } from '../../src/simulator/run/sentinel-topology.js';
import { sentinelScenario } from '../../src/simulator/scenarios/scenarios.js';

it('is complete behind another master when the first one is replaced meanwhile', () => {
  const topology = new SentinelTopology(sentinelScenario('built', [], { downAfterMs: 300 }), 'nothing');
  const { world } = topology;
  const knowReplicas = (): boolean =>
    world.sentinelNames().every((name) => world.sentinel(name).masters.get('mymaster')?.replicas.size === 2);
  const pauseOnceKnown = (): void => {
    if (knowReplicas()) world.pause('server-1');
    else world.world.scheduleAt(world.nowMs + 10, null, pauseOnceKnown);
  };
  world.world.scheduleAt(1000, null, pauseOnceKnown);
  world.world.scheduleAt(20_000, null, () => world.resume('server-1'));
  topology.build();
  expect(['server-2', 'server-3']).toContain(topology.master());
});
