/**
 * The rhythm of a client: now and then a write of its own, with some of them a command on shared keys, and after some of them a WAIT. One at a time; what fails is
 * not repeated, because nobody knows whether it was done.
 */
import type { AnswerCallback } from '../../client/connection.js';
import type { Timer } from '../../platform/platform.js';
import type { VirtualProcess } from '../../platform/virtual/index.js';
import type { Workload } from '../plan/plan.js';
import type { Scene } from '../run/scene.js';
import { drawMixedCommands } from './mixed-commands.js';
import type { Write } from './write-ledger.js';

const WAIT_TIMEOUT_MS = 300;

/** Where a write can go at the moment. */
export interface Destination {
  /** Name of the server. */
  readonly server: string;
  ask(args: readonly string[], callback: AnswerCallback): void;
}

export interface WriterParts {
  readonly scene: Scene;
  readonly process: VirtualProcess;
  readonly workload: Workload;
  /** The tag to put behind the number of a write. */
  readonly drawTag?: () => string;
  /** Null: there is nowhere to write to now. */
  readonly destinationOf: (tag: string) => Destination | null;
  /** Sends a write; the answer tells the server that took it in the end. */
  readonly send?: (destination: Destination, write: Write, callback: WriteCallback) => void;
}

/** @param taker the server that said +OK; null when none did */
export type WriteCallback = (taker: Destination | null) => void;

export class Writer {
  acknowledgedCount = 0;
  private timer: Timer | null = null;
  private isStopped = false;

  constructor(private readonly parts: WriterParts) {}

  start(): void {
    const { process, workload } = this.parts;
    if (this.isStopped) return;
    const delayMs = workload.thinkMs * (0.5 + process.random.fraction());
    this.timer = process.timers.after(delayMs, () => this.write());
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  private write(): void {
    const { scene, drawTag, destinationOf } = this.parts;
    const tag = drawTag?.() ?? '';
    const destination = destinationOf(tag);
    if (destination === null) {
      this.start();
      return;
    }
    this.mix(destination, tag);
    const write = scene.writes.begin(destination.server, scene.nowMs, tag);
    const send = this.parts.send ?? sendOnce;
    send(destination, write, (taker) => {
      if (taker === null) this.start();
      else this.acknowledged({ destination: taker, write });
    });
  }

  /** What comes of these commands nobody waits for; they are before the write in the same connection. */
  private mix(destination: Destination, tag: string): void {
    const { scene, process, workload } = this.parts;
    if (workload.mixShare === 0 || process.random.fraction() >= workload.mixShare) return;
    for (const command of drawMixedCommands(process.random, tag)) {
      destination.ask(command, (error, reply) => {
        if (error === null) scene.emit('mixed', command, reply);
      });
    }
  }

  private acknowledged({ destination, write }: { destination: Destination; write: Write }): void {
    const { scene, process, workload } = this.parts;
    write.server = destination.server;
    write.acknowledgedMs = scene.nowMs;
    this.acknowledgedCount++;
    scene.emit('acknowledged', write);
    if (process.random.fraction() >= workload.waitShare) {
      this.start();
      return;
    }
    const wanted = String(1 + process.random.integer(2));
    destination.ask(['WAIT', wanted, String(WAIT_TIMEOUT_MS)], (error, reply) => {
      if (error === null && typeof reply === 'number') scene.emit('waited', write, reply);
      this.start();
    });
  }
}

function sendOnce(destination: Destination, write: Write, callback: WriteCallback): void {
  destination.ask(['SET', write.key, write.value], (error, reply) => {
    callback(error === null && reply === 'OK' ? destination : null);
  });
}
