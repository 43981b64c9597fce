/**
 * The log of one server or sentinel: pino, in Redis's line format or as JSON, written synchronously.
 *
 * Everything that may change while the server runs (level, role, format, file) is a property. Takes time and
 * output from the platform; installs nothing in the process.
 */
import { pino, type Logger as PinoInstance } from 'pino';
import type { LogSink, Platform } from '../platform/platform.js';
import { bytesFromText, textFromBytes } from '../resp/ascii.js';
import { LogDestination, type LogFormat, type RoleCharacter } from './destination.js';
import { LEVEL_NUMBERS, type LineLevel, type LogLevel } from './levels.js';

export type { LogFormat, RoleCharacter } from './destination.js';
export type { LineLevel, LogLevel } from './levels.js';

/** More about a line, for machines: shown with `log-format json` only. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/**
 * What code that logs needs. Texts are byte strings like everything else; one with characters beyond a byte
 * (a message of the system, say) is taken for text and encoded.
 */
export interface Logger {
  debug(text: string, fields?: LogFields): void;
  verbose(text: string, fields?: LogFields): void;
  notice(text: string, fields?: LogFields): void;
  warning(text: string, fields?: LogFields): void;
  /** False when lines of that level are dropped: spares building a costly text. */
  isEnabled(level: LineLevel): boolean;
}

export interface LoggerOptions {
  readonly platform: Pick<Platform, 'clock' | 'logs' | 'processes'>;
  readonly level: LogLevel;
  /** Path of the log file; empty for standard output. */
  readonly file: string;
  readonly role: RoleCharacter;
  readonly format: LogFormat;
}

export function createLogger(options: LoggerOptions): ServerLog {
  return new ServerLog(options);
}

/** A {@link Logger} together with what its owner may change at run time. */
export class ServerLog implements Logger {
  private readonly platform: LoggerOptions['platform'];
  private readonly destination: LogDestination;
  private readonly pino: PinoInstance<LineLevel, true>;
  private currentLevel: LogLevel;
  private currentFile: string;

  constructor(options: LoggerOptions) {
    const { clock, processes } = options.platform;
    this.platform = options.platform;
    this.currentLevel = options.level;
    this.currentFile = options.file;
    this.destination = new LogDestination(
      this.openSink(options.file),
      options.format,
      options.role,
      processes.pid,
      clock,
    );
    this.pino = pino<LineLevel, true>(
      {
        level: pinoLevel(options.level),
        customLevels: LEVEL_NUMBERS,
        useOnlyCustomLevels: true,
        base: { pid: processes.pid },
        timestamp: () => `,"time":${clock.nowMs()}`,
        formatters: { level: (label) => ({ level: label }) },
        mixin: () => ({ role: this.destination.role }),
      },
      this.destination,
    );
  }

  get level(): LogLevel {
    return this.currentLevel;
  }

  set level(level: LogLevel) {
    this.currentLevel = level;
    this.pino.level = pinoLevel(level);
  }

  get role(): RoleCharacter {
    return this.destination.role;
  }

  set role(role: RoleCharacter) {
    this.destination.role = role;
  }

  get format(): LogFormat {
    return this.destination.format;
  }

  set format(format: LogFormat) {
    this.destination.format = format;
  }

  get file(): string {
    return this.currentFile;
  }

  set file(path: string) {
    this.currentFile = path;
    this.destination.sink = this.openSink(path);
  }

  debug(text: string, fields?: LogFields): void {
    if (this.isEnabled('debug')) this.pino.debug(fields, this.message(text));
  }

  verbose(text: string, fields?: LogFields): void {
    if (this.isEnabled('verbose')) this.pino.verbose(fields, this.message(text));
  }

  notice(text: string, fields?: LogFields): void {
    if (this.isEnabled('notice')) this.pino.notice(fields, this.message(text));
  }

  warning(text: string, fields?: LogFields): void {
    if (this.isEnabled('warning')) this.pino.warning(fields, this.message(text));
  }

  isEnabled(level: LineLevel): boolean {
    return this.pino.isLevelEnabled(level);
  }

  private openSink(path: string): LogSink {
    const { logs } = this.platform;
    return path === '' ? logs.standardOutput() : logs.file(path);
  }

  /** Redis's lines hold the bytes as they are; JSON is Unicode text by definition. */
  private message(text: string): string {
    const bytes = hasOnlyBytes(text) ? text : bytesFromText(text);
    return this.format === 'json' ? textFromBytes(bytes) : bytes;
  }
}

function pinoLevel(level: LogLevel): string {
  return level === 'nothing' ? 'silent' : level;
}

function hasOnlyBytes(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0xff) return false;
  }
  return true;
}
