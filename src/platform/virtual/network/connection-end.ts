/**
 * One end of a connection in the virtual network: a Connection for the process that owns it, and the kernel's
 * part below, which goes on while the process is paused and answers when the process is gone.
 *
 * The kernel takes a bounded number of bytes that the receiver has not read yet; what is beyond stays with the
 * process (`bufferedBytes`), as with a full socket buffer.
 */
import type { Connection, ConnectionHandler } from '../../platform.js';
import type { VirtualProcess } from '../virtual-process.js';
import { systemError } from '../system-error.js';
import type { Party } from './party.js';
import { Pipe, type PipeOwner, type Segment } from './pipe.js';

export interface EndAddress {
  /** Numeric address, or the path of a Unix socket. */
  readonly address: string;
  readonly port: number;
}

const enum State {
  /** Outgoing, not established yet. */
  Connecting,
  Open,
  /** The process has given it up, or is gone. */
  Closed,
}

/** How an end is left behind when its process ends. */
export type Abandonment = 'reset' | 'close' | 'vanish';

/** What a peer has told, once all data before it was read. */
type PeerFarewell = 'none' | 'end' | 'end, told' | 'reset';

const NO_OWNER_YET: ConnectionHandler = {
  onConnect() {},
  onData() {},
  onDrain() {},
  onEnd() {},
  onClose() {},
};

/** Overwrites buffers after `onData`, so that code which keeps one is found out. */
const STALE_BYTE = 0xdb;

export class ConnectionEnd implements Connection {
  handler: ConnectionHandler;
  readonly descriptor: number;

  private state: State;
  /** The other end, once there is a connection. */
  private peer: ConnectionEnd | null = null;
  private outgoing: Pipe | null = null;

  /** Given to `write` and not taken by the kernel. */
  private unsent: Buffer[] = [];
  private unsentBytes = 0;
  /** Taken by the kernel and not read by the peer's process. */
  private unreadByPeerBytes = 0;
  private flushScheduled = false;
  /** After `end`, `destroy` or `reset`: the owner hears nothing but `onClose`. */
  private finished = false;

  /** Arrived and not delivered. */
  private arrived: Buffer[] = [];
  private arrivedBytes = 0;
  private farewell: PeerFarewell = 'none';
  private readingPaused = false;
  private readScheduled = false;
  /** False between a kernel's accepting a connection and the process's hearing of it. */
  private known: boolean;
  readonly party: Party;
  private readonly onReadable = (): void => this.read();

  constructor(
    readonly owner: VirtualProcess,
    handler: ConnectionHandler | null,
    private readonly local: EndAddress,
    private readonly remote: EndAddress,
    readonly isLocalSocket: boolean,
    /** This end asked for the connection. */
    readonly isInitiator: boolean,
  ) {
    this.handler = handler ?? NO_OWNER_YET;
    this.known = handler !== null;
    this.state = isInitiator ? State.Connecting : State.Open;
    this.party = { host: owner.host, processName: owner.name };
    this.descriptor = owner.takeDescriptor();
    owner.connections.add(this);
    owner.world.network.addConnection(this);
  }

  get remoteAddress(): string {
    return this.remote.address;
  }

  get remotePort(): number {
    return this.remote.port;
  }

  get localAddress(): string {
    return this.local.address;
  }

  get localPort(): number {
    return this.local.port;
  }

  get bufferedBytes(): number {
    return this.unsentBytes;
  }

  /** Null while there is no connection. */
  get peerParty(): Party | null {
    return this.peer?.party ?? null;
  }

  get isClosed(): boolean {
    return this.state === State.Closed;
  }

  get isConnecting(): boolean {
    return this.state === State.Connecting;
  }

  write(bytes: Buffer): void {
    if (this.finished || this.state === State.Closed || bytes.length === 0) return;
    if (this.farewell === 'reset') {
      this.close(systemError('EPIPE', 'write'));
      return;
    }
    this.unsent.push(bytes);
    this.unsentBytes += bytes.length;
    this.moveToKernel();
  }

  pause(): void {
    this.readingPaused = true;
  }

  resume(): void {
    this.readingPaused = false;
    this.scheduleRead();
  }

  setNoDelay(): void {
    // Nothing is ever delayed to be joined with what follows.
  }

  setKeepAlive(): void {
    // A peer that is unreachable is noticed by what is sent to it only.
  }

  end(): void {
    if (this.finished || this.state === State.Closed) return;
    this.finished = true;
    this.readingPaused = false;
    this.scheduleRead();
    this.endWhenFlushed();
  }

  destroy(): void {
    if (this.state === State.Closed) return;
    // Closing a socket with unread input resets the connection.
    const unread = this.arrivedBytes > 0 && !this.finished;
    this.outgoing?.send({ kind: unread ? 'reset' : 'end' }, this.busyMs);
    this.close(null);
  }

  reset(): void {
    if (this.state === State.Closed) return;
    this.outgoing?.send({ kind: this.isLocalSocket || this.finished ? 'end' : 'reset' }, this.busyMs);
    this.close(null);
  }

  /**
   * Beyond the Connection interface, for tests that play a peer: sends FIN and goes on reading, as
   * shutdown(SHUT_WR) does.
   */
  halfClose(): void {
    this.outgoing?.send({ kind: 'end' }, this.busyMs);
  }

  // What follows is the kernel's side, called by the other parts of the network.

  /** Joins two ends. */
  link(peer: ConnectionEnd): void {
    this.peer = peer;
    const ends: PipeOwner = {
      receive: (segment) => peer.receive(segment),
      giveUp: () => this.fail(systemError('ETIMEDOUT', 'read')),
    };
    this.outgoing = new Pipe(this.owner.world, this.party, peer.party, ends);
  }

  /** The kernel that accepted the connection tells the one that asked for it. */
  confirm(): void {
    this.outgoing?.send({ kind: 'established' });
  }

  /** The listening process hears of the connection. */
  becomeKnown(): void {
    this.known = true;
    this.scheduleRead();
  }

  /** The connection breaks, or was never made: told to the process when it can hear it. */
  fail(error: Error): void {
    if (this.state !== State.Closed) this.close(error);
  }

  /** Breaks at both ends at once, without anything having to travel. */
  cut(): void {
    const { peer } = this;
    this.fail(systemError('ECONNRESET', 'read'));
    peer?.fail(systemError('ECONNRESET', 'read'));
  }

  /** The process has ended. */
  abandon(how: Abandonment): void {
    if (this.state === State.Closed) return;
    if (how === 'vanish') {
      this.outgoing?.empty();
    } else {
      this.outgoing?.dropNotDeparted();
      this.outgoing?.send({ kind: how === 'reset' || this.arrivedBytes > 0 ? 'reset' : 'end' });
    }
    this.leave();
  }

  private receive(segment: Segment): void {
    if (this.state === State.Closed) {
      // Nobody is here any more, and the sender does not know.
      if (segment.kind === 'data') this.outgoing?.send({ kind: 'reset' });
      return;
    }
    switch (segment.kind) {
      case 'established':
        this.state = State.Open;
        this.owner.post(() => this.tellConnected());
        break;
      case 'data':
        this.arrived.push(segment.bytes);
        this.arrivedBytes += segment.bytes.length;
        this.scheduleRead();
        break;
      case 'end':
        if (this.farewell === 'none') this.farewell = 'end';
        this.scheduleRead();
        break;
      case 'reset':
        this.farewell = 'reset';
        this.scheduleRead();
        break;
    }
  }

  private tellConnected(): void {
    if (this.state !== State.Open) return;
    if (!this.finished) this.handler.onConnect();
    this.flush();
    if (this.finished) this.endWhenFlushed();
    this.scheduleRead();
  }

  private scheduleRead(): void {
    if (this.readScheduled || this.readingPaused || !this.known || this.state !== State.Open) return;
    if (this.arrivedBytes === 0 && (this.farewell === 'none' || this.farewell === 'end, told')) return;
    this.readScheduled = true;
    this.owner.post(this.onReadable);
  }

  /** One read by the process: a chunk, or what comes after the last. */
  private read(): void {
    this.readScheduled = false;
    if (this.readingPaused || this.state !== State.Open) return;
    if (this.arrivedBytes > 0) {
      this.readChunk();
    } else if (this.farewell === 'reset') {
      this.close(systemError('ECONNRESET', 'read'));
    } else if (this.farewell === 'end') {
      this.farewell = 'end, told';
      if (!this.finished) this.handler.onEnd();
    }
    this.scheduleRead();
  }

  private readChunk(): void {
    const whole = this.arrived.length === 1 ? this.arrived[0]! : Buffer.concat(this.arrived);
    const sizeBytes = this.owner.world.network.drawChunkBytes(whole.length);
    const isAll = sizeBytes === whole.length;
    const chunk = isAll ? whole : whole.subarray(0, sizeBytes);
    if (isAll) this.arrived.length = 0;
    else this.arrived = [whole.subarray(sizeBytes)];
    this.arrivedBytes -= sizeBytes;
    this.peer?.wasRead(sizeBytes);
    if (!this.finished) this.handler.onData(chunk);
    chunk.fill(STALE_BYTE);
  }

  /** The peer's process has read: there is room in the kernel again. */
  private wasRead(sizeBytes: number): void {
    this.unreadByPeerBytes -= sizeBytes;
    if (this.unsentBytes === 0 || this.flushScheduled || this.peer === null) return;
    this.flushScheduled = true;
    const { world } = this.owner;
    const delayMs = world.network.links.drawLatencyMs(this.peer.party, this.party);
    world.scheduleAt(world.nowMs + delayMs, this.owner, () => {
      this.flushScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.unsentBytes === 0 || this.state !== State.Open) return;
    this.moveToKernel();
    if (this.unsentBytes > 0) return;
    if (this.finished) this.endWhenFlushed();
    else this.handler.onDrain();
  }

  private moveToKernel(): void {
    if (this.outgoing === null || this.state !== State.Open) return;
    const limitBytes = this.owner.world.network.socketBufferBytes;
    while (this.unsent.length > 0 && this.unreadByPeerBytes < limitBytes) {
      const bytes = this.unsent.shift()!;
      const roomBytes = limitBytes - this.unreadByPeerBytes;
      const taken = bytes.length <= roomBytes ? bytes : bytes.subarray(0, roomBytes);
      if (taken !== bytes) this.unsent.unshift(bytes.subarray(roomBytes));
      this.unsentBytes -= taken.length;
      this.unreadByPeerBytes += taken.length;
      // The writer may reuse its buffer from now on.
      this.outgoing.send({ kind: 'data', bytes: Buffer.from(taken) }, this.busyMs);
    }
  }

  private endWhenFlushed(): void {
    if (this.unsentBytes > 0 || this.state !== State.Open) return;
    this.outgoing?.send({ kind: 'end' }, this.busyMs);
    this.close(null);
  }

  /** How far the process's code is ahead of the world: what it does now leaves that much later. */
  private get busyMs(): number {
    return this.owner.nowMs - this.owner.world.nowMs;
  }

  private close(error: Error | null): void {
    this.leave();
    this.finished = true;
    this.owner.post(() => this.handler.onClose(error));
  }

  private leave(): void {
    this.state = State.Closed;
    this.unsent = [];
    this.unsentBytes = 0;
    this.arrived = [];
    this.arrivedBytes = 0;
    this.owner.connections.delete(this);
    this.owner.world.network.removeConnection(this);
  }
}
