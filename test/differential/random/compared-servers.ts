/**
 * Sends the same commands to this server, in this process and on virtual time, and to a stock one, and expects the same
 * replies, and the same digest of the dataset that they leave behind.
 */
import { expect } from 'vitest';
import { VirtualWorld } from '../../../src/platform/virtual/index.js';
import { parseReply } from '../../support/resp.js';
import { RunningServer, STOCK_SERVER, type RawClient } from '../../support/running-server.js';
import { TestServer, type TestClient } from '../../support/test-server.js';
import type { RandomCommand } from './arguments.js';
import { exactly, ruleFor, type Rule } from './rules.js';

const ENDING: readonly RandomCommand[] = [['reset'], ['debug', 'digest']];

export class ComparedServers {
  /** Commands whose replies were compared. */
  comparedCommands = 0;
  private readonly ourServer: TestServer;
  private readonly ours: TestClient;

  private constructor(
    private readonly stockServer: RunningServer,
    private readonly stock: RawClient,
  ) {
    const world = new VirtualWorld({ seed: 1, startMs: Date.now() });
    this.ourServer = new TestServer({ 'enable-debug-command': 'yes' }, { world });
    this.ours = this.ourServer.connect();
  }

  static async start(): Promise<ComparedServers> {
    const stockServer = await RunningServer.start(STOCK_SERVER, '--enable-debug-command', 'yes');
    return new ComparedServers(stockServer, await stockServer.connect());
  }

  async stop(): Promise<void> {
    this.stock.close();
    await this.stockServer.stop();
  }

  /** Runs commands on empty datasets. */
  async compare(protocol: 2 | 3, commands: readonly RandomCommand[]): Promise<void> {
    const preparation = [['reset'], ['hello', String(protocol)], ['flushall']];
    const all = [...preparation, ...commands, ...ENDING];
    // What takes long in the real world, like shrinking, must not make expiry times differ.
    this.ourServer.advance(Math.max(0, Date.now() - this.ourServer.nowMs));
    const theirs = await this.stock.pipeline(all);
    const queued: RandomCommand[] = [];
    all.forEach((command, index) => {
      const mine = this.ours.callRaw(...command);
      const isExec = command[0].toLowerCase() === 'exec';
      if (index >= preparation.length && !mine.equals(theirs[index])) {
        const rule = isExec ? inOrder(queued.map(ruleFor)) : ruleFor(command);
        const [found, wanted] = [mine, theirs[index]].map((bytes) => rule(parseReply(bytes)?.value ?? null));
        expect({ index, command, reply: found }).toEqual({ index, command, reply: wanted });
      }
      if (mine.latin1Slice() === '+QUEUED\r\n') queued.push(command);
      else if (isExec || /^(discard|reset)$/i.test(command[0])) queued.length = 0;
    });
    this.comparedCommands += commands.length;
  }
}

/** The replies of an EXEC, each by the rule of its command. */
function inOrder(rules: readonly Rule[]): Rule {
  return (reply) =>
    Array.isArray(reply) ? reply.map((item, index) => (rules[index] ?? exactly)(item)) : reply;
}
