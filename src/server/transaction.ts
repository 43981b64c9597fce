/** MULTI: the queued commands of a client and the keys it watches. */
import type { Command } from './command.js';

export interface QueuedCommand {
  readonly command: Command;
  readonly args: string[];
}

export class Transaction {
  readonly queue: QueuedCommand[] = [];
  /** A command was refused while queueing: EXEC answers EXECABORT. */
  failed = false;
  /** Whether any queued command writes or may replicate. */
  hasWrites = false;
  /** Whether any queued command is one that may need more memory. */
  hasMemoryConsumers = false;
  /** Whether every queued command may run while a replica's link is down, and while a dataset is loaded. */
  allowedWhenStale = true;
  allowedWhileLoading = true;
  /** Bytes held by the queue, for CLIENT LIST's `multi-mem`. */
  queuedBytes = 0;

  add(command: Command, args: string[]): void {
    this.queue.push({ command, args });
    const judged = command.judgedFor(args);
    if (judged.isWrite || judged.mayReplicate) this.hasWrites = true;
    if (judged.deniedWhenOutOfMemory) this.hasMemoryConsumers = true;
    if (!judged.allowedWhenStale) this.allowedWhenStale = false;
    if (!judged.allowedWhileLoading) this.allowedWhileLoading = false;
    for (const arg of args) this.queuedBytes += arg.length;
  }
}
