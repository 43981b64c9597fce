/**
 * Cluster nodes as real processes, stock ones or ours, on free ports, each port with its bus port. It forms clusters with
 * plain CLUSTER commands, so that what is tested (a cluster manager, clients, the nodes) is not what sets up the test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SLOT_COUNT } from '../../src/keyspace/key-slot.js';
import { serverConfiguration } from '../../src/lab/configuration.js';
import { LabError } from '../../src/lab/errors.js';
import { Member } from '../../src/lab/member.js';
import { isPortFree } from '../../src/lab/ports.js';
import type { Engine } from '../../src/lab/programs.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';

const HOST = '127.0.0.1';
const BUS_PORT_OFFSET = 10_000;
/** With the bus ports 10000 above, all below the range from which kernels take ports for outgoing connections. */
const FIRST_PORT = 13_000;
const PORT_COUNT = 6_000;
const START_ATTEMPTS = 3;
const PATIENCE_MS = 30_000;
const platform = createNodePlatform();

export interface RealClusterOptions {
  /** One node each. */
  readonly engines: readonly Engine[];
  /** requirepass and masterauth. */
  readonly password?: string;
  /** Further lines of every node's configuration file. */
  readonly directives?: readonly string[];
}

/** What one node says of one node, itself or another, in CLUSTER NODES. */
export interface NodeLine {
  readonly id: string;
  readonly address: string;
  readonly flags: readonly string[];
  readonly masterId: string | null;
  readonly configEpoch: number;
  readonly isConnected: boolean;
  /** As they are written: `0-5460`, `7`, `[93-<-id]`. */
  readonly slots: readonly string[];
}

export class RealCluster {
  readonly nodes: Member[] = [];
  private readonly directory = mkdtempSync(join(tmpdir(), 'vedette-cluster-'));

  private constructor(private readonly options: RealClusterOptions) {}

  /** Starts the nodes; they do not know each other yet ({@link form}). */
  static async start(options: RealClusterOptions): Promise<RealCluster> {
    const cluster = new RealCluster(options);
    try {
      for (const engine of options.engines) await cluster.addNode(engine);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** That many stock nodes. */
  static startStock(count: number, options: Omit<RealClusterOptions, 'engines'> = {}): Promise<RealCluster> {
    return RealCluster.start({ ...options, engines: new Array<Engine>(count).fill('stock') });
  }

  /** Starts one more node, which knows nobody. */
  async addNode(engine: Engine): Promise<Member> {
    for (let attempt = 1; ; attempt++) {
      const member = await this.createMember(engine, attempt);
      try {
        await member.start(PATIENCE_MS);
        this.nodes.push(member);
        return member;
      } catch (error) {
        await member.kill();
        // Someone else may have taken the port, or the bus port, since we looked.
        const isWorthAnotherPort = error instanceof LabError && error.code === 'NOT_STARTED';
        if (!isWorthAnotherPort || attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Makes one cluster of all nodes: the first `masters` share the slots evenly, the others become their replicas in turn.
   * Resolves when all nodes agree, every replica is in sync, and the cluster is up.
   */
  async form(masters: number): Promise<void> {
    const perMaster = SLOT_COUNT / masters;
    for (const [index, node] of this.nodes.entries()) {
      await node.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      if (index >= masters) continue;
      const [first, last] = [Math.round(index * perMaster), Math.round((index + 1) * perMaster) - 1];
      await node.call('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
    }
    const [first, ...others] = this.nodes;
    for (const node of others) await meet(node, first!);
    await this.untilAllKnow(this.nodes.length);
    for (const [index, node] of this.nodes.entries()) {
      if (index >= masters) await node.call('CLUSTER', 'REPLICATE', await idOf(this.nodes[index % masters]!));
    }
    await this.untilUp();
  }

  /** Waits until every node knows that many nodes, itself among them, and shakes hands with none. */
  async untilAllKnow(count: number): Promise<void> {
    await this.until(async (node) => {
      const lines = await nodeLines(node);
      const known = lines.filter((line) => line.isConnected && !line.flags.includes('handshake'));
      return known.length === count && lines.length === count ? null : `knows ${known.length} nodes`;
    });
  }

  /** Waits until every node serves, suspects nobody and agrees with the others, and every replica is in sync. */
  async untilUp(): Promise<void> {
    await this.until(async (node) => {
      const state = String(await node.call('CLUSTER', 'INFO'));
      if (!state.includes('cluster_state:ok')) return 'cluster is not up';
      const views = await Promise.all(this.nodes.map(async (other) => roles(await nodeLines(other))));
      if (new Set(views).size > 1) return 'nodes do not agree';
      const lines = await nodeLines(node);
      if (lines.some(({ flags }) => flags.some((flag) => flag.startsWith('fail'))))
        return 'thinks a node has failed';
      const replication = String(await node.call('INFO', 'replication'));
      const isOutOfSync =
        replication.includes('role:slave') && !replication.includes('master_link_status:up');
      return isOutOfSync ? 'replica is not in sync' : null;
    });
  }

  /** The keys of all masters together; who is one, each says itself, since others learn of it later. */
  async keyCount(): Promise<number> {
    let count = 0;
    for (const node of this.nodes) {
      const size = Number(await node.call('DBSIZE'));
      if ((await ownLine(node)).masterId === null) count += size;
    }
    return count;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** @param problem null when the node is as it should be */
  private async until(problem: (node: Member) => Promise<string | null>): Promise<void> {
    for (const node of this.nodes) {
      await waitUntil(platform, PATIENCE_MS, async () => {
        const found = await problem(node);
        return found === null ? null : `${node.name}: ${found}\n${node.readLog().slice(-1500)}`;
      });
    }
  }

  private async createMember(engine: Engine, attempt: number): Promise<Member> {
    const { password, directives = [] } = this.options;
    const address = { host: HOST, port: await freeClusterPort() };
    const name = `node-${this.nodes.length + 1}`;
    const directory = join(this.directory, attempt === 1 ? name : `${name}-${attempt}`);
    return new Member(platform, {
      name,
      role: 'server',
      engine,
      address,
      directory,
      ...(password === undefined ? {} : { password }),
      configuration: serverConfiguration({
        address,
        directory,
        master: null,
        password,
        directives: [
          'cluster-enabled yes',
          'cluster-node-timeout 5000',
          'enable-debug-command local',
          ...directives,
        ],
      }),
    });
  }
}

/** A node's CLUSTER NODES, taken apart. */
export async function nodeLines(node: Member): Promise<NodeLine[]> {
  const text = String(await node.call('CLUSTER', 'NODES'));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id, address, flags, masterId, , , configEpoch, link, ...slots] = line.split(' ');
      return {
        id: id!,
        address: address!,
        flags: flags!.split(','),
        masterId: masterId === '-' ? null : masterId!,
        configEpoch: Number(configEpoch),
        isConnected: link === 'connected',
        slots,
      };
    });
}

/** A node's own id. */
export async function idOf(node: Member): Promise<string> {
  return String(await node.call('CLUSTER', 'MYID'));
}

/** `host:port`, as it is given to a cluster manager. */
export function addressOf(node: Member): string {
  return `${node.address.host}:${node.address.port}`;
}

/** What a node says of itself. */
export async function ownLine(node: Member): Promise<NodeLine> {
  const line = (await nodeLines(node)).find(({ flags }) => flags.includes('myself'));
  if (line === undefined) throw new Error(`${node.name} does not know itself`);
  return line;
}

/** Makes a node join the cluster of another. */
export async function meet(node: Member, other: Member): Promise<void> {
  await node.call('CLUSTER', 'MEET', other.address.host, String(other.address.port));
}

/** Who is master of what, and who is whose replica, whatever the order; open slots left out. */
function roles(lines: readonly NodeLine[]): string {
  return lines
    .map(({ id, masterId, slots }) => `${id} ${masterId} ${slots.filter((slot) => !slot.startsWith('['))}`)
    .sort()
    .join('\n');
}

async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + platform.random.integer(PORT_COUNT);
    if (
      (await isPortFree(platform, HOST, port)) &&
      (await isPortFree(platform, HOST, port + BUS_PORT_OFFSET))
    )
      return port;
  }
}
