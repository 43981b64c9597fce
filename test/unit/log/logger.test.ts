/** The log's two formats, its levels, and what may change while it runs. */
import { describe, expect, test } from 'vitest';
import { createLogger, type LoggerOptions, type ServerLog } from '../../../src/log/logger.js';
import { createNodePlatform } from '../../../src/platform/node/index.js';
import type { LogSink } from '../../../src/platform/platform.js';

const HOUR_MS = 3_600_000;
/** 2024-02-29 12:34:56.007 UTC. */
const LEAP_DAY_MS = Date.UTC(2024, 1, 29, 12, 34, 56, 7);

/** A log whose clock stands at `nowMs` and whose lines are kept by the name of their file ('' for stdout). */
class LogFixture {
  nowMs = LEAP_DAY_MS;
  utcOffsetMs = 0;
  readonly lines = new Map<string, string[]>();
  readonly log: ServerLog;

  constructor(options: Partial<LoggerOptions> = {}) {
    const platform = createNodePlatform();
    this.log = createLogger({
      platform: {
        clock: {
          nowMs: () => this.nowMs,
          monotonicMs: () => 0,
          utcOffsetMs: () => this.utcOffsetMs,
        },
        logs: {
          standardOutput: () => this.sink(''),
          standardError: () => this.sink('stderr'),
          file: (path) => this.sink(path),
        },
        processes: Object.create(platform.processes, { pid: { value: 4711 } }) as typeof platform.processes,
      },
      level: 'debug',
      file: '',
      role: 'M',
      format: 'redis',
      ...options,
    });
  }

  get output(): string[] {
    return this.lines.get('') ?? [];
  }

  get lastJson(): unknown {
    return JSON.parse(Buffer.from(this.output.at(-1) ?? '', 'latin1').toString('utf8'));
  }

  private sink(name: string): LogSink {
    const lines = this.lines.get(name) ?? [];
    this.lines.set(name, lines);
    return { write: (line) => lines.push(line) };
  }
}

describe("Redis's format", () => {
  test('is process id, role, local time, level character and text', () => {
    const fixture = new LogFixture();
    fixture.log.debug('a');
    fixture.log.verbose('b');
    fixture.log.notice('c');
    fixture.log.warning('d');
    expect(fixture.output).toEqual([
      '4711:M 29 Feb 2024 12:34:56.007 . a\n',
      '4711:M 29 Feb 2024 12:34:56.007 - b\n',
      '4711:M 29 Feb 2024 12:34:56.007 * c\n',
      '4711:M 29 Feb 2024 12:34:56.007 # d\n',
    ]);
  });

  test('follows the time zone of the moment', () => {
    const fixture = new LogFixture();
    fixture.utcOffsetMs = 13 * HOUR_MS;
    fixture.log.notice('ahead');
    fixture.utcOffsetMs = -HOUR_MS / 2;
    fixture.nowMs = Date.UTC(2026, 0, 1, 0, 10);
    fixture.log.notice('behind');
    expect(fixture.output).toEqual([
      '4711:M 01 Mar 2024 01:34:56.007 * ahead\n',
      '4711:M 31 Dec 2025 23:40:00.000 * behind\n',
    ]);
  });

  test('shows the role of the moment', () => {
    const fixture = new LogFixture({ role: 'X' });
    fixture.log.notice('sentinel');
    fixture.log.role = 'S';
    fixture.log.notice('replica');
    expect(fixture.output.map((line) => line.slice(0, 6))).toEqual(['4711:X', '4711:S']);
    expect(fixture.log.role).toBe('S');
  });

  test('keeps texts byte for byte: no placeholders, no escapes, no fields', () => {
    const fixture = new LogFixture();
    fixture.log.notice('%s %d "quoted" \\ \t \xff', { name: 'x' });
    fixture.log.notice('');
    expect(fixture.output).toEqual([
      '4711:M 29 Feb 2024 12:34:56.007 * %s %d "quoted" \\ \t \xff\n',
      '4711:M 29 Feb 2024 12:34:56.007 * \n',
    ]);
  });

  test('encodes characters that are no bytes', () => {
    const fixture = new LogFixture();
    fixture.log.notice('→ ü');
    expect(Buffer.from(fixture.output[0] ?? '', 'latin1').toString('utf8')).toContain('* → ü\n');
  });
});

describe('JSON', () => {
  test('has level, time, process id, role, text and fields, one object per line', () => {
    const fixture = new LogFixture({ format: 'json', role: 'X' });
    fixture.log.warning('+odown master mymaster', { master: 'mymaster', quorum: 2, first: true, none: null });
    expect(fixture.output[0]?.indexOf('\n')).toBe((fixture.output[0]?.length ?? 0) - 1);
    expect(fixture.lastJson).toEqual({
      level: 'warning',
      time: LEAP_DAY_MS,
      pid: 4711,
      role: 'X',
      master: 'mymaster',
      quorum: 2,
      first: true,
      none: null,
      msg: '+odown master mymaster',
    });
  });

  test('is valid whatever bytes a text has, and shows UTF-8 as characters', () => {
    const fixture = new LogFixture({ format: 'json' });
    fixture.log.notice('a"b\\c\n\x00\x7f %s');
    expect(fixture.lastJson).toMatchObject({ msg: 'a"b\\c\n\x00\x7f %s' });
    fixture.log.notice(Buffer.from('schlüssel', 'utf8').toString('latin1'));
    expect(fixture.lastJson).toMatchObject({ msg: 'schlüssel' });
    fixture.log.notice('\xff\xfe');
    expect(fixture.lastJson).toMatchObject({ msg: '\ufffd\ufffd' });
  });
});

describe('at run time', () => {
  test('the level decides which lines are written', () => {
    const fixture = new LogFixture({ level: 'notice' });
    const logAll = (): void => {
      for (const level of ['debug', 'verbose', 'notice', 'warning'] as const) fixture.log[level](level);
    };
    const written = (): (string | undefined)[] =>
      fixture.output.splice(0).map((line) => line.split(' ').at(-1));
    logAll();
    expect(written()).toEqual(['notice\n', 'warning\n']);
    fixture.log.level = 'debug';
    logAll();
    expect(written()).toHaveLength(4);
    expect(fixture.log.isEnabled('debug')).toBe(true);
    fixture.log.level = 'warning';
    logAll();
    expect(written()).toEqual(['warning\n']);
    expect(fixture.log.isEnabled('notice')).toBe(false);
    fixture.log.level = 'nothing';
    logAll();
    expect(written()).toEqual([]);
    expect(fixture.log.isEnabled('warning')).toBe(false);
    expect(fixture.log.level).toBe('nothing');
  });

  test('the destination and the format can change between two lines', () => {
    const fixture = new LogFixture();
    fixture.log.notice('to stdout');
    fixture.log.file = '/var/log/redis.log';
    fixture.log.notice('to the file');
    fixture.log.format = 'json';
    fixture.log.notice('as json');
    expect(fixture.output).toHaveLength(1);
    expect(fixture.lines.get('/var/log/redis.log')).toEqual([
      '4711:M 29 Feb 2024 12:34:56.007 * to the file\n',
      `{"level":"notice","time":${LEAP_DAY_MS},"pid":4711,"role":"M","msg":"as json"}\n`,
    ]);
    expect([fixture.log.file, fixture.log.format]).toEqual(['/var/log/redis.log', 'json']);
  });
});

test('logs do not share their settings, and leave no listeners in the process', () => {
  const listenersBefore = process.eventNames().map((name) => [name, process.listenerCount(name)]);
  const quiet = new LogFixture({ level: 'nothing' });
  const talkative = new LogFixture({ level: 'debug' });
  quiet.log.warning('no');
  talkative.log.debug('yes');
  expect(quiet.output).toEqual([]);
  expect(talkative.output).toHaveLength(1);
  expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(listenersBefore);
});
