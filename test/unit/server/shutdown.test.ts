import { describe, expect, it } from 'vitest';
import type { Logger } from '../../../src/log/logger.js';
import type { Timer } from '../../../src/platform/platform.js';
import type { Pause } from '../../../src/server/pause.js';
import { Shutdown } from '../../../src/server/shutdown.js';
import type { ShutdownOptions, ShutdownParticipant } from '../../../src/server/shutdown.js';

const PLAIN: ShutdownOptions = { save: 'default', now: false, force: false };

/** A shutdown in surroundings of the test's making. */
class Scene {
  readonly log: string[] = [];
  readonly events: string[] = [];
  nowMs = 1000;
  mustNotSave = false;
  heldUp = false;
  timeoutMs = 10_000;
  readonly shutdown: Shutdown;
  private timer: { readonly atMs: number; readonly callback: () => void } | null = null;

  constructor(...participants: ShutdownParticipant[]) {
    const write = (text: string): void => void this.log.push(text);
    const log: Logger = {
      debug: write,
      verbose: write,
      notice: write,
      warning: write,
      isEnabled: () => true,
    };
    const pause: Pick<Pause, 'begin' | 'end'> = {
      begin: (purpose) => void this.events.push(`pause ${purpose}`),
      end: (purpose) => void this.events.push(`resume ${purpose}`),
    };
    const after = (delayMs: number, callback: () => void): Timer => {
      this.timer = { atMs: this.nowMs + delayMs, callback };
      return { cancel: () => (this.timer = null) };
    };
    this.shutdown = new Shutdown({
      log,
      timers: { after },
      pause,
      nowMs: () => this.nowMs,
      timeoutMs: () => this.timeoutMs,
      mustNotSave: () => this.mustNotSave,
      isHeldUp: () => this.heldUp,
      name: 'Redis',
    });
    this.shutdown.exit = () => void this.events.push('exit');
    for (const participant of participants) this.shutdown.addParticipant(participant);
  }

  begin(options: Partial<ShutdownOptions> = {}): void {
    this.shutdown.begin({ ...PLAIN, ...options }, (aborted) => {
      this.events.push(aborted ? 'aborted' : 'failed');
    });
  }

  pass(ms: number): void {
    this.nowMs += ms;
    if (this.timer !== null && this.timer.atMs <= this.nowMs) {
      const { callback } = this.timer;
      this.timer = null;
      callback();
    }
  }
}

function saver(outcomes: boolean[], seen: ShutdownOptions[] = []): ShutdownParticipant {
  return {
    finish(options, done) {
      seen.push(options);
      done(outcomes.shift() ?? true);
    },
  };
}

describe('the end of a server', () => {
  it('comes at once when nothing needs time', () => {
    const scene = new Scene();
    scene.begin();
    expect(scene.events).toEqual(['exit']);
    expect(scene.log).toEqual(['User requested shutdown...', 'Redis is now ready to exit, bye bye...']);
  });

  it('waits with writes paused until the parts are ready', () => {
    let ready = false;
    const scene = new Scene({ isReady: () => ready, hurry: () => void scene.events.push('hurry') });
    scene.begin();
    expect(scene.events).toEqual(['hurry', 'pause shutdown']);
    expect(scene.shutdown.remainingMs).toBe(10_000);
    scene.shutdown.recheck();
    expect(scene.events).not.toContain('exit');
    ready = true;
    scene.shutdown.recheck();
    expect(scene.events.at(-1)).toBe('exit');
  });

  it('waits no longer than shutdown-timeout', () => {
    const scene = new Scene({ isReady: () => false });
    scene.begin();
    scene.pass(9_999);
    expect(scene.events).toEqual(['pause shutdown']);
    expect(scene.shutdown.remainingMs).toBe(1);
    scene.pass(1);
    expect(scene.events).toEqual(['pause shutdown', 'exit']);
  });

  it.each([[{ now: true }, 10_000] as const, [{}, 0] as const])(
    'does not wait with %j and a timeout of %i',
    (options, timeoutMs) => {
      const scene = new Scene({ isReady: () => false });
      scene.timeoutMs = timeoutMs;
      scene.begin(options);
      expect(scene.events).toEqual(['exit']);
    },
  );

  it('lets every part do its last work, in order', () => {
    const scene = new Scene(
      { finish: (_options, done) => (scene.events.push('first'), done(true)) },
      { finish: (_options, done) => (scene.events.push('second'), done(true)) },
    );
    scene.begin();
    expect(scene.events).toEqual(['first', 'second', 'exit']);
  });

  it('does not come when the last work fails, and can be tried again', () => {
    const scene = new Scene(saver([false, true]));
    scene.begin();
    expect(scene.events).toEqual(['resume shutdown', 'failed']);
    expect(scene.log).toContain(
      'Errors trying to shut down the server. Check the logs for more information.',
    );
    expect(scene.shutdown.isInProgress).toBe(false);
    scene.begin();
    expect(scene.events.at(-1)).toBe('exit');
  });

  it('comes in spite of a failure when forced', () => {
    const scene = new Scene(saver([false]));
    scene.begin({ force: true });
    expect(scene.events).toEqual(['exit']);
  });

  it('can be aborted while it waits, which everyone who asked for it hears', () => {
    const scene = new Scene({ isReady: () => false });
    scene.begin();
    scene.begin();
    expect(scene.shutdown.abort()).toBe(true);
    expect(scene.events).toEqual(['pause shutdown', 'resume shutdown', 'aborted', 'aborted']);
    expect(scene.log).toContain('Shutdown manually aborted.');
    scene.pass(20_000);
    expect(scene.events).not.toContain('exit');
    expect(scene.shutdown.abort()).toBe(false);
  });

  it('cannot be aborted once the last work has begun', () => {
    let finish: (succeeded: boolean) => void = () => undefined;
    const scene = new Scene({ finish: (_options, done) => (finish = done) });
    scene.begin();
    expect(scene.shutdown.abort()).toBe(false);
    finish(true);
    expect(scene.events).toEqual(['exit']);
  });

  it('begins at once when a signal asks for it, unless periodic work is held up', () => {
    const scene = new Scene();
    scene.shutdown.schedule(PLAIN);
    expect(scene.events).toEqual(['exit']);
    const other = new Scene();
    other.heldUp = true;
    other.shutdown.schedule(PLAIN);
    other.shutdown.runScheduled();
    expect(other.events).toEqual([]);
    expect(other.shutdown.isInProgress).toBe(true);
    other.heldUp = false;
    other.shutdown.runScheduled();
    expect(other.events).toEqual(['exit']);
  });

  it('can be aborted before it begins', () => {
    const scene = new Scene();
    scene.heldUp = true;
    scene.shutdown.schedule(PLAIN);
    expect(scene.shutdown.abort()).toBe(true);
    scene.shutdown.runScheduled();
    expect(scene.events).toEqual([]);
    expect(scene.log).toEqual(['Shutdown manually aborted.']);
  });

  it('never saves where there is nothing whole to save', () => {
    const seen: ShutdownOptions[] = [];
    const scene = new Scene(saver([true], seen));
    scene.mustNotSave = true;
    scene.begin({ save: 'save' });
    expect(seen).toEqual([{ save: 'nosave', now: false, force: false }]);
  });
});
