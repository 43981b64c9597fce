/**
 * How fast the simulator is: simulated minutes per second of processor time for three servers and three sentinels to which
 * nothing happens, and runs per second of each kind. The second half of the runs is measured: at first V8 is compiling.
 *
 *   node test/bench/simulator.mjs [--minutes 30] [--seeds 40] [--from 1]
 */
import { parseArgs } from 'node:util';

const dist = new URL('../../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist));
const { run } = await load('simulator/run/run.js');
const { drawPlan } = await load('simulator/plan/draw-plan.js');
const { RUN_KINDS } = await load('simulator/plan/plan.js');
const { SimulatedSentinels } = await load('simulator/world/simulated-sentinels.js');

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seeds: { type: 'string', default: '40' },
    from: { type: 'string', default: '1' },
  },
});

function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Returns the seconds of processor time that something takes. */
function measure(work) {
  const before = processorSeconds();
  work();
  return processorSeconds() - before;
}

function idleTopology() {
  const world = new SimulatedSentinels({ seed: 'idle', latency: { minMs: 0.1, maxMs: 0.5 } });
  const logLevel = 'nothing';
  for (const number of [1, 2, 3]) {
    world.startServer(`server-${number}`, number === 1 ? null : 'server-1', [], { logLevel });
  }
  for (const number of [1, 2, 3]) world.startSentinel(`sentinel-${number}`, { logLevel });
  world.untilReady(2, 2);
  return world;
}

const world = idleTopology();
const halfMs = Number(options.minutes) * 30_000;
world.advance(halfMs);
const idleSeconds = measure(() => world.advance(halfMs));
console.log(`idle 3 + 3: ${(halfMs / 60_000 / idleSeconds).toFixed(1)} simulated minutes a second`);

for (const kind of RUN_KINDS) {
  const half = Math.ceil(Number(options.seeds) / 2);
  const runs = (from) => {
    for (let seed = from; seed < from + half; seed++) run(drawPlan(kind, String(seed)));
  };
  runs(Number(options.from));
  const seconds = measure(() => runs(Number(options.from) + half));
  console.log(`${kind}: ${((1000 * seconds) / half).toFixed(0)} ms a run`);
}
