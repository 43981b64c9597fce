/**
 * Replies that wait until what they tell of is on disk (`appendfsync always`).
 *
 * One watermark for all: while something that was written is not durable, whatever any client is to be told waits,
 * because it may have seen it. Order within a client is kept; a client's output leaves it in the portions in which it
 * was produced. Positions are bytes of the append-only log. What is never reached is never released.
 */
import { Deque } from '../keyspace/values/deque.js';
import type { Client } from './client.js';

interface Held {
  readonly client: Client;
  readonly pieces: readonly Buffer[];
  readonly bytes: number;
  readonly position: number;
}

export class HeldReplies {
  /** Output is not written now but held. */
  isHolding = false;
  private required = 0;
  private reached = 0;
  private readonly queue = new Deque<Held>();

  /** What clients are told from now on waits until the log is durable up to this position. */
  waitFor(position: number): void {
    this.required = position;
    this.isHolding = this.reached < position;
  }

  /** The log is durable up to this position: what waited for no more than that is written. */
  advance(position: number): void {
    this.reached = Math.max(this.reached, position);
    this.isHolding = this.reached < this.required;
    while (this.queue.length > 0 && this.queue.at(0).position <= this.reached) {
      const held = this.queue.popFront();
      held?.client.release(held.pieces, held.bytes);
    }
  }

  /** Takes over what a client's output buffer has. */
  hold(client: Client): void {
    const bytes = client.reply.pendingBytes;
    if (bytes === 0) return;
    client.heldBytes += bytes;
    this.queue.pushBack({ client, pieces: client.reply.take(), bytes, position: this.required });
  }
}
