/**
 * Where pino writes to: renders each line in Redis's format or passes pino's JSON on, into a log sink.
 *
 * pino tells a destination with the `pino.metadata` symbol the fields of the line that it is about to write, so
 * Redis's format is made from the fields; nothing parses a line again.
 */
import type { Clock, LogSink } from '../platform/platform.js';
import { bytesFromText } from '../resp/ascii.js';
import { levelCharacter } from './levels.js';
import { formatTimestamp } from './timestamp.js';

/** `redis`: the lines that people and tools know from Redis. `json`: one JSON object per line, in UTF-8. */
export type LogFormat = 'redis' | 'json';

/** Who speaks: master, replica, sentinel, or a helper process of a server (stock: its child). */
export type RoleCharacter = 'M' | 'S' | 'X' | 'C';

const METADATA = Symbol.for('pino.metadata');

export class LogDestination {
  readonly [METADATA] = true;
  /** Set by pino before each `write`. */
  lastLevel = 0;
  lastMsg = '';
  lastTime = '0';

  constructor(
    public sink: LogSink,
    public format: LogFormat,
    public role: RoleCharacter,
    private readonly pid: number,
    private readonly clock: Clock,
  ) {}

  write(json: string): void {
    this.sink.write(this.format === 'json' ? bytesFromText(json) : this.redisLine());
  }

  private redisLine(): string {
    const timeMs = Number(this.lastTime);
    const timestamp = formatTimestamp(timeMs, this.clock.utcOffsetMs(timeMs));
    return `${this.pid}:${this.role} ${timestamp} ${levelCharacter(this.lastLevel)} ${this.lastMsg}\n`;
  }
}
