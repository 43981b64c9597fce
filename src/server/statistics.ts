/** Counters of a server for INFO, and the rates sampled from them. */

const SAMPLES = 16;

/** A rate over the last 16 samples of a growing counter. */
export class SampledRate {
  private readonly samples = new Float64Array(SAMPLES);
  private next = 0;
  private lastValue = 0;
  private lastAtMs = 0;

  sample(value: number, nowMs: number): void {
    const elapsedMs = nowMs - this.lastAtMs;
    if (this.lastAtMs !== 0 && elapsedMs > 0) {
      this.samples[this.next] = ((value - this.lastValue) * 1000) / elapsedMs;
      this.next = (this.next + 1) % SAMPLES;
    }
    this.lastValue = value;
    this.lastAtMs = nowMs;
  }

  /** Mean rate per second. */
  get mean(): number {
    let sum = 0;
    for (const sample of this.samples) sum += sample;
    return sum / SAMPLES;
  }

  get perSecond(): number {
    return Math.round(this.mean);
  }

  reset(): void {
    this.samples.fill(0);
    this.lastAtMs = 0;
  }
}

export class Statistics {
  startedAtMs = 0;
  totalConnectionsReceived = 0;
  totalCommandsProcessed = 0;
  rejectedConnections = 0;
  totalNetInputBytes = 0;
  totalNetOutputBytes = 0;
  totalNetReplicationInputBytes = 0;
  totalNetReplicationOutputBytes = 0;
  syncFull = 0;
  syncPartialOk = 0;
  syncPartialError = 0;
  evictedKeys = 0;
  evictedClients = 0;
  /** Values and keys that Redis would have freed in the background. */
  lazilyFreedObjects = 0;
  clientQueryBufferLimitDisconnections = 0;
  clientOutputBufferLimitDisconnections = 0;
  totalErrorReplies = 0;
  unexpectedErrorReplies = 0;
  totalForks = 0;
  aclDeniedAuth = 0;
  aclDeniedCommand = 0;
  aclDeniedKey = 0;
  aclDeniedChannel = 0;
  dumpPayloadSanitizations = 0;
  /** Turns of the event loop in which this server had something to do. */
  turns = 0;
  turnMilliseconds = 0;
  longestTurnMs = 0;
  commandMilliseconds = 0;
  mostCommandsPerTurn = 0;
  cronMilliseconds = 0;
  expireCycleMilliseconds = 0;
  aofMilliseconds = 0;
  totalReadsProcessed = 0;
  totalWritesProcessed = 0;
  latestForkMicroseconds = 0;
  readonly errorCounts = new Map<string, number>();

  readonly commandRate = new SampledRate();
  readonly inputRate = new SampledRate();
  readonly outputRate = new SampledRate();
  readonly replicationInputRate = new SampledRate();
  readonly replicationOutputRate = new SampledRate();
  readonly turnRate = new SampledRate();
  readonly turnTimeRate = new SampledRate();

  /** Microseconds per turn, over the last samples. */
  get meanTurnMicroseconds(): number {
    const turnsPerSecond = this.turnRate.mean;
    return turnsPerSecond === 0 ? 0 : Math.round((this.turnTimeRate.mean * 1000) / turnsPerSecond);
  }

  /** Adds a turn that is over. */
  endTurn(elapsedMs: number, commands: number): void {
    this.turns++;
    this.turnMilliseconds += elapsedMs;
    if (elapsedMs > this.longestTurnMs) this.longestTurnMs = elapsedMs;
    if (commands > this.mostCommandsPerTurn) this.mostCommandsPerTurn = commands;
  }

  /** Counts an error reply by its code, as `errorstat_CODE` shows it. */
  countError(text: string): void {
    this.totalErrorReplies++;
    const blank = text.indexOf(' ');
    const code = blank === -1 ? text : text.slice(0, blank);
    this.errorCounts.set(code, (this.errorCounts.get(code) ?? 0) + 1);
  }

  sample(nowMs: number): void {
    this.commandRate.sample(this.totalCommandsProcessed, nowMs);
    this.inputRate.sample(this.totalNetInputBytes, nowMs);
    this.outputRate.sample(this.totalNetOutputBytes, nowMs);
    this.replicationInputRate.sample(this.totalNetReplicationInputBytes, nowMs);
    this.replicationOutputRate.sample(this.totalNetReplicationOutputBytes, nowMs);
    this.turnRate.sample(this.turns, nowMs);
    this.turnTimeRate.sample(this.turnMilliseconds, nowMs);
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    const fresh = new Statistics();
    const { startedAtMs } = this;
    Object.assign(this, fresh, { startedAtMs });
  }
}
