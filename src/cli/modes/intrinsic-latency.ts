/**
 * `--intrinsic-latency`: how long this machine keeps a program from running, measured by doing a little work over and
 * over. It asks no server. Here the pauses of the JavaScript engine count as well.
 */
import type { ModeContext } from './mode.js';

/** So much work is done before others (Ctrl-C) have their turn. */
const RUNS_PER_TURN = 5000;

export function intrinsicLatency({ platform, terminal, options }: ModeContext): Promise<number> {
  const { clock, timers, processes } = platform;
  const durationMs = options.modes.intrinsicSeconds * 1000;
  const endMs = clock.monotonicMs() + durationMs;
  let [runs, longestMicroseconds, isCancelled] = [0, 0, false];
  const stopListening = processes.onSignal('SIGINT', () => (isCancelled = true));

  /** True when the time is over. */
  const measure = (): boolean => {
    for (let i = 0; i < RUNS_PER_TURN; i++) {
      const startMs = clock.monotonicMs();
      doSomething();
      const nowMs = clock.monotonicMs();
      const microseconds = Math.floor((nowMs - startMs) * 1000);
      runs++;
      if (microseconds > longestMicroseconds) {
        longestMicroseconds = microseconds;
        terminal.write(`Max latency so far: ${microseconds} microseconds.\n`);
      }
      if (nowMs > endMs) return true;
    }
    return isCancelled;
  };

  return new Promise((resolve) => {
    const turn = (): void => {
      if (!measure()) {
        timers.after(0, turn);
        return;
      }
      stopListening();
      const average = (durationMs * 1000) / runs;
      terminal.write(
        `\n${runs} total runs (avg latency: ${average.toFixed(4)} microseconds / ` +
          `${(average * 1000).toFixed(2)} nanoseconds per run).\n` +
          `Worst run took ${(longestMicroseconds / average).toFixed(0)}x longer than the average latency.\n`,
      );
      resolve(0);
    };
    turn();
  });
}

/** A few microseconds of work that cannot be optimised away: the shuffling of RC4. */
function doSomething(): number {
  const state = new Uint8Array(256);
  for (let i = 0; i < state.length; i++) state[i] = i;
  let [i, j, sum] = [0, 0, 0];
  for (let left = 1000; left > 0; left--) {
    i = (i + 1) & 0xff;
    const moved = state[i]!;
    j = (j + moved) & 0xff;
    const other = state[j]!;
    state[i] = other;
    state[j] = moved;
    sum += state[(moved + other) & 0xff]!;
  }
  return sum;
}
