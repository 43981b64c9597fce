/**
 * One run: a topology is built, clients write, faults happen, everything is healed, and in the end all must agree. A
 * pure function of the plan: the same plan gives the same run, event by event.
 */
import type { LogLevel } from '../../log/logger.js';
import { installCheckers } from '../checkers/index.js';
import { Injection } from '../faults/injection.js';
import type { Plan } from '../plan/plan.js';
import { countCoverage, type Coverage } from '../report/coverage.js';
import { recordTimeline, type TimelineEntry } from '../report/timeline.js';
import type { WorkloadClient } from '../workload/client.js';
import { ClusterTopology } from './cluster-topology.js';
import { ReplicationTopology } from './replication-topology.js';
import { Scene, type Violation } from './scene.js';
import { SentinelTopology } from './sentinel-topology.js';
import type { Topology } from './topology.js';
import { TraceHash } from './trace-hash.js';

export interface RunOptions {
  /** What members log; nothing when absent. Changes nothing in the run. */
  readonly logLevel?: LogLevel;
  /** Hears every line of the logs, with the member's name and the virtual time. */
  readonly onLogLine?: (atMs: number, member: string, line: string) => void;
}

export interface RunOutcome {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  /** Fingerprint of all that happened. */
  readonly traceHash: string;
  readonly eventCount: number;
  readonly virtualMs: number;
  readonly coverage: Coverage;
  readonly timeline: readonly TimelineEntry[];
}

/** How often violations are looked for, and agreement. */
const SLICE_MS = 250;
/** How often operators are asked to put things right. */
const REPAIR_MS = 5000;

export function run(plan: Plan, options: RunOptions = {}): RunOutcome {
  const topology = createTopology(plan, options.logLevel ?? 'nothing');
  const { world } = topology.world;
  const { onLogLine } = options;
  if (onLogLine !== undefined) {
    world.onLogLine = (process, line) => onLogLine(world.nowMs, process.name, line);
  }
  const scene = new Scene(topology.world, plan);
  const trace = new TraceHash(world);
  const coverage = countCoverage(scene);
  const timeline = recordTimeline(scene);
  installCheckers(scene, (count) => coverage.set('writes lost that no replica had', count));
  try {
    new Course(topology, scene).take();
  } catch (error) {
    scene.violate(
      'unexpected-error',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }
  for (const { atMs, rule, text } of scene.violations)
    timeline.push({ atMs, who: '', whom: '', text: `${rule}: ${text}` });
  return {
    plan,
    violations: scene.violations,
    traceHash: trace.text,
    eventCount: trace.eventCount,
    virtualMs: world.nowMs,
    coverage,
    timeline,
  };
}

function createTopology(plan: Plan, logLevel: LogLevel): Topology {
  switch (plan.kind) {
    case 'sentinel':
      return new SentinelTopology(plan, logLevel);
    case 'replication':
      return new ReplicationTopology(plan, logLevel);
    case 'cluster':
      return new ClusterTopology(plan, logLevel);
  }
}

/** The course of a run; it ends early when a rule is broken. */
class Course {
  private readonly injection: Injection;
  private clients: readonly WorkloadClient[] = [];

  constructor(
    private readonly topology: Topology,
    private readonly scene: Scene,
  ) {
    this.injection = new Injection(scene, topology);
  }

  take(): void {
    const { topology, scene } = this;
    topology.build();
    scene.isBuilt = true;
    this.clients = topology.clients(scene);
    for (const client of this.clients) client.start();
    this.injection.schedule(scene.plan.faults);
    if (!this.pass(scene.plan.chaosMs)) return;
    scene.isHealed = true;
    this.injection.healAll();
    if (!this.agree() || !this.write()) return;
    for (const client of this.clients) client.stop();
    if (this.agree()) scene.emit('settled');
  }

  /** Lets time pass. False when a rule was broken. */
  private pass(ms: number): boolean {
    for (let left = ms; left > 0; left -= SLICE_MS) {
      this.topology.world.advance(Math.min(SLICE_MS, left));
      if (this.scene.violations.length > 0) return false;
    }
    return true;
  }

  /** Until everything is in order, with operators' help. */
  private agree(): boolean {
    const { topology, scene } = this;
    const startMs = scene.nowMs;
    let repairedMs = -Infinity;
    for (;;) {
      const disorder = topology.disorder();
      if (disorder === null) return true;
      const passedMs = scene.nowMs - startMs;
      if (passedMs > topology.recoveryLimitMs) {
        scene.violate(
          'liveness',
          `${Math.round(passedMs / 1000)} s after everything was healed: ${disorder}`,
        );
        return false;
      }
      if (passedMs - repairedMs >= REPAIR_MS) {
        repairedMs = passedMs;
        this.injection.startAll();
        topology.repair();
      }
      if (!this.pass(SLICE_MS)) return false;
    }
  }

  /** Until every client has written something. */
  private write(): boolean {
    const { topology, scene } = this;
    const before = this.clients.map(({ acknowledgedCount }) => acknowledgedCount);
    const endMs = scene.nowMs + topology.recoveryLimitMs;
    for (;;) {
      const stuck = this.clients.find((client, index) => client.acknowledgedCount === before[index]);
      if (stuck === undefined) return true;
      if (scene.nowMs > endMs) {
        scene.violate('liveness', `${stuck.name} cannot write although everything is in order`);
        return false;
      }
      if (!this.pass(SLICE_MS)) return false;
    }
  }
}
