/** A data server with replication in this process, on the real machine or a virtual one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerConfig } from '../../src/config/server-config.js';
import { composeDataServer } from '../../src/launch/data-server.js';
import { Listeners } from '../../src/launch/listeners.js';
import { createLogger } from '../../src/log/logger.js';
import type { LogSink, Platform } from '../../src/platform/platform.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { Replication } from '../../src/replication/replication.js';
import type { Server } from '../../src/server/server.js';
import { wholeSnapshotSource } from './whole-snapshot-source.js';

export interface InProcessServer {
  readonly server: Server;
  readonly replication: Replication;
  readonly port: number;
  readonly logLines: string[];
  /** INFO replication as a record. */
  info(): Record<string, string>;
  close(): void;
}

export async function startInProcess(
  port: number,
  directives: Readonly<Record<string, string>> = {},
): Promise<InProcessServer> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-'));
  const logLines: string[] = [];
  const sink: LogSink = { write: (line) => logLines.push(line) };
  const real = createNodePlatform();
  const logs = { standardOutput: () => sink, standardError: () => sink, file: () => sink };
  const platform: Platform = { ...real, logs } as Platform;
  const config = new ServerConfig(platform.processes, 'server');
  for (const [name, value] of Object.entries({ port: String(port), bind: '127.0.0.1', ...directives })) {
    const problem = config.configure(name, value === '' ? [] : value.split(' '));
    if (problem !== null) throw new Error(`${name} ${value}: ${problem}`);
  }
  config.assign('dir', directory);
  const log = createLogger({ platform, level: 'verbose', file: '', role: 'M', format: 'text' as never });
  const lines = { renamedCommands: [], users: [], warnings: [] } as never;
  const service = composeDataServer({ platform, config, log, lines });
  const { server } = service;
  const replication = new Replication({ server, snapshots: wholeSnapshotSource(server) });
  const listeners = new Listeners(platform.network, config, log, (connection) =>
    server.clients.accept(connection),
  );
  await new Promise<void>((resolve, reject) =>
    listeners.start((problem) => (problem === null ? resolve() : reject(new Error(problem)))),
  );
  service.start(() => undefined);
  return {
    server,
    replication,
    port,
    logLines,
    info: () => parseInfo(server.info.render(['replication'])),
    close() {
      listeners.close();
      replication.close();
      server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function parseInfo(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1);
  }
  return fields;
}
