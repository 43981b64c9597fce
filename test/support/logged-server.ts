/** A server with persistence on a virtual machine, which can lose power: for tests of the append-only log. */
import { Persistence } from '../../src/persistence/persistence.js';
import type { Logger } from '../../src/log/logger.js';
import type { FileSystem, VirtualProcess, VirtualWorld } from '../../src/platform/virtual/index.js';
import { TestServer, type TestClient } from './test-server.js';

export const LOG_DIRECTORY = '/server/appendonlydir';
export const MANIFEST = `${LOG_DIRECTORY}/appendonly.aof.manifest`;
const PATIENCE_MS = 60_000;

export class LoggedServer {
  readonly test: TestServer;
  readonly persistence: Persistence;
  readonly client: TestClient;
  readonly logged: string[] = [];

  /** A new process on the world's machine `server`; it has loaded nothing yet. */
  constructor(
    readonly world: VirtualWorld,
    directives: Readonly<Record<string, string>> = {},
  ) {
    const note = (text: string): void => void this.logged.push(text);
    const log: Logger = { debug: note, verbose: note, notice: note, warning: note, isEnabled: () => true };
    this.test = new TestServer(
      { appendonly: 'yes', 'enable-debug-command': 'yes', ...directives },
      { world, log },
    );
    this.persistence = new Persistence(this.test.server);
    this.client = this.test.connect();
  }

  /** As the constructor, with the dataset loaded. */
  static started(world: VirtualWorld, directives: Readonly<Record<string, string>> = {}): LoggedServer {
    const server = new LoggedServer(world, directives);
    const problem = server.load();
    if (problem !== null) throw new Error(problem);
    return server;
  }

  get process(): VirtualProcess {
    return this.test.server.platform as VirtualProcess;
  }

  get disk(): FileSystem {
    return this.world.host('server').disk;
  }

  /** Loads the dataset; returns what is wrong with it, or null. */
  load(): string | null {
    let outcome: { problem: string | null } | null = null;
    this.persistence.loadAtStart((problem) => (outcome = { problem }));
    this.world.runUntil(() => outcome !== null, PATIENCE_MS);
    return (outcome as { problem: string | null } | null)?.problem ?? null;
  }

  /** The reply to a command, however long it takes. */
  call(...args: (string | number)[]): unknown {
    this.client.replies();
    this.client.send(...args);
    const replies: unknown[] = [];
    this.world.runUntil(() => {
      replies.push(...this.client.replies());
      return replies.length > 0;
    }, PATIENCE_MS);
    return replies[0];
  }

  /** A field of INFO persistence. */
  info(field: string): string | undefined {
    this.test.server.beginTurn();
    const text = this.test.server.info.render(['persistence']);
    return new RegExp(`^${field}:(.*)\r$`, 'm').exec(text)?.[1];
  }

  /** Rewrites the log and waits until that is done. */
  rewrite(): void {
    this.call('BGREWRITEAOF');
    this.settle();
  }

  /** Waits until no rewrite is under way or wanted. */
  settle(): void {
    const { aof } = this.persistence;
    this.world.runUntil(() => !aof.isRewriting && this.info('aof_rewrite_scheduled') === '0', PATIENCE_MS);
  }

  /** The manifest as it is on disk. */
  get manifest(): string {
    return this.disk.text(MANIFEST) ?? '';
  }

  /** A file of the log. */
  file(name: string): string {
    return this.disk.text(`${LOG_DIRECTORY}/appendonly.aof.${name}`) ?? '';
  }
}
