/** What one node of a cluster says about all of them. The connection is kept; a failure closes it. */
import type { HostAndPort } from './address.js';
import { parseClusterNodes, type NodeView } from './cluster-nodes.js';
import type { ClientPlatform, Credentials } from './connection.js';
import { ClientError } from './errors.js';
import { KeptConnection } from './kept-connection.js';
import { ReplyError, type Reply } from './reply.js';

export class ClusterQuery {
  private readonly connection: KeptConnection;

  constructor(
    platform: ClientPlatform,
    address: HostAndPort,
    credentials: Credentials,
    /** For connecting and answering together. */
    private readonly timeoutMs: number,
  ) {
    this.connection = new KeptConnection(platform, address, credentials, timeoutMs);
  }

  /** Asks and calls back exactly once, with the error or with the view. */
  ask(callback: (answer: Error | readonly NodeView[]) => void): void {
    this.connection
      .open()
      .ask(['CLUSTER', 'NODES'], (error, reply) => callback(error ?? readView(reply)), this.timeoutMs);
  }

  close(): void {
    this.connection.close();
  }
}

function readView(reply: Reply): Error | readonly NodeView[] {
  if (reply instanceof ReplyError) return reply;
  const views = typeof reply === 'string' ? parseClusterNodes(reply) : [];
  const hasSense = views.every(({ configEpoch }) => Number.isSafeInteger(configEpoch) && configEpoch >= 0);
  if (views.length > 0 && hasSense) return views;
  return new ClientError('BAD_ANSWER', 'The reply to CLUSTER NODES is not what a node says');
}
