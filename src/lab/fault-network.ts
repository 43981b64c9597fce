/**
 * A network between the members of a topology that can be cut and slowed, without rights on the machine and for
 * programs of every kind: each member listens on a loopback address of its own (127.0.1.1, 127.0.1.2, ...) and connects
 * from it, but announces 127.0.0.1, where a relay listens for it. So every connection between two members passes here,
 * and its source tells who began it.
 *
 * A cut link is a black hole in both directions: what was sent meanwhile, and the news that a connection was closed,
 * is delivered when it heals. Linux only: other systems have one loopback address.
 */
import type { Connection, Listener, Platform, Timer } from '../platform/platform.js';
import { CLIENTS, OPEN_LINKS, type LinkRule, type Party } from '../platform/embedded/index.js';
import { LabError } from './errors.js';

export type { LinkRule, Party } from '../platform/embedded/index.js';

export const RELAY_HOST = '127.0.0.1';

export class FaultNetwork {
  private rule = OPEN_LINKS;
  private readonly parties = new Map<string, Party>();
  private readonly listeners: Listener[] = [];
  private readonly pipes = new Set<Pipe>();

  constructor(private readonly platform: Pick<Platform, 'network' | 'timers' | 'clock'>) {}

  /** An address for a member. */
  hostOfMember(name: Party): string {
    return this.addressFor(name, '127.0.1');
  }

  /** The address that a client on that side must connect from. */
  hostOfClients(side: Party): string {
    return this.addressFor(side, '127.0.2');
  }

  /** What every program needs in its configuration. */
  directivesOf(member: Party): string[] {
    return [`bind-source-addr ${this.hostOfMember(member)}`, 'protected-mode no'];
  }

  /** Relays what comes for the port to the member. */
  async relay(member: Party, port: number): Promise<void> {
    const target = { host: this.hostOfMember(member), port };
    const listener = await new Promise<Listener>((resolve, reject) => {
      this.platform.network.listen(
        { host: RELAY_HOST, port },
        {},
        (accepted) => this.accept(accepted, member, target),
        (error, ready) => {
          if (ready !== null) resolve(ready);
          else reject(new LabError('PORT_IN_USE', `Port ${port}: ${error?.message}`));
        },
      );
    });
    this.listeners.push(listener);
  }

  /** From now on this holds, for what is under way as well. */
  apply(rule: LinkRule): void {
    this.rule = rule;
    for (const pipe of [...this.pipes]) pipe.pump();
  }

  heal(): void {
    this.apply(OPEN_LINKS);
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
    for (const pipe of [...this.pipes]) pipe.destroy();
  }

  private addressFor(party: Party, network: string): string {
    for (const [address, known] of this.parties) if (known === party) return address;
    const taken = [...this.parties.keys()].filter((address) => address.startsWith(`${network}.`)).length;
    const address = `${network}.${taken + 1}`;
    this.parties.set(address, party);
    return address;
  }

  private accept(accepted: Connection, member: Party, target: { host: string; port: number }): void {
    const initiator = this.parties.get(accepted.remoteAddress) ?? CLIENTS;
    const back = new Pipe(this, member, initiator, accepted, true);
    const inert = { onConnect() {}, onDrain() {}, onData() {}, onEnd() {}, onClose() {} };
    const server = this.platform.network.connect(
      target,
      {},
      {
        ...inert,
        onConnect: () => there.open(),
        onData: (chunk) => back.push(chunk),
        onEnd: () => back.push(null),
        onClose: () => back.push(null),
      },
    );
    const there = new Pipe(this, initiator, member, server, false, false);
    accepted.handler = {
      ...inert,
      onData: (chunk) => there.push(chunk),
      onEnd: () => there.push(null),
      onClose: () => there.push(null),
    };
  }

  /** @internal */
  get machine(): Pick<Platform, 'timers' | 'clock'> {
    return this.platform;
  }

  /** @internal */
  get currentRule(): LinkRule {
    return this.rule;
  }

  /** @internal */
  register(pipe: Pipe): void {
    this.pipes.add(pipe);
  }

  /** @internal */
  forget(pipe: Pipe): void {
    this.pipes.delete(pipe);
  }
}

/** One direction of a relayed connection. */
class Pipe {
  private readonly queue: { readonly bytes: Buffer | null; readonly dueMs: number }[] = [];
  private timer: Timer | null = null;
  private lastDueMs = 0;
  private hasLost = false;

  constructor(
    private readonly network: FaultNetwork,
    private readonly from: Party,
    private readonly to: Party,
    private readonly target: Connection,
    /** It leads from the member back to whoever opened the connection. */
    private readonly carriesReplies: boolean,
    private isOpen = true,
  ) {
    network.register(this);
  }

  /** The target is connected. */
  open(): void {
    this.isOpen = true;
    this.pump();
  }

  /** @param bytes null for the end */
  push(bytes: Buffer | null): void {
    const { machine, currentRule } = this.network;
    const dueMs = machine.clock.monotonicMs() + currentRule.delayMs(this.from, this.to);
    this.lastDueMs = Math.max(this.lastDueMs, dueMs);
    // The platform's buffer is valid during the call only.
    this.queue.push({ bytes: bytes === null ? null : Buffer.from(bytes), dueMs: this.lastDueMs });
    this.pump();
  }

  /** Delivers what may be delivered now. */
  pump(): void {
    const { machine, currentRule } = this.network;
    this.timer?.cancel();
    this.timer = null;
    if (currentRule.isCut(this.from, this.to)) return;
    if (this.carriesReplies && currentRule.losesReplies?.(this.from) === true) {
      if (this.queue.splice(0).length > 0) this.hasLost = true;
      return;
    }
    if (this.hasLost) {
      // A stream with a hole in it cannot go on.
      this.target.reset();
      this.network.forget(this);
      return;
    }
    for (;;) {
      const [head] = this.queue;
      if (head === undefined) return;
      if (head.bytes === null) {
        this.destroy();
        return;
      }
      if (!this.isOpen) return;
      const waitMs = head.dueMs - machine.clock.monotonicMs();
      if (waitMs > 0) {
        this.timer = machine.timers.after(waitMs, () => this.pump());
        return;
      }
      this.queue.shift();
      this.target.write(head.bytes);
    }
  }

  destroy(): void {
    this.timer?.cancel();
    this.target.end();
    this.network.forget(this);
  }
}
