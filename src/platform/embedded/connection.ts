/**
 * A connection of an embedded process: a real one below, with the faults of its link and of its process in between.
 *
 * A link's faults act at one side of it: at that of the process which opened the connection, or, when a program outside
 * opened it, here where it was accepted. What waits for a link lives on when the process has died: it is with the
 * kernel. While the process stands still or the link is cut nothing is read, so that senders feel it as with a real one.
 */
import type { Address, Connection, ConnectionHandler, Timer } from '../platform.js';
import { systemError } from '../virtual/system-error.js';
import type { EmbeddedLinks } from './embedded-links.js';
import { Flow, type FlowItem } from './flow.js';
import { CLIENTS, type Party } from './link-rule.js';

/** What a connection must know of its process. */
export interface ConnectionOwner {
  readonly name: Party;
  readonly isAlive: boolean;
  /** Its code does not run at the moment. */
  readonly isStandingStill: boolean;
  /** Runs its code at the end of this turn, or when it goes on. */
  post(run: () => void): void;
}

/** Opens the real connection. */
export type Begin = (handler: ConnectionHandler) => Connection;

const NO_OWNER_YET: ConnectionHandler = {
  onConnect() {},
  onData() {},
  onDrain() {},
  onEnd() {},
  onClose() {},
};
/** What a kernel takes from a process while the peer takes nothing. */
const SOCKET_BUFFER_BYTES = 256 * 1024;
/** Linux's limits with its default settings (tcp_syn_retries 6, tcp_retries2 15). */
const CONNECT_LIMIT_MS = 127_000;
const RETRANSMISSION_LIMIT_MS = 924_600;

export class EmbeddedConnection implements Connection {
  handler: ConnectionHandler;
  /** Null until the request for the connection has passed the link. */
  private inner: Connection | null = null;
  private readonly incoming: Flow;
  private readonly outgoing: Flow;
  private innerIsClosed = false;
  /** It has been asked to close, and will tell when it has. */
  private innerEnds = false;
  private ownerPaused = false;
  private isReading = true;
  private awaitsDrain = false;
  /** After `end`, `destroy` or `reset` the owner hears nothing but `onClose`. */
  private finished = false;
  private closeTold = false;
  private hasLostReplies = false;
  private keepAliveSeconds: number | null = null;
  /** Runs while something cannot be sent: nobody tries for ever. */
  private giveUpTimer: Timer | null = null;
  /** The other side, as faults name it. Null: of no interest to faults here. */
  private peer: Party | null;

  private constructor(
    readonly owner: ConnectionOwner,
    private readonly links: EmbeddedLinks,
    handler: ConnectionHandler,
    /** Where to, for a connection that its process opened; null for an accepted one. */
    private readonly target: Address | null,
    private readonly begin: Begin,
  ) {
    this.handler = handler;
    this.peer = target === null ? CLIENTS : links.partyAt(target);
    const { machine } = links;
    this.outgoing = new Flow(
      machine,
      { isShut: () => this.isCut, delayMs: () => this.delayMs(owner.name, this.peer) },
      (item) => this.send(item),
    );
    this.incoming = new Flow(
      machine,
      {
        isShut: () => this.isCut || (owner.isAlive && (owner.isStandingStill || this.ownerPaused)),
        delayMs: () => this.delayMs(this.peer, owner.name),
      },
      (item) => this.receive(item),
    );
    links.add(this);
  }

  /** A connection that the process opens. */
  static open(
    owner: ConnectionOwner,
    links: EmbeddedLinks,
    target: Address,
    handler: ConnectionHandler,
    begin: Begin,
  ): EmbeddedConnection {
    const connection = new EmbeddedConnection(owner, links, handler, target, begin);
    connection.push({ kind: 'begin' });
    return connection;
  }

  /** A connection that the process's kernel has accepted. */
  static accept(owner: ConnectionOwner, links: EmbeddedLinks, accepted: Connection): EmbeddedConnection {
    const connection = new EmbeddedConnection(owner, links, NO_OWNER_YET, null, (handler) => {
      accepted.handler = handler;
      return accepted;
    });
    connection.inner = connection.begin(connection.below);
    connection.followReading();
    return connection;
  }

  get remoteAddress(): string {
    return this.inner?.remoteAddress ?? '';
  }

  get remotePort(): number {
    return this.inner?.remotePort ?? 0;
  }

  get localAddress(): string {
    return this.inner?.localAddress ?? '';
  }

  get localPort(): number {
    return this.inner?.localPort ?? 0;
  }

  get isLocalSocket(): boolean {
    return this.target === null ? this.inner?.isLocalSocket === true : 'path' in this.target;
  }

  get descriptor(): number {
    return this.inner?.descriptor ?? -1;
  }

  get bufferedBytes(): number {
    const beyondKernel = Math.max(0, this.outgoing.heldBytes - SOCKET_BUFFER_BYTES);
    return beyondKernel + (this.inner?.bufferedBytes ?? 0);
  }

  write(bytes: Buffer): void {
    if (this.finished || this.innerIsClosed) return;
    this.push({ kind: 'data', bytes });
    if (this.bufferedBytes > 0) this.awaitsDrain = true;
  }

  pause(): void {
    this.ownerPaused = true;
    this.followReading();
  }

  resume(): void {
    this.ownerPaused = false;
    this.moveOn();
  }

  setNoDelay(enabled: boolean): void {
    this.inner?.setNoDelay(enabled);
  }

  setKeepAlive(seconds: number): void {
    this.keepAliveSeconds = seconds;
    this.inner?.setKeepAlive(seconds);
  }

  end(): void {
    if (!this.finished) this.finish('end');
  }

  destroy(): void {
    this.finish('destroy');
  }

  reset(): void {
    this.finish('reset');
  }

  // What follows is for the process and its links.

  /** Something was in the way and may be no more. */
  moveOn(): void {
    if (this.hasLostReplies && !this.losesReplies && !this.isCut) {
      this.breakOff(systemError('ECONNRESET', 'read'));
      return;
    }
    this.followReading();
    this.outgoing.pump();
    if (this.outgoing.isEmpty) this.stopWaiting();
    this.incoming.pump();
    this.tellDrained();
  }

  /** Nobody needs it any more, and what still waits need not arrive. */
  discard(): void {
    this.stopWaiting();
    this.outgoing.clear();
    this.incoming.clear();
    this.inner?.destroy();
    this.links.remove(this);
  }

  private get isCut(): boolean {
    const { peer, owner, links } = this;
    return peer !== null && links.isFaulty && this.concernsUs && links.rule.isCut(owner.name, peer);
  }

  private delayMs(from: Party | null, to: Party | null): number {
    const { links } = this;
    if (!links.isFaulty || from === null || to === null || !this.concernsUs) return 0;
    return links.rule.delayMs(from, to);
  }

  /** Replies on this connection are lost. */
  private get losesReplies(): boolean {
    const { peer, owner, links } = this;
    if (peer === null || !links.isFaulty || !this.concernsUs) return false;
    return links.rule.losesReplies?.(this.target === null ? owner.name : peer) === true;
  }

  /** Faults of a connection between two processes act where it was opened. */
  private get concernsUs(): boolean {
    if (this.target !== null || this.peer === null) return this.peer !== null;
    const { inner } = this;
    if (inner !== null && this.links.wasOpenedInside(inner.remotePort)) this.peer = null;
    return this.peer !== null;
  }

  /** What the real connection tells. */
  private readonly below: ConnectionHandler = {
    onConnect: () => {
      this.links.opened(this.localPort, this);
      this.incoming.push({ kind: 'connect' });
    },
    onData: (chunk) => {
      // By far the most frequent case, without an object for it.
      if (!this.links.isFaulty && !this.finished && this.incoming.isOpen) this.handler.onData(chunk);
      else this.incoming.push({ kind: 'data', bytes: chunk });
    },
    onEnd: () => this.incoming.push({ kind: 'end' }),
    onDrain: () => this.tellDrained(),
    onClose: (error) => {
      this.innerIsClosed = true;
      this.links.closed(this);
      // What the owner does not want to read is gone with the connection.
      if (this.ownerPaused || this.finished) this.incoming.clear();
      this.ownerPaused = false;
      // The news is a reply as well.
      if (this.target !== null && this.losesReplies) this.hasLostReplies = true;
      else this.incoming.push({ kind: 'close', error });
    },
  };

  /** Passes on what has come through the link from the process. */
  private send(item: FlowItem): void {
    switch (item.kind) {
      case 'begin':
        this.inner = this.begin(this.below);
        if (this.keepAliveSeconds !== null) this.inner.setKeepAlive(this.keepAliveSeconds);
        this.followReading();
        break;
      case 'data':
        if (this.target === null && this.losesReplies) this.hasLostReplies = true;
        else if (!this.innerIsClosed) this.inner?.write(item.bytes);
        break;
      case 'end':
      case 'destroy':
      case 'reset':
        if (this.target === null && this.losesReplies) {
          this.hasLostReplies = true;
        } else {
          this.innerEnds = true;
          this.inner?.[item.kind]();
        }
        break;
      case 'connect':
      case 'close':
        throw new Error(`a process cannot send ${item.kind}`);
    }
  }

  /** Passes on what has come through the link to the process. */
  private receive(item: FlowItem): void {
    if (item.kind === 'close') {
      this.links.remove(this);
      this.outgoing.clear();
      this.tellClosed(this.hasLostReplies ? systemError('ECONNRESET', 'read') : item.error);
      return;
    }
    if (this.finished || !this.owner.isAlive) return;
    switch (item.kind) {
      case 'connect':
        this.handler.onConnect();
        break;
      case 'data':
        if (this.target !== null && this.losesReplies) this.hasLostReplies = true;
        else this.handler.onData(item.bytes);
        break;
      case 'end':
        if (!this.hasLostReplies) this.handler.onEnd();
        break;
      case 'begin':
      case 'destroy':
      case 'reset':
        throw new Error(`a peer cannot send ${item.kind}`);
    }
  }

  /** The owner has done with it. */
  private finish(how: 'end' | 'destroy' | 'reset'): void {
    this.finished = true;
    // What still comes is read and thrown away, so that the end is noticed.
    this.ownerPaused = false;
    if (this.inner === null) {
      // The other side has never heard of it.
      this.outgoing.clear();
      this.links.remove(this);
    } else {
      this.push({ kind: how });
      this.followReading();
    }
    if (!this.innerEnds) this.owner.post(() => this.tellClosed(null));
  }

  private push(item: FlowItem): void {
    this.outgoing.push(item);
    if (this.outgoing.isEmpty || this.giveUpTimer !== null || !this.isCut) return;
    const limitMs = this.inner === null ? CONNECT_LIMIT_MS : RETRANSMISSION_LIMIT_MS;
    this.giveUpTimer = this.links.machine.timers.after(limitMs, () => {
      if (this.isCut) this.breakOff(systemError('ETIMEDOUT', this.inner === null ? 'connect' : 'read'));
    });
  }

  private stopWaiting(): void {
    this.giveUpTimer?.cancel();
    this.giveUpTimer = null;
  }

  /** A break that both sides notice. */
  private breakOff(error: Error): void {
    this.hasLostReplies = false;
    this.stopWaiting();
    this.outgoing.clear();
    this.incoming.clear();
    this.inner?.reset();
    this.links.remove(this);
    this.owner.post(() => this.tellClosed(error));
  }

  private tellDrained(): void {
    if (!this.awaitsDrain || this.finished || this.bufferedBytes > 0) return;
    this.awaitsDrain = false;
    this.owner.post(() => {
      if (!this.finished) this.handler.onDrain();
    });
  }

  private tellClosed(error: Error | null): void {
    if (this.closeTold || !this.owner.isAlive) return;
    this.closeTold = true;
    this.finished = true;
    this.handler.onClose(error);
  }

  /** Reads exactly while what is read can be passed on; what is delayed may pile up like in a kernel. */
  private followReading(): void {
    const { inner, owner } = this;
    if (inner === null || this.innerIsClosed) return;
    const isWanted = !owner.isAlive || (!this.ownerPaused && !owner.isStandingStill);
    const reads = isWanted && !this.isCut && this.incoming.heldBytes < SOCKET_BUFFER_BYTES;
    if (reads === this.isReading) return;
    this.isReading = reads;
    if (reads) inner.resume();
    else inner.pause();
  }
}
