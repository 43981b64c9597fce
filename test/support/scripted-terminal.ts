/** A terminal whose person is the test: it presses keys, types lines and reads what was written. */
import type { InputFlow, InputListener, LineSource, Terminal } from '../../src/platform/terminal.js';

/** Thrown in the program's face when its output is what was waited for. */
export class TerminalStopped extends Error {}

export class ScriptedTerminal implements Terminal {
  output = '';
  errors = '';
  /** Output that stops the program: for those that run for ever. */
  stopsAt: RegExp | null = null;
  private keyListener: ((key: string) => void) | null = null;
  private readonly waiters: { pattern: RegExp; resolve: () => void }[] = [];

  constructor(
    readonly isInputTerminal: boolean,
    readonly isOutputTerminal = isInputTerminal,
    private readonly input = '',
  ) {}

  write(bytes: string): void {
    this.output += bytes;
    for (const waiter of [...this.waiters]) {
      if (!waiter.pattern.test(this.output)) continue;
      this.waiters.splice(this.waiters.indexOf(waiter), 1);
      waiter.resolve();
    }
    if (this.stopsAt?.test(this.output) === true) throw new TerminalStopped();
  }

  writeError(bytes: string): void {
    this.errors += bytes;
  }

  readAll(callback: (bytes: string) => void): void {
    queueMicrotask(() => callback(this.input));
  }

  openInput(listener: InputListener): InputFlow {
    queueMicrotask(() => {
      if (this.input !== '') listener.onBytes(Buffer.from(this.input, 'latin1'));
      listener.onEnd();
    });
    return { pause: () => undefined, resume: () => undefined };
  }

  onKey(listener: (key: string) => void): () => void {
    this.keyListener = listener;
    return () => {
      this.keyListener = null;
    };
  }

  /** True while the program takes keys. */
  get takesKeys(): boolean {
    return this.keyListener !== null;
  }

  press(key: string): void {
    if (this.keyListener === null) throw new Error('nobody takes keys');
    this.keyListener(key);
  }

  /** Resolves when the output matches, looking at all of it; rejects with the output when it takes too long. */
  shows(pattern: RegExp, limitMs = 45_000): Promise<void> {
    if (pattern.test(this.output)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`no ${pattern} in\n${this.output}`)), limitMs);
      const shown = (): void => {
        clearTimeout(limit);
        resolve();
      };
      this.waiters.push({ pattern, resolve: shown });
    });
  }

  /** Serves the input given at the start, line by line. */
  openLines(): LineSource {
    const lines = this.input === '' ? [] : this.input.replace(/\n$/, '').split('\n');
    return {
      next: (prompt, callback) => {
        if (this.isInputTerminal) this.write(prompt);
        queueMicrotask(() => callback(lines.shift() ?? null));
      },
      onInput: () => () => undefined,
      onInterrupt: () => () => undefined,
      close: () => undefined,
    };
  }
}
