/** Lines of standard input: with editing and history for a person, as plain bytes for a pipe. */
import { createInterface, type Interface } from 'node:readline';
import type { LineOptions, LineSource } from '../terminal.js';

export function openLines(options: LineOptions, isTerminal: boolean): LineSource {
  return isTerminal ? new TypedLines(options, process) : new PipedLines();
}

/** The terminal that a person sits at: this process's own, but for tests. */
export interface TerminalStreams {
  readonly stdin: NodeJS.ReadableStream & { setRawMode?(isRaw: boolean): void };
  readonly stdout: NodeJS.WritableStream & { readonly columns: number };
}

type LineCallback = (line: string | null) => void;

/** readline deals in text, everyone else in bytes, one per character. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').latin1Slice();
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Hands out lines one at a time, whether they came before or after they were asked for. */
class LineQueue {
  private readonly lines: string[] = [];
  private waiting: LineCallback | null = null;
  private listener: (() => void) | null = null;
  private ended = false;

  put(line: string): void {
    const { waiting } = this;
    this.waiting = null;
    if (waiting === null) this.lines.push(line);
    else waiting(line);
    this.tellListener();
  }

  end(): void {
    this.ended = true;
    const { waiting } = this;
    this.waiting = null;
    waiting?.(null);
    this.tellListener();
  }

  private tellListener(): void {
    const { listener } = this;
    this.listener = null;
    listener?.();
  }

  /** Calls back once when a line or the end can be taken; returns the way to stop waiting for that. */
  onAvailable(callback: () => void): () => void {
    if (this.ended || this.lines.length > 0) {
      callback();
      return () => undefined;
    }
    this.listener = callback;
    return () => {
      if (this.listener === callback) this.listener = null;
    };
  }

  take(callback: LineCallback): void {
    const line = this.lines.shift();
    if (line !== undefined) callback(line);
    else if (this.ended) callback(null);
    else this.waiting = callback;
  }
}

class PipedLines implements LineSource {
  private readonly queue = new LineQueue();
  private rest = '';

  constructor() {
    process.stdin.on('data', (chunk: Buffer) => this.receive(chunk.latin1Slice()));
    process.stdin.once('end', () => {
      if (this.rest !== '') this.queue.put(this.rest);
      this.queue.end();
    });
  }

  next(_prompt: string, callback: LineCallback): void {
    this.queue.take(callback);
  }

  onInput(callback: () => void): () => void {
    return this.queue.onAvailable(callback);
  }

  /** Without a terminal Ctrl-C is a signal, which ends the process. */
  onInterrupt(): () => void {
    return () => undefined;
  }

  close(): void {
    process.stdin.pause();
  }

  private receive(bytes: string): void {
    const lines = (this.rest + bytes).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) this.queue.put(line);
  }
}

const GREY = '\x1b[90m';
const PLAIN = '\x1b[0m';
const ERASE_TO_END = '\x1b[K';
const SAVE_CURSOR = '\x1b7';
const RESTORE_CURSOR = '\x1b8';

/** With editing, history, completion on Tab, and a hint behind the line. */
export class TypedLines implements LineSource {
  private readonly queue = new LineQueue();
  private readonly editor: Interface;
  private isHintShown = false;
  private isAwaitingLine = false;
  private readonly interruptListeners = new Set<() => void>();
  private readonly onSignal = (): void => this.interrupted();

  constructor(
    private readonly options: LineOptions,
    private readonly streams: TerminalStreams,
  ) {
    const { stdin, stdout } = streams;
    // Before the editor sees a key, its line must be as it left it.
    stdin.on('keypress', () => this.eraseHint());
    this.editor = createInterface({
      input: stdin,
      output: stdout,
      terminal: true,
      history: options.history.map(textOf).reverse(),
      historySize: Math.max(1000, options.history.length),
      completer: (line: string) => [options.complete(bytesOf(line)).map(textOf), line],
    });
    // The newest comes first; whoever listens may take it out.
    this.editor.on('history', (history: string[]) => {
      const [newest] = history;
      if (newest !== undefined && !options.isRemembered(bytesOf(newest))) history.shift();
    });
    this.editor.on('line', (line) => {
      this.takeKeys(false);
      this.queue.put(bytesOf(line));
    });
    this.editor.on('SIGINT', () => this.interrupted());
    stdin.on('keypress', () => this.showHint());
    this.editor.on('close', () => this.queue.end());
  }

  next(prompt: string, callback: LineCallback): void {
    this.editor.setPrompt(textOf(prompt));
    this.takeKeys(true);
    this.editor.prompt();
    this.isAwaitingLine = true;
    this.queue.take((line) => {
      this.isAwaitingLine = false;
      callback(line);
    });
  }

  onInput(callback: () => void): () => void {
    const onKeypress = (): void => {
      stop();
      callback();
    };
    const stop = (): void => {
      this.streams.stdin.off('keypress', onKeypress);
      this.takeKeys(false);
    };
    this.streams.stdin.on('keypress', onKeypress);
    this.takeKeys(true);
    return stop;
  }

  onInterrupt(callback: () => void): () => void {
    // Who listens for no signal is ended by it.
    if (this.interruptListeners.size === 0) process.on('SIGINT', this.onSignal);
    this.interruptListeners.add(callback);
    return () => {
      this.interruptListeners.delete(callback);
      if (this.interruptListeners.size === 0) process.off('SIGINT', this.onSignal);
    };
  }

  close(): void {
    process.off('SIGINT', this.onSignal);
    this.editor.close();
  }

  /** Keys that are not taken are the terminal's: it shows them, and makes a signal of Ctrl-C. */
  private takeKeys(isTaking: boolean): void {
    this.streams.stdin.setRawMode?.(isTaking);
    if (isTaking) this.editor.resume();
    else this.editor.pause();
  }

  private interrupted(): void {
    if (this.isAwaitingLine) this.editor.close();
    else for (const listener of [...this.interruptListeners]) listener();
  }

  /** Behind the line, in what is left of the terminal's row, with the cursor where it was. */
  private showHint(): void {
    const { editor } = this;
    if (!this.isAwaitingLine || editor.line === '' || editor.cursor !== editor.line.length) return;
    const hint = textOf(this.options.hint?.(bytesOf(editor.line)) ?? '');
    const room = this.streams.stdout.columns - editor.getCursorPos().cols - 1;
    const shown = `${editor.line.endsWith(' ') ? '' : ' '}${hint}`.slice(0, Math.max(0, room));
    if (hint === '' || shown === '') return;
    this.streams.stdout.write(SAVE_CURSOR + GREY + shown + PLAIN + RESTORE_CURSOR);
    this.isHintShown = true;
  }

  private eraseHint(): void {
    if (!this.isHintShown) return;
    this.isHintShown = false;
    this.streams.stdout.write(ERASE_TO_END);
  }
}
