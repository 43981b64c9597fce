/**
 * One round of questions about a cluster: several nodes at the same time, further ones in the place of those that do not
 * answer, until enough have answered or nobody is left.
 */
import type { HostAndPort } from './address.js';
import type { NodeView } from './cluster-nodes.js';
import type { Refusal } from './discovery.js';

export interface MapRoundContext {
  /** In the order to ask them. */
  readonly nodes: readonly HostAndPort[];
  /** Answers to wait for, where there are so many nodes. */
  readonly answers: number;
  ask(node: HostAndPort, callback: (answer: Error | readonly NodeView[]) => void): void;
  /** Each as it comes. */
  onAnswer(node: HostAndPort, views: readonly NodeView[]): void;
  onRefusal(refusal: Refusal): void;
  /** Once; refusals in the order in which they came. */
  onEnd(answered: number, refusals: readonly Refusal[]): void;
}

export class MapRound {
  private readonly waiting: HostAndPort[];
  private readonly refusals: Refusal[] = [];
  private underWay = 0;
  private answered = 0;
  private hasEnded = false;

  constructor(private readonly context: MapRoundContext) {
    this.waiting = [...context.nodes];
  }

  start(): void {
    for (let i = 0; i < this.context.answers; i++) this.askNext();
    this.endWhenDone();
  }

  /** Nothing is called any more. */
  abort(): void {
    this.hasEnded = true;
  }

  private askNext(): void {
    const node = this.waiting.shift();
    if (node === undefined) return;
    this.underWay++;
    this.context.ask(node, (answer) => {
      if (this.hasEnded) return;
      this.underWay--;
      if (answer instanceof Error) this.refuse({ source: node, error: answer });
      else this.take(node, answer);
      this.endWhenDone();
    });
  }

  private take(node: HostAndPort, views: readonly NodeView[]): void {
    this.answered++;
    this.context.onAnswer(node, views);
  }

  private refuse(refusal: Refusal): void {
    this.refusals.push(refusal);
    this.context.onRefusal(refusal);
    this.askNext();
  }

  private endWhenDone(): void {
    if (this.hasEnded || this.underWay > 0) return;
    this.hasEnded = true;
    this.context.onEnd(this.answered, this.refusals);
  }
}
