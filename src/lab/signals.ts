/** The ways in which a command of `vedette` is asked to end. */
import type { Platform } from '../platform/platform.js';

const ENDING_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Calls back at each signal that asks this process to end; returns the way to stop listening. */
export function onAskedToEnd(
  platform: Pick<Platform, 'processes'>,
  callback: (signal: NodeJS.Signals) => void,
): () => void {
  const stops = ENDING_SIGNALS.map((signal) => platform.processes.onSignal(signal, () => callback(signal)));
  return () => stops.forEach((stop) => stop());
}

/** Resolves at the first such signal. Later ones do nothing: they must not interrupt the cleaning up. */
export function untilAskedToEnd(platform: Pick<Platform, 'processes'>): Promise<void> {
  return new Promise((resolve) => {
    onAskedToEnd(platform, () => resolve());
  });
}
