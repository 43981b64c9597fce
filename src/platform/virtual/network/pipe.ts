/**
 * One direction of a connection: what is under way, in order, from one kernel to the other.
 *
 * Messages take the link's latency but never overtake each other. A blocked link holds them until it is healed,
 * like TCP's retransmissions, or until the sender gives up.
 */
import type { ProcessEvent, VirtualWorld } from '../world.js';
import type { Party } from './party.js';

export type Segment =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  /** The answer to a connection request that was accepted. */
  | { readonly kind: 'established' }
  /** The sender closes its direction (FIN). */
  | { readonly kind: 'end' }
  /** The connection is gone (RST). */
  | { readonly kind: 'reset' };

export interface PipeOwner {
  /** A segment arrives at the receiver. */
  receive(segment: Segment): void;
  /** The sender has tried for too long. */
  giveUp(): void;
}

interface UnderWay {
  readonly segment: Segment;
  /** When it leaves the sender. */
  readonly departsMs: number;
}

export class Pipe {
  private underWay: UnderWay[] = [];
  /** So many of the first ones have come up to a block. */
  private heldCount = 0;
  private heldSinceMs = 0;
  /** One for each segment that is not held, in order. Whichever comes takes the first segment. */
  private arrivals: ProcessEvent[] = [];
  private readonly onArrival = (): void => this.arrive();

  constructor(
    private readonly world: VirtualWorld,
    private readonly from: Party,
    private readonly to: Party,
    private readonly owner: PipeOwner,
  ) {}

  /** @param delayMs until it leaves the sender, when that is busy */
  send(segment: Segment, delayMs = 0): void {
    const departsMs = this.world.nowMs + delayMs;
    this.underWay.push({ segment, departsMs });
    this.scheduleArrival(departsMs);
  }

  /** After a heal: what was held is on its way again, unless there is another block. */
  release(): void {
    if (this.world.network.links.isBlocked(this.from, this.to)) return;
    const count = this.heldCount;
    this.heldCount = 0;
    this.world.network.heldPipes.delete(this);
    for (let index = 0; index < count; index++) this.scheduleArrival(this.world.nowMs);
  }

  /** Forgets all that is under way. */
  empty(): void {
    this.forgetLast(this.underWay.length);
  }

  /** The sender has died before it sent the rest. */
  dropNotDeparted(): void {
    const firstUnsent = this.underWay.findIndex(({ departsMs }) => departsMs > this.world.nowMs);
    if (firstUnsent >= 0) this.forgetLast(this.underWay.length - firstUnsent);
  }

  private forgetLast(count: number): void {
    this.underWay.length -= count;
    while (this.arrivals.length > Math.max(0, this.underWay.length - this.heldCount)) {
      this.world.cancel(this.arrivals.pop()!);
    }
    this.heldCount = Math.min(this.heldCount, this.underWay.length);
    if (this.heldCount === 0) this.world.network.heldPipes.delete(this);
  }

  private scheduleArrival(departsMs: number): void {
    const { world } = this;
    const latencyMs = world.network.links.drawLatencyMs(this.from, this.to);
    const { arrivals } = this;
    const lastArrivalMs = arrivals.length === 0 ? 0 : arrivals[arrivals.length - 1]!.timeMs;
    const arrivesMs = Math.max(lastArrivalMs, departsMs + latencyMs);
    arrivals.push(world.scheduleAt(arrivesMs, null, this.onArrival));
  }

  private arrive(): void {
    this.arrivals.shift();
    if (this.heldCount > 0 || this.world.network.links.isBlocked(this.from, this.to)) {
      this.hold();
      return;
    }
    const first = this.underWay.shift();
    if (first !== undefined) this.owner.receive(first.segment);
  }

  private hold(): void {
    if (this.heldCount++ > 0) return;
    const { network } = this.world;
    const heldSinceMs = this.world.nowMs;
    this.heldSinceMs = heldSinceMs;
    network.heldPipes.add(this);
    this.world.scheduleAt(heldSinceMs + network.retransmissionLimitMs, null, () => {
      if (this.heldCount > 0 && this.heldSinceMs === heldSinceMs) this.owner.giveUp();
    });
  }
}
