/**
 * A client of a cluster, as the guidelines have it: it guesses the owner of a slot, follows MOVED and remembers it,
 * follows ASK once, and tries another node when one does not answer.
 */
import { formatAddress, parseAddress } from '../../client/address.js';
import type { ClientConnection } from '../../client/connection.js';
import { ReplyError } from '../../client/reply.js';
import { keySlot } from '../../keyspace/key-slot.js';
import type { VirtualProcess } from '../../platform/virtual/index.js';
import type { Scene } from '../run/scene.js';
import { NODE_PORT } from '../world/simulated-cluster.js';
import { WorkloadClient } from './client.js';
import type { Write } from './write-ledger.js';
import type { Destination, WriteCallback } from './writer.js';

const REDIRECTIONS = 5;
/** Hash tags of the keys that are written: slots of several masters. */
export const TAGS: readonly string[] = ['{a}', '{b}', '{c}', '{d}', '{e}', '{f}'];

export class ClusterClient extends WorkloadClient {
  private readonly connections = new Map<string, ClientConnection>();
  /** By slot: `host:port`. */
  private readonly owners = new Map<number, string>();

  constructor(
    scene: Scene,
    process: VirtualProcess,
    private readonly nodes: readonly string[],
  ) {
    super(scene, process, {
      drawTag: () => TAGS[process.random.integer(TAGS.length)],
      destinationOf: (tag) => this.destination(this.owners.get(keySlot(tag)) ?? this.anyNode()),
      send: (destination, write, callback) => this.send(destination, write, callback, REDIRECTIONS),
    });
  }

  override stop(): void {
    super.stop();
    for (const connection of this.connections.values()) connection.close();
  }

  private send(destination: Destination, write: Write, callback: WriteCallback, redirections: number): void {
    destination.ask(['SET', write.key, write.value], (error, reply) => {
      const slot = keySlot(write.key);
      if (error === null && reply === 'OK') {
        callback(destination);
        return;
      }
      const redirection = reply instanceof ReplyError ? redirectionOf(reply) : null;
      if (redirection === null || redirections === 0) {
        this.owners.delete(slot);
        callback(null);
        return;
      }
      const next = this.destination(redirection.address);
      if (redirection.isLasting) this.owners.set(slot, redirection.address);
      // The answer to ASKING does not matter: if it failed, the next one will, too.
      else next.ask(['ASKING'], () => undefined);
      this.send(next, write, callback, redirections - 1);
    });
  }

  private destination(address: string): Destination {
    const connection = this.connectionTo(address);
    const host = parseAddress(address)?.host ?? '';
    return {
      server: this.scene.world.nameOf(host),
      ask: (args, callback) => connection.ask(args, callback),
    };
  }

  private connectionTo(address: string): ClientConnection {
    const known = this.connections.get(address);
    if (known !== undefined && !known.isClosed) return known;
    const connection = this.connectTo(parseAddress(address)!);
    this.connections.set(address, connection);
    return connection;
  }

  private anyNode(): string {
    const name = this.nodes[this.process.random.integer(this.nodes.length)];
    return formatAddress({ host: this.scene.world.address(name), port: NODE_PORT });
  }
}

/** `MOVED 3999 10.0.0.1:6379` and `ASK 3999 10.0.0.1:6379`; null for any other error. */
function redirectionOf({ code, message }: ReplyError): { address: string; isLasting: boolean } | null {
  if (code !== 'MOVED' && code !== 'ASK') return null;
  const address = message.split(' ')[2];
  return address === undefined ? null : { address, isLasting: code === 'MOVED' };
}
