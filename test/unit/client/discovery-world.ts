/**
 * A client among scripted programs on virtual machines, which say what the test has them say; everything between them
 * and the client is real but for the time. Of either kind of discovery, so that one set of statements holds for both.
 */
import type { HostAndPort } from '../../../src/client/address.js';
import type { ClientConnection } from '../../../src/client/connection.js';
import type { Discovery, DiscoveryOptions, ResolvedMaster } from '../../../src/client/discovery.js';
import { VirtualWorld } from '../../../src/platform/virtual/index.js';
import type { ScriptedProgram, ScriptedServer } from './scripted-program.js';

export abstract class DiscoveryWorld<
  Master extends ResolvedMaster,
  Kind extends Discovery<Master>,
  Options extends DiscoveryOptions = DiscoveryOptions,
> {
  readonly world = new VirtualWorld({ seed: 1, latency: 1 });
  readonly client = this.world.createProcess('client');
  /** What discoveries made here have told, in order. */
  readonly told: string[] = [];

  /** What all members call the first master, where that is not where it is. */
  abstract announceMasterAs(address: HostAndPort): void;
  /** All servers, the first of which is a master. */
  abstract get servers(): readonly ScriptedServer[];
  /** Everybody whom a client may connect to. */
  abstract get programs(): readonly ScriptedProgram[];
  abstract make(options?: Options): Kind;
  /** Asks for the first master. */
  abstract resolve(discovery: Kind): Promise<Master>;
  abstract connect(discovery: Kind): Promise<ClientConnection>;
  /** Beyond where it is. */
  protected abstract describe(master: Master, previous: Master | null): string;

  /** Whoever writes down what is told listens first. */
  protected recorded(discovery: Kind): Kind {
    discovery.on('master', (master: Master, previous: Master | null) => {
      this.told.push(`master ${this.nameOf(master.address)}${this.describe(master, previous)}`);
    });
    discovery.on('lost', (master, reason) => {
      this.told.push(`lost ${this.nameOf(master.address)}: ${codeOf(reason)}`);
    });
    discovery.on('unresolved', (error) => {
      const codes = new Set(error.refusals.map((refusal) => codeOf(refusal.error)));
      this.told.push(`unresolved ${[...codes].join()}`);
    });
    return discovery;
  }

  /** A discovery that was started some time ago: long enough, unless told otherwise, to know all that it can. */
  started(options?: Options, agoMs = 100): Kind {
    const discovery = this.make(options);
    discovery.start();
    this.advance(agoMs);
    return discovery;
  }

  /** What was told since the last time. */
  heard(): string[] {
    return this.told.splice(0);
  }

  advance(ms: number): void {
    this.world.advance(ms);
  }

  /** Lets time pass until a promise is kept that needs some of it. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isPending = true;
    const settled = promise.finally(() => (isPending = false));
    settled.catch(() => undefined);
    for (let turn = 0; isPending && turn < 1000; turn++) {
      this.advance(10);
      await new Promise(setImmediate);
    }
    return settled;
  }

  protected nameOf({ host, port }: HostAndPort): string {
    const server = this.servers.find(({ address }) => address.host === host);
    return server === undefined ? `${host}:${port}` : server.process.name;
  }
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}
