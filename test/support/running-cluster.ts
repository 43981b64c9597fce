/**
 * A cluster of real processes, ours or stock ones, set up with plain commands: what is tested is not what sets it up.
 */
import { SLOT_COUNT } from '../../src/keyspace/key-slot.js';
import { RunningServer, freePort, type RawClient } from './running-server.js';

const LIMIT_MS = 40_000;

export interface RunningClusterOptions {
  /** One program for each node; the first ones become masters. */
  readonly programs: readonly string[];
  readonly masters: number;
  readonly nodeTimeoutMs?: number;
}

export class RunningCluster {
  readonly ids: string[] = [];

  private constructor(
    private readonly masterCount: number,
    readonly servers: readonly RunningServer[],
    /** A connection to each node. */
    readonly clients: readonly RawClient[],
    readonly busPorts: readonly number[],
  ) {}

  /** Resolves when all nodes serve, know and are connected with each other, and the replicas have their dataset. */
  static async start({ programs, masters, nodeTimeoutMs }: RunningClusterOptions): Promise<RunningCluster> {
    const busPorts = await Promise.all(programs.map(() => freePort()));
    const servers = await Promise.all(
      programs.map((program, index) =>
        RunningServer.start(
          program,
          ...['--cluster-enabled', 'yes', '--cluster-port', String(busPorts[index])],
          ...['--cluster-node-timeout', String(nodeTimeoutMs ?? 5000), '--enable-debug-command', 'yes'],
          ...['--repl-diskless-sync-delay', '0'],
        ),
      ),
    );
    const clients = await Promise.all(servers.map((server) => server.connect()));
    const cluster = new RunningCluster(masters, servers, clients, busPorts);
    await cluster.form();
    return cluster;
  }

  /** `host:port` of all nodes, for clients. */
  get addresses(): { readonly host: string; readonly port: number }[] {
    return this.servers.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  /** Waits until a condition holds, asked again and again. */
  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + LIMIT_MS;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** A field of CLUSTER INFO. */
  async state(node: number, field: string): Promise<string | undefined> {
    const info = String(await this.clients[node]!.call('CLUSTER', 'INFO'));
    return new RegExp(`^${field}:(.*)\r$`, 'm').exec(info)?.[1];
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  private async form(): Promise<void> {
    const { clients, servers, busPorts, masterCount } = this;
    for (const [index, client] of clients.entries()) {
      this.ids.push(String(await client.call('CLUSTER', 'MYID')));
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (index < masterCount) await client.call('CLUSTER', 'ADDSLOTSRANGE', ...this.rangeOf(index));
    }
    for (const client of clients.slice(1)) {
      await client.call('CLUSTER', 'MEET', '127.0.0.1', servers[0]!.port, busPorts[0]!);
    }
    await this.untilConnected();
    for (let index = masterCount; index < clients.length; index++) {
      const masterId = this.ids[index % masterCount]!;
      await this.until(
        'a replica knows its master',
        async () => (await clients[index]!.call('CLUSTER', 'REPLICATE', masterId)) === 'OK',
      );
    }
    await this.until('replicas have their dataset', async () => {
      const slots = (await clients[0]!.call('CLUSTER', 'SLOTS')) as unknown[][];
      const listed = slots.reduce((count, entry) => count + entry.length - 2, 0);
      return listed === clients.length;
    });
  }

  private rangeOf(master: number): [first: number, last: number] {
    const perMaster = SLOT_COUNT / this.masterCount;
    return [Math.round(master * perMaster), Math.round((master + 1) * perMaster) - 1];
  }

  /** Serving, with a connection in each direction between any two nodes. */
  private async untilConnected(): Promise<void> {
    const others = this.clients.length - 1;
    for (const [index, client] of this.clients.entries()) {
      await this.until(`node ${index} serves and is connected`, async () => {
        const links = await client.call('CLUSTER', 'LINKS');
        const isConnected = Array.isArray(links) && links.length === 2 * others;
        return isConnected && (await this.state(index, 'cluster_state')) === 'ok';
      });
    }
  }
}
