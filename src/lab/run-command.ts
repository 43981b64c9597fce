/** Running a shell command as a part of this program: same streams, its status, ended when we are asked to end. */
import type { Platform } from '../platform/platform.js';
import { onAskedToEnd } from './signals.js';

const SHELL = '/bin/sh';
/** What shells report for a command that a signal ended. */
const SIGNAL_STATUS = 128;
const SIGNAL_NUMBERS: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/**
 * @param environment added to our own
 * @returns its exit status, or 128 and the number of the signal that ended it
 */
export function runCommand(
  platform: Pick<Platform, 'processes'>,
  command: string,
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = platform.processes.spawn(
      SHELL,
      ['-c', command],
      { environment, inheritStreams: true },
      (error, { code, signal }) => {
        stop();
        if (error !== null) reject(error);
        else resolve(code ?? SIGNAL_STATUS + (SIGNAL_NUMBERS[signal!] ?? 0));
      },
    );
    // Ctrl-C reaches the command by itself, as it shares our terminal.
    const stop = onAskedToEnd(platform, (signal) => {
      if (signal !== 'SIGINT') child?.kill(signal);
    });
  });
}
