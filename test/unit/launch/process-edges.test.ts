import { describe, expect, it } from 'vitest';
import { ServerConfig } from '../../../src/config/server-config.js';
import { bugReport, reportFatalSignals, reportUnexpectedErrors } from '../../../src/launch/bug-report.js';
import { OomScore } from '../../../src/launch/oom-score.js';
import { limitClients } from '../../../src/launch/open-files.js';
import { shutDownOnSignals } from '../../../src/launch/signals.js';
import type { Logger } from '../../../src/log/logger.js';
import type { HostProcess } from '../../../src/platform/host-process.js';
import type { Processes } from '../../../src/platform/platform.js';
import type { ShutdownOptions } from '../../../src/server/shutdown.js';
import { TestServer } from '../../support/test-server.js';
import { FakeProcess } from '../config/memory-disk.js';

class RecordingLog implements Logger {
  readonly lines: string[] = [];
  readonly debug = (text: string): void => void this.lines.push(text);
  readonly verbose = this.debug;
  readonly notice = this.debug;
  readonly warning = this.debug;
  readonly isEnabled = (): boolean => true;
}

/** A process whose signals and exits are in the hands of the test. */
class SignalledProcess {
  readonly exits: number[] = [];
  private readonly callbacks = new Map<string, () => void>();

  exit = (code: number): void => void this.exits.push(code);

  onSignal = (signal: NodeJS.Signals, callback: () => void): (() => void) => {
    this.callbacks.set(signal, callback);
    return () => this.callbacks.delete(signal);
  };

  send(signal: NodeJS.Signals): void {
    this.callbacks.get(signal)?.();
  }
}

describe('signals', () => {
  function scene(settings: Record<string, string[]> = {}): {
    process: SignalledProcess;
    begun: ShutdownOptions[];
    log: RecordingLog;
  } {
    const process = new SignalledProcess();
    const begun: ShutdownOptions[] = [];
    const log = new RecordingLog();
    const config = new ServerConfig(new FakeProcess());
    for (const [name, words] of Object.entries(settings)) config.configure(name, words);
    const shutdown = {
      get isInProgress(): boolean {
        return begun.length > 0;
      },
      schedule: (options: ShutdownOptions) => void begun.push(options),
    };
    shutDownOnSignals(shutdown, config, process, log);
    return { process, begun, log };
  }

  it('end the server as their directives say', () => {
    const settings = { 'shutdown-on-sigterm': ['nosave', 'now'], 'shutdown-on-sigint': ['save', 'force'] };
    const { process, begun } = scene(settings);
    process.send('SIGTERM');
    expect(begun).toEqual([{ save: 'nosave', now: true, force: false }]);
    const other = scene(settings);
    other.process.send('SIGINT');
    expect(other.begun).toEqual([{ save: 'save', now: false, force: true }]);
  });

  it('save by default if there are save points', () => {
    const { process, begun, log } = scene();
    process.send('SIGTERM');
    expect(begun).toEqual([{ save: 'default', now: false, force: false }]);
    expect(log.lines).toEqual(['Received SIGTERM scheduling shutdown...']);
  });

  it('end the process at once when SIGINT is repeated', () => {
    const { process, begun, log } = scene();
    process.send('SIGINT');
    process.send('SIGINT');
    expect(begun).toHaveLength(1);
    expect(process.exits).toEqual([1]);
    expect(log.lines.at(-1)).toBe('You insist... exiting now.');
  });
});

describe('an error that nobody expected', () => {
  it('is reported in the log and to a starter that waits, and ends the process', () => {
    const log = new RecordingLog();
    const told: string[] = [];
    const exits: number[] = [];
    let raise: (error: unknown) => void = () => undefined;
    const host: Pick<HostProcess, 'onUnexpectedError' | 'daemonStarter'> = {
      onUnexpectedError: (callback) => (raise = callback),
      daemonStarter: { report: (text) => void told.push(text), ready: () => undefined },
    };
    const processes: Pick<Processes, 'exit'> = { exit: (code) => void exits.push(code) };
    reportUnexpectedErrors(host, log, processes);
    raise(new TypeError('x is not a function'));
    expect(log.lines[0]).toContain('=== REDIS BUG REPORT START');
    expect(log.lines.join('\n')).toContain('process-edges.test.ts');
    expect(told).toEqual(['TypeError: x is not a function\n']);
    expect(exits).toEqual([1]);
  });

  it.each([
    ['SIGABRT', 6],
    ['DEBUG SEGFAULT', 11],
  ])('that is asked for by %s tells how the server is', (what, number) => {
    const test = new TestServer({ 'enable-debug-command': 'yes' });
    const [log, process] = [new RecordingLog(), new SignalledProcess()];
    reportFatalSignals(test.server, log, process);
    if (what === 'SIGABRT') process.send('SIGABRT');
    else test.connect().send('DEBUG', 'SEGFAULT');
    const report = log.lines;
    expect(report[0]).toContain('=== REDIS BUG REPORT START');
    expect(report[1]).toContain(`crashed by signal: ${number}`);
    expect(report).toContain('# Server');
    expect(process.exits).toEqual([128 + number]);
  });

  it('may be anything that can be thrown', () => {
    expect(bugReport('just text')).toContain('just text');
    expect(bugReport(undefined)).toContain('undefined');
  });
});

describe('the OOM score', () => {
  interface Scored {
    readonly score: () => string;
    readonly set: (...pairs: [string, string][]) => string | null;
    readonly oomScore: OomScore;
    readonly files: Map<string, string>;
  }

  const FILE = '/proc/self/oom_score_adj';

  function scored(): Scored {
    const files = new Map([[FILE, '5\n']]);
    const config = new ServerConfig(new FakeProcess());
    const disk = {
      readFileSync: (path: string) => Buffer.from(files.get(path) ?? ''),
      writeFileSync: (path: string, bytes: Buffer) => {
        if (bytes.toString() === '-1000\n') throw Object.assign(new Error('no'), { code: 'EACCES' });
        files.set(path, bytes.toString());
      },
    };
    const set = (...pairs: [string, string][]): string | null => {
      let outcome: string | null = 'not answered';
      config.set(pairs, { protectedAllowed: true, loading: false }, (error) => (outcome = error));
      return outcome;
    };
    const oomScore = new OomScore(config, disk, new RecordingLog());
    return { score: () => files.get(FILE) ?? '', set, oomScore, files };
  }

  it('is left alone until it is switched on, and given back afterwards', () => {
    const { score, set, oomScore } = scored();
    oomScore.follow('replica');
    expect(score()).toBe('5\n');
    expect(set(['oom-score-adj', 'yes'])).toBeNull();
    expect(score()).toBe('205\n');
    expect(set(['oom-score-adj', 'no'])).toBeNull();
    expect(score()).toBe('5\n');
  });

  it('is relative to the score before, or absolute, and follows the role', () => {
    const { score, set, oomScore } = scored();
    expect(set(['oom-score-adj', 'relative'], ['oom-score-adj-values', '10 20 30'])).toBeNull();
    expect(score()).toBe('15\n');
    oomScore.follow('replica');
    expect(score()).toBe('25\n');
    expect(set(['oom-score-adj', 'absolute'])).toBeNull();
    expect(score()).toBe('20\n');
    expect(set(['oom-score-adj-values', '1 2000 30'])).toBeNull();
    expect(score()).toBe('1000\n');
  });

  it('stays as it was when the system refuses', () => {
    const { score, set } = scored();
    expect(set(['oom-score-adj', 'absolute'], ['oom-score-adj-values', '-1000 0 0'])).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'oom-score-adj') - " +
        'Failed to set current oom_score_adj. Check server logs.',
    );
    expect(score()).toBe('5\n');
  });
});

describe('the limit of open files', () => {
  function limited(
    openFiles: number | null,
    maxclients = '10000',
  ): { config: ServerConfig; log: RecordingLog } {
    const config = new ServerConfig(new FakeProcess());
    config.configure('maxclients', [maxclients]);
    const log = new RecordingLog();
    const readFileSync = (): Buffer => {
      if (openFiles === null) throw new Error('no such file');
      return Buffer.from(
        `Limit  Soft Limit\nMax open files            ${openFiles}     ${openFiles}      files\n`,
      );
    };
    limitClients(config, { readFileSync }, log);
    return { config, log };
  }

  function setMaxClients(config: ServerConfig, value: string): string | null {
    let outcome: string | null = 'not answered';
    const permissions = { protectedAllowed: true, loading: false };
    config.set([['maxclients', value]], permissions, (error) => (outcome = error));
    return outcome;
  }

  it('lowers maxclients to what is possible, and says so', () => {
    const { config, log } = limited(1024);
    expect(config.values.maxclients).toBe(992);
    expect(log.lines).toEqual([expect.stringContaining('maxclients has been reduced from 10000 to 992')]);
  });

  it('leaves maxclients alone when there is room, or nobody knows', () => {
    expect(limited(20_000)).toMatchObject({ config: { values: { maxclients: 10_000 } }, log: { lines: [] } });
    expect(limited(null).config.values.maxclients).toBe(10_000);
  });

  it('lets CONFIG SET go up to it, not beyond', () => {
    const { config } = limited(1024, '100');
    expect(setMaxClients(config, '992')).toBeNull();
    expect(setMaxClients(config, '993')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able to " +
        'handle the specified number of clients, try with 992',
    );
    expect(config.values.maxclients).toBe(992);
  });
});
