/** Who cannot reach whom, and how long messages take. Names are those of processes or hosts. */
import { drawMs, type Duration } from '../duration.js';
import type { SeededRandom } from '../seeded-random.js';
import { isNamed, type Party } from './party.js';

/** One name, several, or (in a partition) everybody who is not on the other side. */
export type Names = string | readonly string[];

interface Partition {
  readonly left: ReadonlySet<string>;
  /** Null: all that are not on the left. */
  readonly right: ReadonlySet<string> | null;
  readonly oneWay: boolean;
}

interface LatencyRule {
  readonly left: ReadonlySet<string>;
  readonly right: ReadonlySet<string>;
  readonly latency: Duration;
}

export class LinkFaults {
  private readonly partitions = new Set<Partition>();
  /** The latest rule that applies wins. */
  private latencyRules: LatencyRule[] = [];

  constructor(
    private readonly random: SeededRandom,
    private readonly latency: Duration,
    private readonly loopbackLatency: Duration,
  ) {}

  addPartition(left: Names, right: Names | null, oneWay: boolean): Partition {
    const partition = { left: toSet(left), right: right === null ? null : toSet(right), oneWay };
    this.partitions.add(partition);
    return partition;
  }

  removePartition(partition: Partition): void {
    this.partitions.delete(partition);
  }

  removeAllPartitions(): void {
    this.partitions.clear();
  }

  setLatency(left: Names, right: Names, latency: Duration | null): void {
    const rule = { left: toSet(left), right: toSet(right) };
    const replaces = (other: LatencyRule): boolean =>
      setsAreEqual(other.left, rule.left) && setsAreEqual(other.right, rule.right);
    this.latencyRules = this.latencyRules.filter((other) => !replaces(other));
    if (latency !== null) this.latencyRules.push({ ...rule, latency });
  }

  /** Whether messages from one to the other are held at the moment. */
  isBlocked(from: Party, to: Party): boolean {
    if (!from.host.hasPower || !to.host.hasPower) return true;
    for (const partition of this.partitions) {
      if (separates(partition, from, to) || (!partition.oneWay && separates(partition, to, from)))
        return true;
    }
    return false;
  }

  drawLatencyMs(from: Party, to: Party): number {
    const rule = this.latencyRules.length === 0 ? null : this.latencyRule(from, to);
    if (rule !== null) return drawMs(rule.latency, this.random);
    return drawMs(from.host === to.host ? this.loopbackLatency : this.latency, this.random);
  }

  private latencyRule(from: Party, to: Party): LatencyRule | null {
    const rule = this.latencyRules.findLast(
      ({ left, right }) =>
        (isNamed(from, left) && isNamed(to, right)) || (isNamed(from, right) && isNamed(to, left)),
    );
    return rule ?? null;
  }
}

/** Whether `from` is on the left and `to` on the right. */
function separates(partition: Partition, from: Party, to: Party): boolean {
  if (!isNamed(from, partition.left)) return false;
  return partition.right === null ? !isNamed(to, partition.left) : isNamed(to, partition.right);
}

export function toSet(names: Names): ReadonlySet<string> {
  return new Set(typeof names === 'string' ? [names] : names);
}

function setsAreEqual(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}
