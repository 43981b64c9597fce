/**
 * The orderly end of a server: SHUTDOWN and the signals that ask for it.
 *
 * It waits for the parts that need time (replicas that lag behind), with writes paused meanwhile; lets each part
 * do its last work (saving), any of which may refuse; then hands over to whoever runs the server. Until then it
 * can be aborted, and a refusal leaves the server as it was.
 */
import type { Logger } from '../log/logger.js';
import type { Timer, Timers } from '../platform/platform.js';
import type { Pause } from './pause.js';

export interface ShutdownOptions {
  /** `default`: save if there are save points. */
  readonly save: 'default' | 'save' | 'nosave';
  /** Do not wait for replicas. */
  readonly now: boolean;
  /** End even if the last work fails. */
  readonly force: boolean;
}

/** A part of the server that has a say in its end. Every part writes its own log lines. */
export interface ShutdownParticipant {
  /** Whether the end may come without loss. Asked at the start, and again on {@link Shutdown.recheck}. */
  isReady?(): boolean;
  /** Waiting begins: a good moment to hurry things up. */
  hurry?(): void;
  /** Waiting is over: what is to be said before the last work begins. */
  report?(): void;
  /** The last work; calls back with false when the server should rather live on. */
  finish?(options: ShutdownOptions, done: (succeeded: boolean) => void): void;
}

/** What of a server its end needs. */
export interface ShutdownSurroundings {
  readonly log: Logger;
  readonly timers: Pick<Timers, 'after'>;
  readonly pause: Pick<Pause, 'begin' | 'end'>;
  readonly nowMs: () => number;
  /** `shutdown-timeout` in milliseconds. */
  readonly timeoutMs: () => number;
  /** There is nothing to save, or only half a dataset, which must not replace what it is loaded from. */
  readonly mustNotSave: () => boolean;
  /** What a signal asked for must wait: periodic work is held up, or a command is half done, which is not to be saved. */
  readonly isHeldUp: () => boolean;
  readonly name: 'Redis' | 'Sentinel';
}

interface Running {
  readonly options: ShutdownOptions;
  readonly deadlineMs: number;
  readonly timer: Timer | null;
  /** Whoever waits for the outcome; called only when the server lives on. */
  readonly onFailed: ((aborted: boolean) => void)[];
  finishing: boolean;
}

export class Shutdown {
  /** Ends the process, or just this server when it is one of several. */
  exit: () => void = () => undefined;

  private readonly participants: ShutdownParticipant[] = [];
  private running: Running | null = null;
  /** Asked for by a signal, to begin with the next periodic work. */
  private scheduled: ShutdownOptions | null = null;

  constructor(private readonly around: ShutdownSurroundings) {}

  addParticipant(participant: ShutdownParticipant): void {
    this.participants.push(participant);
  }

  get isInProgress(): boolean {
    return this.running !== null || this.scheduled !== null;
  }

  /** Time left for waiting, as INFO's `shutdown_in_milliseconds` shows it; null when nothing waits. */
  get remainingMs(): number | null {
    return this.running === null ? null : Math.max(0, this.running.deadlineMs - this.around.nowMs());
  }

  /**
   * Asks for the end as signals do: it begins at once, or, while something holds it up, with the first periodic work
   * after that. Until then it can be aborted.
   */
  schedule(options: ShutdownOptions): void {
    this.scheduled = options;
    this.runScheduled();
  }

  /** Begins what {@link schedule} asked for, if nothing holds it up. Part of the periodic work. */
  runScheduled(): void {
    if (this.scheduled === null || this.around.isHeldUp()) return;
    const options = this.scheduled;
    this.scheduled = null;
    this.begin(options, () => undefined);
  }

  /**
   * Begins to end the server, or joins an end that has begun.
   * @param onFailed called when the server lives on: aborted, or because the last work failed
   */
  begin(asked: ShutdownOptions, onFailed: (aborted: boolean) => void): void {
    if (this.running !== null) {
      this.running.onFailed.push(onFailed);
      return;
    }
    const { log, timers, pause, nowMs } = this.around;
    log.notice('User requested shutdown...');
    const options: ShutdownOptions = this.around.mustNotSave() ? { ...asked, save: 'nosave' } : asked;
    const timeoutMs = this.around.timeoutMs();
    const waits = !options.now && timeoutMs > 0 && !this.isReady();
    this.running = {
      options,
      deadlineMs: nowMs() + (waits ? timeoutMs : 0),
      timer: waits ? timers.after(timeoutMs, () => this.finish()) : null,
      onFailed: [onFailed],
      finishing: false,
    };
    if (!waits) {
      this.finish();
      return;
    }
    for (const participant of this.participants) participant.hurry?.();
    pause.begin('shutdown', Infinity, true);
    log.notice('Waiting for replicas before shutting down.');
  }

  /** Something that the end waits for may have come about. */
  recheck(): void {
    if (this.running !== null && !this.running.finishing && this.isReady()) this.finish();
  }

  /** SHUTDOWN ABORT. False when nothing is in progress or it is too late. */
  abort(): boolean {
    if (this.scheduled !== null) {
      this.scheduled = null;
      this.around.log.notice('Shutdown manually aborted.');
      return true;
    }
    if (this.running === null || this.running.finishing) return false;
    this.around.log.notice('Shutdown manually aborted.');
    this.liveOn(true);
    return true;
  }

  private isReady(): boolean {
    return this.participants.every((participant) => participant.isReady?.() ?? true);
  }

  private finish(): void {
    const { running } = this;
    if (running === null) return;
    running.finishing = true;
    running.timer?.cancel();
    const { log, name } = this.around;
    for (const participant of this.participants) participant.report?.();
    const next = (index: number): void => {
      const participant = this.participants[index];
      if (participant === undefined) {
        log.warning(`${name} is now ready to exit, bye bye...`);
        this.exit();
        return;
      }
      if (participant.finish === undefined) {
        next(index + 1);
        return;
      }
      participant.finish(running.options, (succeeded) => {
        if (succeeded || running.options.force) {
          next(index + 1);
          return;
        }
        log.warning('Errors trying to shut down the server. Check the logs for more information.');
        this.liveOn(false);
      });
    };
    next(0);
  }

  private liveOn(aborted: boolean): void {
    const { running } = this;
    this.running = null;
    running?.timer?.cancel();
    this.around.pause.end('shutdown');
    for (const onFailed of running?.onFailed ?? []) onFailed(aborted);
  }
}
