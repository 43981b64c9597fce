/**
 * A program in a pseudo-terminal, and a person before it who reads the screen and types. The pseudo-terminal is made by
 * `script` of util-linux, which every Linux distribution has, so no native package is needed.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { Screen } from './screen.js';

const COLUMNS = 100;
const LIMIT_MS = 60_000;

/** Why there can be no pseudo-terminal here; null when there can. */
export function pseudoTerminalProblem(): string | null {
  const { error, stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return 'there is no script(1)';
  return stdout.includes('util-linux') ? null : "script(1) is not util-linux's";
}

export class PseudoTerminal {
  readonly screen = new Screen(COLUMNS);
  private readonly child: ChildProcess;
  private readonly exited: Promise<number>;
  private hasEnded = false;
  private readonly watchers = new Set<() => void>();

  /** @param command the program and its arguments, none of which has a quote in it */
  constructor(command: readonly string[], environment: NodeJS.ProcessEnv) {
    const words = command.map((word) => `'${word}'`).join(' ');
    this.child = spawn(
      'script',
      // -e: with the status of the program, which script would keep to itself.
      ['-q', '-f', '-e', '-E', 'always', '-c', `stty rows 1000 cols ${COLUMNS}; exec ${words}`, '/dev/null'],
      { env: { ...process.env, ...environment, TERM: 'xterm', SHELL: '/bin/sh' }, stdio: 'pipe' },
    );
    this.child.stdin!.on('error', () => undefined);
    this.child.stdout!.setEncoding('latin1').on('data', (text: string) => {
      this.screen.write(text);
      this.tellWatchers();
    });
    this.exited = new Promise((resolve) => {
      this.child.once('close', (status) => {
        this.hasEnded = true;
        resolve(status ?? -1);
        this.tellWatchers();
      });
    });
  }

  /** Presses keys, whatever is on the screen. */
  press(keys: string): void {
    this.child.stdin!.write(Buffer.from(keys, 'latin1'));
  }

  /** Resolves once the screen is as wanted; rejects with what it shows when that takes too long. */
  async sees(what: string, isSeen: (screen: Screen) => boolean): Promise<void> {
    await this.until(what, () => isSeen(this.screen));
  }

  /** Resolves to the exit status. */
  async ends(): Promise<number> {
    await this.until('the end of the program', () => this.hasEnded);
    return await this.exited;
  }

  /** Whatever became of the program, it is gone afterwards: its terminal hangs up. */
  async close(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.exited;
  }

  private until(what: string, holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        clearTimeout(limit);
        this.watchers.delete(watch);
        outcome();
      };
      const fail = (why: string) => (): void =>
        reject(new Error(`${why} before ${what} could be seen on:\n${this.screen.text}`));
      const watch = (): void => {
        if (holds()) settle(resolve);
        else if (this.hasEnded) settle(fail('the program ended'));
      };
      const limit = setTimeout(() => settle(fail('much time passed')), LIMIT_MS);
      this.watchers.add(watch);
    });
  }

  private tellWatchers(): void {
    for (const watch of [...this.watchers]) watch();
  }
}
