/** Lines of standard input: with editing and history for a person, as plain bytes for a pipe. */
import { createInterface, type Interface } from 'node:readline';
import type { LineOptions, LineSource } from '../terminal.js';

export function openLines(options: LineOptions, isTerminal: boolean): LineSource {
  return isTerminal ? new TypedLines(options) : new PipedLines();
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

class TypedLines implements LineSource {
  private readonly queue = new LineQueue();
  private readonly editor: Interface;

  constructor(options: LineOptions) {
    this.editor = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: options.history.map(textOf).reverse(),
      historySize: Math.max(1000, options.history.length),
      removeHistoryDuplicates: true,
      completer: (line: string) => [options.complete(bytesOf(line)).map(textOf), line],
    });
    // The newest comes first; whoever listens may take it out.
    this.editor.on('history', (history: string[]) => {
      const [newest] = history;
      if (newest !== undefined && !options.isRemembered(bytesOf(newest))) history.shift();
    });
    this.editor.on('line', (line) => this.queue.put(bytesOf(line)));
    this.editor.on('close', () => this.queue.end());
  }

  next(prompt: string, callback: LineCallback): void {
    this.editor.setPrompt(textOf(prompt));
    this.editor.prompt();
    this.queue.take(callback);
  }

  onInput(callback: () => void): () => void {
    const onKeypress = (): void => {
      stop();
      callback();
    };
    const stop = (): void => {
      process.stdin.off('keypress', onKeypress);
    };
    process.stdin.on('keypress', onKeypress);
    return stop;
  }

  onInterrupt(callback: () => void): () => void {
    this.editor.on('SIGINT', callback);
    return () => this.editor.off('SIGINT', callback);
  }

  close(): void {
    this.editor.close();
  }
}
