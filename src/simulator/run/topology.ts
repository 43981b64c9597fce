/** What a run needs to know of the topology that it runs, whatever its kind. */
import type { Operators } from '../faults/injection.js';
import type { WorkloadClient } from '../workload/client.js';
import type { SimulatedWorld } from '../world/simulated-world.js';
import type { Scene } from './scene.js';

export interface Topology extends Operators {
  readonly world: SimulatedWorld;
  /** For how long agreement may take after everything is healed. */
  readonly recoveryLimitMs: number;
  /** Starts all members and waits until they work together. */
  build(): void;
  clients(scene: Scene): WorkloadClient[];
  /** Operators put right what only they can: when everything is healed, and again while it is not in order. */
  repair(): void;
  /** What keeps the topology from being in order; null: nothing. */
  disorder(): string | null;
}
