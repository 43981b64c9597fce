/**
 * The standard streams, for programs that talk with a person or are part of a pipeline: `vedette`, `vedette-cli`.
 * Servers have no use for it. Bytes are strings with one character per byte, as everywhere.
 */

export interface Terminal {
  /** Whether a person types. */
  readonly isInputTerminal: boolean;
  /** Whether a person reads. */
  readonly isOutputTerminal: boolean;
  /** To standard output. With the reader, however slow, when it returns; dropped when there is none any more. */
  write(bytes: string): void;
  /** To standard error. */
  writeError(bytes: string): void;
  /** Everything on standard input, up to its end. */
  readAll(callback: (bytes: string) => void): void;
  /** Standard input as it comes; from then on it is read by nobody else. */
  openInput(listener: InputListener): InputFlow;
  /**
   * Every key as it is pressed, without echo: characters, or escape sequences as the terminal sends them. Keys that
   * mean something to the system do not, Ctrl-C is `\x03`. Only where {@link isInputTerminal}.
   * @returns the way to stop it and restore the terminal
   */
  onKey(listener: (key: string) => void): () => void;
  /** Lines of standard input; from then on it is read by nobody else. */
  openLines(options: LineOptions): LineSource;
}

export interface InputListener {
  /** The buffer belongs to the listener. */
  onBytes(chunk: Buffer): void;
  onEnd(): void;
}

/** Holds back input that comes faster than it can be used. */
export interface InputFlow {
  pause(): void;
  resume(): void;
}

export interface LineOptions {
  /** Earlier lines, oldest first, which a person can call up again. */
  readonly history: readonly string[];
  /** Whole lines that one may become that was begun; for a person's Tab. */
  complete(line: string): readonly string[];
  /** What is shown behind the line while it is typed, if anything. */
  hint?(line: string): string;
  /** Whether a line that was entered can be called up again. */
  isRemembered(line: string): boolean;
}

export interface LineSource {
  /**
   * The next line without its end; null at the end of the input.
   * @param prompt shown only to a person
   * @param callback also gets null after Ctrl-C or Ctrl-D on an empty line
   */
  next(prompt: string, callback: (line: string | null) => void): void;
  /** Calls back once when something is typed although no line is awaited; returns the way to stop waiting. */
  onInput(callback: () => void): () => void;
  /** Calls back at every Ctrl-C while no line is awaited; returns the way to stop that. */
  onInterrupt(callback: () => void): () => void;
  close(): void;
}
