/**
 * What only an executable does, once per process: read its command line and standard input, set its title, learn
 * of errors nobody caught, go into the background. Servers know nothing of it; src/launch/ does.
 */

/** How starting in the background went. */
export type DaemonOutcome =
  | { readonly kind: 'ready' }
  /** It ended before it was ready; `report` is what it wanted to tell whoever started it. */
  | { readonly kind: 'failed'; readonly report: string; readonly exitCode: number };

/** The one who started this process in the background, waiting to hear how it went. */
export interface DaemonStarter {
  /** Passes a text on, for its standard error. */
  report(text: string): void;
  /** Says that all is well; nothing can be reported any more. */
  ready(): void;
}

export interface HostProcess {
  /** The name under which the program was started, without its directory. */
  readonly programName: string;
  readonly args: readonly string[];
  /** Somebody is looking at standard output. */
  readonly outputIsTerminal: boolean;
  /** Everything that standard input holds, up to its end. */
  readStandardInput(): Buffer;
  /** Shows as this process's name in `ps`. */
  setTitle(title: string): void;
  /** Calls back with an error that nothing caught. The process must not go on after it. */
  onUnexpectedError(callback: (error: unknown) => void): void;
  /**
   * Starts this program again with the same arguments, in a session of its own and without a terminal.
   * @param standardInput what the new process finds on its standard input
   */
  startInBackground(
    workingDirectory: string,
    standardInput: Buffer | null,
    callback: (outcome: DaemonOutcome) => void,
  ): void;
  /** Set in a process that was started by {@link startInBackground}. */
  readonly daemonStarter: DaemonStarter | null;
}
