/**
 * Applies a master's stream: executes its commands as a trusted client and counts its bytes exactly as received.
 *
 * The applied offset moves command by command, and stands still inside MULTI until EXEC. The same bytes are passed
 * on to the own backlog (and so to sub-replicas) once they are applied, unchanged, so that offsets are the same along
 * a chain. While a script is suspended the stream waits. Nothing is ever answered except the request for an acknowledgement, which the REPLCONF command serves.
 */
import type { Connection } from '../platform/platform.js';
import { Decoded } from '../resp/request-decoder.js';
import type { Client } from '../server/client.js';
import type { Server } from '../server/server.js';
import { advance, type Offset } from './identity.js';
import type { OutgoingStream } from './outgoing-stream.js';
import { UnpersistedWrites } from './unpersisted-writes.js';

const NOTHING = Buffer.alloc(0);

/** What the owner of the stream hears. */
export interface StreamOwner {
  /** A command of the stream failed: the dataset may differ from the master's from here on. */
  onCommandError(text: string, commandName: string): void;
  /** The stream is no stream of commands. */
  onProtocolError(text: string): void;
}

export class StreamApplier {
  /** Stands for the master in CLIENT LIST and executes its commands. */
  readonly client: Client;
  private readonly startOffset: Offset;
  private applied: Offset;
  private received: Offset;
  /** Bytes received but not applied: a command, or a transaction, that is not yet whole. */
  private unapplied: Buffer[] = [];
  private closed = false;
  private waitsForSuspended = false;
  private readonly stopWaiting: () => void;
  private readonly unpersisted: UnpersistedWrites;

  constructor(
    private readonly server: Server,
    private readonly stream: OutgoingStream,
    private readonly owner: StreamOwner,
    connection: Connection,
    start: { readonly offset: Offset; readonly databaseIndex: number },
  ) {
    this.startOffset = start.offset;
    this.applied = start.offset;
    this.received = start.offset;
    this.client = server.clients.createInternal('master', connection);
    this.client.database = server.keyspace.databases[start.databaseIndex] ?? server.keyspace.databases[0];
    this.client.decoder.maxBulkBytes = Number.MAX_SAFE_INTEGER;
    server.clients.register(this.client);
    this.unpersisted = new UnpersistedWrites(server);
    // In a turn of its own: what is applied must not become part of the command that ends the pause.
    this.stopWaiting = server.pause.onRelease(() => {
      if (!server.pause.isActive) server.platform.timers.after(0, () => this.goOn());
    });
  }

  /** The last byte whose command has been executed. */
  get appliedOffset(): Offset {
    return this.applied;
  }

  /** The last byte received. */
  get receivedOffset(): Offset {
    return this.received;
  }

  /** The database that the stream has selected at the applied offset. */
  get databaseIndex(): number {
    return this.client.database.index;
  }

  /** Takes a piece of the stream. The chunk may be reused when this returns. */
  feed(chunk: Buffer): void {
    if (this.closed) return;
    const { server, client } = this;
    this.received = advance(this.received, chunk.length);
    server.statistics.totalNetReplicationInputBytes += chunk.length;
    server.beginTurn();
    client.lastInteractionMs = server.steadyNowMs;
    const appliedBefore = this.applied;
    client.decoder.feed(chunk);
    // Under CLIENT PAUSE nothing changes the dataset: what comes is kept.
    if (!server.pause.isActive) this.execute();
    client.decoder.retain();
    // Also when the stream has just ended: what was executed is part of the history.
    this.passOn(chunk, this.applied - appliedBefore);
  }

  /** Applies what came while clients were paused. */
  private goOn(): void {
    if (this.closed || this.server.pause.isActive) return;
    this.server.beginTurn();
    const appliedBefore = this.applied;
    this.execute();
    this.client.decoder.retain();
    this.passOn(NOTHING, this.applied - appliedBefore);
    this.server.scheduleTurnEnd();
  }

  /** Ends the stream: what is not applied is dropped, it will come again. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopWaiting();
    this.client.close();
  }

  private execute(): void {
    const { server, client } = this;
    const { decoder, reply } = client;
    const { keyspace } = server;
    const expiryModeForClients = keyspace.expiryMode;
    // The master decides when a key dies: until its DEL comes, its commands must find the key alive.
    keyspace.expiryMode = 'see';
    while (!this.closed && !server.suspension.isActive) {
      const decoded = decoder.next();
      if (decoded !== Decoded.Command) {
        if (decoded === Decoded.Error) this.owner.onProtocolError(decoder.errorText);
        break;
      }
      if (decoder.args.length > 0) {
        if (!this.unpersisted.mayApply(client, decoder.args)) break;
        const errorsBefore = reply.errorCount;
        server.dispatcher.process(client, decoder.args);
        if (reply.errorCount !== errorsBefore) {
          this.owner.onCommandError(reply.lastError, client.command?.fullName ?? decoder.args[0]);
        }
        reply.clear();
      }
      if (client.transaction === null && !this.closed) {
        this.applied = advance(this.startOffset, decoder.consumedBytes);
      }
    }
    server.dispatcher.endRun();
    // A command of the stream cannot change the role, so this still is a replica.
    keyspace.expiryMode = expiryModeForClients;
    if (server.suspension.isActive && !this.waitsForSuspended) {
      this.waitsForSuspended = true;
      server.suspension.afterwards(() => {
        this.waitsForSuspended = false;
        this.feed(NOTHING);
      });
    }
  }

  /** Passes on the first `bytes` of what had not been applied; `chunk` is the last piece of it. */
  private passOn(chunk: Buffer, bytes: number): void {
    let remaining = bytes;
    while (remaining > 0 && this.unapplied.length > 0) {
      const oldest = this.unapplied[0];
      if (oldest.length <= remaining) {
        this.stream.appendRaw(oldest);
        this.unapplied.shift();
        remaining -= oldest.length;
      } else {
        this.stream.appendRaw(oldest.subarray(0, remaining));
        this.unapplied[0] = oldest.subarray(remaining);
        remaining = 0;
      }
    }
    if (remaining > 0) this.stream.appendRaw(chunk.subarray(0, remaining));
    if (remaining < chunk.length) this.unapplied.push(Buffer.from(chunk.subarray(remaining)));
  }
}
