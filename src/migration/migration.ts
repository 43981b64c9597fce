/**
 * MIGRATE: moves keys to other servers. Unlike stock it does not stop the server: everybody else is served, the client
 * that sent it waits as a blocked one does, and writers of a key on its way wait until it is settled where the key is.
 *
 * Owns the transfers that run and the connections that rest. Inside MULTI and in scripts MIGRATE is refused: nothing can
 * wait there.
 */
import { DumpEncoder, type DumpOptions } from '../persistence/rdb/dump-payload.js';
import type { Client } from '../server/client.js';
import type { Server } from '../server/server.js';
import { migrateCommand } from './command.js';
import { LinkCache } from './link-cache.js';
import { parseRequest, secretPositions } from './request.js';
import { RestoreMessages } from './restore-messages.js';
import { Transfer, type TransferContext } from './transfer.js';

const CANNOT_WAIT = 'ERR MIGRATE waits for the target, which is not possible here';
const ROLE_CHANGED =
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)';
const SHUTTING_DOWN = 'ERR Server is shutting down, not all keys were moved';

export class Migration {
  private readonly transfers = new Set<Transfer>();
  private readonly links: LinkCache;
  private readonly context: TransferContext;

  constructor(server: Server) {
    const { platform, config } = server;
    this.links = new LinkCache(platform.network, () => platform.clock.monotonicMs());
    const dumpOptions = (): DumpOptions => ({
      compression: config.values.rdbcompression,
      listMaxListpackSize: config.values['list-max-listpack-size'],
    });
    let dumps = new DumpEncoder(dumpOptions());
    const followConfig = (): void => {
      dumps = new DumpEncoder(dumpOptions());
    };
    config.onChange('rdbcompression', followConfig);
    config.onChange('list-max-listpack-size', followConfig);
    this.context = {
      server,
      links: this.links,
      dumpOptions,
      get dumps() {
        return dumps;
      },
      messages: new RestoreMessages(server.mode === 'cluster' ? 'RESTORE-ASKING' : 'RESTORE'),
    };
    server.commands.register([migrateCommand((client, args) => this.migrate(client, args))]);
    server.cachedMigrationLinks = () => this.links.size;
    server.cronTasks.push(() => this.links.closeIdle());
    server.pause.onRelease(() => {
      for (const transfer of this.transfers) transfer.pauseChanged();
    });
    server.shutdown.addParticipant({
      isReady: () => this.transfers.size === 0,
      hurry: () => {
        for (const transfer of this.transfers) transfer.stop();
      },
      finish: (_options, done) => {
        this.close();
        done(true);
      },
    });
  }

  /** How many MIGRATEs are under way. */
  get runningCount(): number {
    return this.transfers.size;
  }

  /** This server became a replica, or a master: what was under way was another history's. */
  roleChanged(): void {
    for (const transfer of this.transfers) transfer.abort(ROLE_CHANGED);
  }

  /** Ends everything; what was not acknowledged stays here. */
  close(): void {
    for (const transfer of this.transfers) transfer.abort(SHUTTING_DOWN);
    this.links.closeAll();
  }

  private migrate(client: Client, args: readonly string[]): void {
    const { server, reply, database } = client;
    const request = parseRequest(args);
    if (typeof request === 'string') {
      for (const position of secretPositions(args)) client.hideArgument(position);
      reply.error(request);
      return;
    }
    for (const position of request.secretPositions) client.hideArgument(position);
    if (!server.blocking.mayBlock(client)) {
      reply.error(CANNOT_WAIT);
      return;
    }
    const keys = [...new Set(request.keys)];
    // Only one is looked for: the others are looked up when it is their turn.
    const first = keys.findIndex((key) => database.readEntry(key) !== undefined);
    if (first === -1) {
      reply.simple('NOKEY');
      return;
    }
    const transfer = new Transfer(this.context, request, keys.slice(first), database, client, () => {
      this.transfers.delete(transfer);
      server.shutdown.recheck();
    });
    this.transfers.add(transfer);
    server.blocking.block(client, 0, null, () => transfer.abandonClient());
    transfer.begin();
  }
}
