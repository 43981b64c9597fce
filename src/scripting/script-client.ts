/**
 * The client that scripts' commands run as: it has no connection, its replies become Lua values, and it has the user,
 * the database and the rights of the client that called the script.
 */
import type { ChunkPool } from '../resp/output-buffer.js';
import type { ProtocolVersion } from '../resp/reply-sink.js';
import { Client } from '../server/client.js';
import type { Command } from '../server/command.js';
import { GateRank } from '../server/gates.js';
import type { Server } from '../server/server.js';
import type { Heap } from './lua/heap.js';
import type { LuaValue } from './lua/value.js';
import { ReplyCollector } from './reply-collector.js';
import type { ScriptRun } from './script-run.js';

const STALE = 'ERR Can not execute the command on a stale replica.';

export class ScriptClient {
  private readonly client: Client;
  private readonly collector: ReplyCollector;

  constructor(
    private readonly server: Server,
    /** DEBUG SET-DISABLE-DENY-SCRIPTS: commands that scripts may not call are let through. */
    private readonly ignoresDenials: () => boolean,
    heap: Heap,
    pool: ChunkPool = server.chunkPool,
  ) {
    this.collector = new ReplyCollector(pool, heap);
    this.client = new Client(server, 0, null, 0, this.collector);
    this.client.isScript = true;
  }

  set protocol(version: ProtocolVersion) {
    this.collector.protocol = version;
  }

  /** A script begins. */
  begin(run: ScriptRun): void {
    const { client } = this;
    const caller = run.client;
    client.caller = caller;
    client.tracking = caller.tracking;
    client.user = caller.user;
    client.authenticated = true;
    client.database = caller.database;
    client.isTrusted = caller.isTrusted;
    client.isReadOnlyMode = caller.isReadOnlyMode;
    client.noTouch = caller.noTouch;
    client.name = caller.name;
    this.collector.protocol = 2;
  }

  /** The script is over. */
  end(): void {
    this.collector.clear();
    this.client.transaction = null;
    this.client.caller = null;
    this.client.tracking = null;
  }

  /** Runs a command of a script; its reply. */
  call(run: ScriptRun, words: string[]): LuaValue {
    const { client, collector, server } = this;
    const command = server.commands.findCalled(words);
    const refusal = this.refusal(run, command, words);
    if (refusal !== null || command === undefined) {
      if (command !== undefined) command.rejectedCalls++;
      const text = refusal ?? 'ERR Unknown Redis command called from script';
      server.statistics.countError(text);
      collector.error(text);
      return collector.takeValue();
    }
    if (command.isWrite) run.hasWritten = true;
    server.dispatcher.execute(client, command, words);
    if (client.blocked !== null) server.blocking.forget(client);
    run.client.lastWriteOffset = server.replicationOffset;
    return collector.takeValue();
  }

  /** Why the command may not run, in Redis's order of checks; null: it may. */
  private refusal(run: ScriptRun, command: Command | undefined, words: string[]): string | null {
    if (command === undefined) return 'ERR Unknown Redis command called from script';
    if (command.handler === null || !command.acceptsArgumentCount(words.length)) {
      return 'ERR Wrong number of args calling Redis command from script';
    }
    if (command.deniedInScripts && !this.ignoresDenials()) {
      return 'ERR This Redis command is not allowed from script';
    }
    const { server } = this;
    const caller = run.client;
    if (!caller.user.allowsEverything && !caller.isTrusted) {
      const denial = server.acl.denialFor(caller, command, words, 'lua');
      if (denial !== null) return denial.replace(/^NOPERM /, 'NOPERM ACL failure in script: ');
    }
    if ((command.isWrite || command.mayReplicate) && run.parts.isReadOnly) {
      return 'ERR Write commands are not allowed from read-only scripts.';
    }
    if (!server.gates.isEmpty && !caller.isTrusted) {
      const refused = this.gateRefusal(run, command, words);
      if (refused !== null) return refused;
    }
    return server.slotRules?.scriptRefusal(caller, command, words, run) ?? null;
  }

  private gateRefusal(run: ScriptRun, command: Command, words: string[]): string | null {
    const { client, server } = this;
    const { flags, isOutOfMemory } = run.parts;
    const writes = command.isWrite || command.mayReplicate;
    return server.gates.refusalInScript(client, command, words, writes, (rank) => {
      switch (rank) {
        // The script was let in; what concerns keys is the slot rules' business.
        case GateRank.Cluster:
        case GateRank.Loading:
        case GateRank.Busy:
          return 'ignore';
        case GateRank.OutOfMemory:
          return flags.allowsOutOfMemory || run.hasWritten || !isOutOfMemory ? 'ignore' : null;
        case GateRank.StaleReplica:
          return STALE;
        case GateRank.Misconfiguration:
        case GateRank.NotEnoughReplicas:
        case GateRank.ReadOnlyReplica:
          // What has begun to write is not stopped half-way because the surroundings changed.
          return command.isWrite && !run.hasWritten ? null : 'ignore';
      }
    });
  }
}
