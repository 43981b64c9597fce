/** ACL LOG: what was denied, newest first. Repetitions within a minute are counted in one entry. */

export type DenialReason = 'auth' | 'command' | 'key' | 'channel';

/** Where the denied command came from. */
export type DenialContext = 'toplevel' | 'multi' | 'lua' | 'module';

export interface AclLogEvent {
  readonly reason: DenialReason;
  readonly context: DenialContext;
  /** The command, key or channel that was denied; for `auth` the command that tried. */
  readonly object: string;
  readonly username: string;
  /** The client's line of CLIENT LIST. */
  readonly clientInfo: string;
}

export interface AclLogEntry extends AclLogEvent {
  readonly id: number;
  readonly count: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Redis's ACL_LOG_GROUPING_MAX_TIME_DELTA. */
const GROUPING_MS = 60_000;
/** How many of the newest entries are compared with a new event. */
const GROUPING_DEPTH = 10;

export class AclLog {
  private entries: AclLogEntry[] = [];
  private nextId = 0;

  /** Adds an event, or counts it in a recent entry about the same thing; drops what exceeds `maxLength`. */
  add(event: AclLogEvent, nowMs: number, maxLength: number): void {
    const index = this.entries
      .slice(0, GROUPING_DEPTH)
      .findIndex((entry) => isSameMatter(entry, event) && Math.abs(nowMs - entry.updatedAtMs) <= GROUPING_MS);
    const [earlier] = index === -1 ? [] : this.entries.splice(index, 1);
    this.entries.unshift({
      ...event,
      id: earlier?.id ?? this.nextId++,
      count: (earlier?.count ?? 0) + 1,
      createdAtMs: earlier?.createdAtMs ?? nowMs,
      updatedAtMs: nowMs,
    });
    this.trim(maxLength);
  }

  latest(count: number): readonly AclLogEntry[] {
    return this.entries.slice(0, count);
  }

  trim(maxLength: number): void {
    if (this.entries.length > maxLength) this.entries.length = maxLength;
  }

  reset(): void {
    this.entries = [];
  }
}

function isSameMatter(entry: AclLogEntry, event: AclLogEvent): boolean {
  return (
    entry.reason === event.reason &&
    entry.context === event.context &&
    entry.object === event.object &&
    entry.username === event.username
  );
}
