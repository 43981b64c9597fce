/** LATENCY: the last times that each kind of event took longer than `latency-monitor-threshold`. */

export interface LatencySample {
  readonly atSeconds: number;
  readonly latencyMs: number;
}

/** Redis's LATENCY_TS_LEN. */
const SAMPLES_KEPT = 160;

/** What is remembered of one kind of event. */
export class LatencyEvent {
  /** The longest ever, also when its sample is gone. */
  maxMs = 0;
  private readonly kept: LatencySample[] = [];

  /** Oldest first. */
  get samples(): readonly LatencySample[] {
    return this.kept;
  }

  get latest(): LatencySample | undefined {
    return this.kept.at(-1);
  }

  /** Adds a sample; of those within one second the longest stays. */
  add(sample: LatencySample): void {
    this.maxMs = Math.max(this.maxMs, sample.latencyMs);
    const { latest } = this;
    if (latest !== undefined && latest.atSeconds === sample.atSeconds) {
      if (sample.latencyMs > latest.latencyMs) this.kept[this.kept.length - 1] = sample;
      return;
    }
    this.kept.push(sample);
    if (this.kept.length > SAMPLES_KEPT) this.kept.shift();
  }
}

export class LatencyMonitor {
  /** `latency-monitor-threshold`; 0 switches it off. */
  thresholdMs = 0;
  private readonly byName = new Map<string, LatencyEvent>();

  get events(): ReadonlyMap<string, LatencyEvent> {
    return this.byName;
  }

  /** Notes that an event took some time, if that was long enough to be noted. */
  note(name: string, latencyMs: number, nowMs: number): void {
    if (this.thresholdMs === 0 || latencyMs < this.thresholdMs) return;
    const event = this.byName.get(name) ?? new LatencyEvent();
    this.byName.set(name, event);
    event.add({ atSeconds: Math.floor(nowMs / 1000), latencyMs: Math.floor(latencyMs) });
  }

  /** Forgets one kind of event; false when there is none. */
  reset(name: string): boolean {
    return this.byName.delete(name);
  }

  resetAll(): number {
    const count = this.byName.size;
    this.byName.clear();
    return count;
  }
}
