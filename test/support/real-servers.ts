/**
 * Real server processes for a test, ours or stock ones, as members of a topology are: they can be killed, paused and
 * started again. And what tests of replication ask of them. One that is compared byte for byte: running-server.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reply } from '../../src/client/reply.js';
import { serverConfiguration } from '../../src/lab/configuration.js';
import { Member } from '../../src/lab/member.js';
import { findFreePorts } from '../../src/lab/ports.js';
import type { Engine } from '../../src/lab/programs.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';

const HOST = '127.0.0.1';
const PATIENCE_MS = 30_000;
const platform = createNodePlatform();

export class RealServers {
  /** Has theirs, and whatever else a test puts there; it goes with them. */
  readonly directory = mkdtempSync(join(tmpdir(), 'vedette-servers-'));
  private readonly members: Member[] = [];

  /** Starts a server of its own kind, as a master unless the directives say otherwise. */
  async start(engine: Engine, directives: readonly string[] = []): Promise<Member> {
    const [port] = await findFreePorts(platform, HOST, 1);
    const name = `${this.members.length}-${String(engine)}`;
    const address = { host: HOST, port };
    const directory = join(this.directory, name);
    const member = new Member(platform, {
      name,
      role: 'server',
      engine,
      address,
      directory,
      configuration: serverConfiguration({
        address,
        directory,
        master: null,
        password: undefined,
        directives: ['enable-debug-command yes', ...directives],
      }),
    });
    this.members.push(member);
    await member.start(PATIENCE_MS);
    return member;
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Makes a server follow another and waits until the stream is up. */
export async function follow(replica: Member, master: Member): Promise<void> {
  await replica.call('REPLICAOF', master.address.host, String(master.address.port));
  await until(async () => (await replica.info('master_link_status', 'replication')) === 'up', replica);
}

/** Waits until the replicas are where their master is, with the same dataset. */
export async function settle(master: Member, ...replicas: Member[]): Promise<void> {
  for (const replica of replicas) {
    await until(async () => {
      const [ours, theirs] = await Promise.all([offset(master), offset(replica)]);
      return ours === theirs && (await replica.info('master_link_status', 'replication')) === 'up';
    }, replica);
  }
}

export async function offset(server: Member): Promise<number> {
  return Number(await server.info('master_repl_offset', 'replication'));
}

export function digest(server: Member): Promise<Reply> {
  return server.call('DEBUG', 'DIGEST');
}

/** How replicas were served so far. */
export async function syncCounts(server: Member): Promise<{ full: number; partial: number }> {
  return {
    full: Number(await server.info('sync_full', 'stats')),
    partial: Number(await server.info('sync_partial_ok', 'stats')),
  };
}

export async function until(condition: () => Promise<boolean>, suspect: Member): Promise<void> {
  await waitUntil(platform, PATIENCE_MS, async () =>
    (await condition())
      ? null
      : `waited in vain for ${condition.toString()}; ${suspect.readLog().slice(-2000)}`,
  );
}
