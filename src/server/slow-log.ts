/** SLOWLOG: the slowest commands, newest first. */

export interface SlowEntry {
  readonly id: number;
  readonly atSeconds: number;
  readonly durationMicroseconds: number;
  readonly args: readonly string[];
  readonly clientAddress: string;
  readonly clientName: string;
}

const MAX_ARGUMENTS = 32;
const MAX_ARGUMENT_LENGTH = 128;

export class SlowLog {
  private entries: SlowEntry[] = [];
  private nextId = 0;

  get length(): number {
    return this.entries.length;
  }

  /** Adds an entry with its arguments cut as Redis cuts them, and drops what exceeds `maxLength`. */
  add(
    args: readonly string[],
    durationMicroseconds: number,
    atSeconds: number,
    client: { address: string; name: string },
    maxLength: number,
  ): void {
    this.entries.unshift({
      id: this.nextId++,
      atSeconds,
      durationMicroseconds: Math.round(durationMicroseconds),
      args: shorten(args),
      clientAddress: client.address,
      clientName: client.name,
    });
    this.trim(maxLength);
  }

  trim(maxLength: number): void {
    if (this.entries.length > maxLength) this.entries.length = maxLength;
  }

  latest(count: number): readonly SlowEntry[] {
    return count < 0 ? this.entries : this.entries.slice(0, count);
  }

  reset(): void {
    this.entries = [];
  }
}

function shorten(args: readonly string[]): string[] {
  const kept = args.length > MAX_ARGUMENTS ? args.slice(0, MAX_ARGUMENTS - 1) : args;
  const shown = kept.map((arg) =>
    arg.length > MAX_ARGUMENT_LENGTH
      ? `${arg.slice(0, MAX_ARGUMENT_LENGTH)}... (${arg.length - MAX_ARGUMENT_LENGTH} more bytes)`
      : arg,
  );
  if (args.length > MAX_ARGUMENTS) shown.push(`... (${args.length - MAX_ARGUMENTS + 1} more arguments)`);
  return shown;
}
