/**
 * Ends the processes of a topology when this process has ended without doing so: by SIGKILL, or by a crash.
 *
 * A shell in a session of its own reads from a pipe which processes run. The pipe ends with this process, however that
 * comes, and the shell then kills those that are left. It works for every program, as nothing is asked of them.
 * A process is on the list only from its start to the exit that its starter heard of, so no foreign one can be.
 */
import type { ChildProcess, Platform } from '../platform/platform.js';

const SHELL = '/bin/sh';
const SCRIPT = `
running=''
while read -r change pid; do
  case $change in
    started) running="$running $pid" ;;
    ended)
      left=''
      for each in $running; do [ "$each" = "$pid" ] || left="$left $each"; done
      running=$left ;;
  esac
done
for each in $running; do kill -KILL "$each"; done
`;

export class ProcessGuard {
  private shell: ChildProcess | null = null;

  constructor(private readonly processes: Pick<Platform['processes'], 'spawn'>) {}

  started(pid: number): void {
    this.shell ??= this.start();
    this.shell?.write(`started ${pid}\n`);
  }

  ended(pid: number): void {
    this.shell?.write(`ended ${pid}\n`);
  }

  /** Nothing is left to be guarded. */
  close(): void {
    this.shell?.endInput();
    this.shell = null;
  }

  /** Without a shell on this machine there is no guard, and nothing else is missing. */
  private start(): ChildProcess | null {
    const options = { detached: true, openInput: true };
    const shell = this.processes.spawn(SHELL, ['-c', SCRIPT], options, () => {
      if (this.shell === shell) this.shell = null;
    });
    shell?.unref();
    return shell;
  }
}
