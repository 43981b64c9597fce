/**
 * Scripts and functions of a server. Everything is made when the first script comes: a server without scripts has
 * nothing of this but the declarations of the commands.
 */
import type { Client } from '../server/client.js';
import type { ScriptMemory } from '../server/function-libraries.js';
import { GateRank } from '../server/gates.js';
import type { Server } from '../server/server.js';
import { DeclaredFlags } from './declared-flags.js';
import { Engine } from './engine.js';
import { evalCommands } from './eval-commands.js';
import { functionCommands } from './functions/commands.js';
import { FunctionStore } from './functions/store.js';
import type { LuaFunction } from './lua/function.js';
import type { LuaValue } from './lua/value.js';
import { redisLibrary, type ScriptLogLevel, type ScriptSurroundings } from './redis-api.js';
import { ScriptCache } from './script-cache.js';
import { ScriptClient } from './script-client.js';
import { scriptCommand } from './script-commands.js';
import type { ScriptFlags } from './script-flags.js';
import { ScriptRun } from './script-run.js';

/** The share of V8's heap, or of the machine's memory where that is less, that one script may hold. */
const SCRIPT_HEAP_SHARE = 0.25;

const BUSY_SCRIPT = 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.';
const BUSY_FUNCTION =
  'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.';
const UNKILLABLE =
  'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.';
const UNKILLABLE_STREAM =
  'UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed.';

/** How a script is called. */
export interface Invocation {
  readonly client: Client;
  readonly engine: Engine;
  readonly scriptClient: ScriptClient;
  readonly name: string;
  readonly kind: 'eval' | 'function';
  readonly flags: ScriptFlags;
  readonly isReadOnly: boolean;
  readonly target: LuaFunction;
  readonly args: readonly LuaValue[];
}

/** A machine with the client its scripts' commands run as. */
export interface Workshop {
  readonly engine: Engine;
  readonly scriptClient: ScriptClient;
}

export class Scripting implements ScriptSurroundings {
  /** The script that runs or is suspended. */
  running: ScriptRun | null = null;
  readonly cache: ScriptCache;
  readonly functions: FunctionStore;
  readonly declaredFlags = new DeclaredFlags();
  private allowsEverything = false;

  constructor(readonly server: Server) {
    this.cache = new ScriptCache(this);
    this.functions = new FunctionStore(this);
    server.functions = this.functions;
    server.scriptMemory = () => this.memory();
    server.commands.register([...evalCommands(this), scriptCommand(this), ...functionCommands(this)]);
    server.debugSubcommands.set('set-disable-deny-scripts', ({ reply }, args) => {
      this.allowsEverything = args[2] === '1';
      reply.ok();
    });
  }

  /** Makes a machine. `redis` is there; what else there is to be the caller adds before it is sealed. */
  openWorkshop(): Workshop {
    const { server } = this;
    const { memory, processes, random } = server.platform;
    const engine = new Engine(
      Math.min(memory.heapLimitBytes(), memory.machineBytes()) * SCRIPT_HEAP_SHARE,
      () => processes.cpuSeconds().user,
      random.integer(0x7fffffff),
    );
    engine.setGlobal('redis', redisLibrary(engine, this));
    const scriptClient = new ScriptClient(server, () => this.allowsEverything, engine.machine.heap);
    return { engine, scriptClient };
  }

  /** Runs a script, after the checks that its flags ask for. The reply is written now or when it ends. */
  run(invocation: Invocation): void {
    const { client, flags, isReadOnly, engine, scriptClient, name, kind, target, args } = invocation;
    const isOutOfMemory = this.isOutOfMemory(client);
    const refusal = this.refusal(client, flags, isReadOnly, isOutOfMemory);
    if (refusal !== null) {
      client.reply.error(refusal);
      return;
    }
    const killCommand = kind === 'eval' ? 'SCRIPT KILL' : 'FUNCTION KILL';
    this.server.suspension.busyText = kind === 'eval' ? BUSY_SCRIPT : BUSY_FUNCTION;
    this.running = new ScriptRun({
      engine,
      scriptClient,
      client,
      name,
      kind,
      flags,
      isReadOnly: isReadOnly || flags.forbidsWrites,
      isOutOfMemory,
      killCommand,
      onEnd: () => (this.running = null),
    });
    this.running.begin(target, args);
  }

  /** SCRIPT KILL, FUNCTION KILL. */
  kill(client: Client, kind: 'eval' | 'function'): void {
    const { running, server } = this;
    const { reply } = client;
    if (running === null) reply.error('NOTBUSY No scripts in execution right now.');
    else if (running.client.isTrusted) reply.error(UNKILLABLE_STREAM);
    else if (running.hasWritten) reply.error(UNKILLABLE);
    else if (running.parts.kind !== kind) reply.error(server.suspension.busyText);
    else {
      running.kill();
      reply.ok();
    }
  }

  sha1Hex(bytes: string): string {
    return this.server.platform.hash.sha1(bytes).toString('hex');
  }

  log(level: ScriptLogLevel, message: string): void {
    this.server.log[level](message);
  }

  /** The checks before a script that declares its flags; one that does not is checked command by command. */
  private refusal(
    client: Client,
    flags: ScriptFlags,
    isReadOnly: boolean,
    isOutOfMemory: boolean,
  ): string | null {
    const { server } = this;
    if (flags.isUndeclared) return this.staleRefusal(client);
    if (flags.forbidsCluster && server.mode === 'cluster') {
      return "ERR Can not run script on cluster, 'no-cluster' flag is set.";
    }
    if (!flags.allowsStale && this.staleRefusal(client) !== null) {
      return "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the script.";
    }
    if (!flags.forbidsWrites) {
      const refused = this.writeRefusal(client, isReadOnly);
      if (refused !== null) return refused;
    }
    if (isOutOfMemory && !flags.allowsOutOfMemory) {
      return "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";
    }
    return null;
  }

  private writeRefusal(client: Client, isReadOnly: boolean): string | null {
    const refused =
      this.gateRefusal(client, GateRank.Misconfiguration) ??
      this.gateRefusal(client, GateRank.ReadOnlyReplica);
    if (refused !== null) return refused;
    if (isReadOnly) return 'ERR Can not execute a script with write flag using *_ro command.';
    return this.gateRefusal(client, GateRank.NotEnoughReplicas);
  }

  private staleRefusal(client: Client): string | null {
    return this.gateRefusal(client, GateRank.StaleReplica);
  }

  /** What a gate would say to a write of the client. */
  private gateRefusal(client: Client, rank: GateRank): string | null {
    const { gates, commands } = this.server;
    const write = commands.find('set');
    if (gates.isEmpty || client.isTrusted || write === undefined) return null;
    return gates.refusalInScript(client, write, ['set', '', ''], true, (other) =>
      other === rank ? null : 'ignore',
    );
  }

  private isOutOfMemory(client: Client): boolean {
    return this.gateRefusal(client, GateRank.OutOfMemory) !== null;
  }

  private memory(): ScriptMemory {
    const { cache, functions } = this;
    return {
      cachedScripts: cache.size,
      cachedScriptBytes: cache.bytes,
      functions: functions.functionCount,
      libraries: functions.libraryCount,
      functionBytes: functions.bytes,
      scriptMachineBytes: cache.machineBytes,
      functionMachineBytes: functions.machineBytes,
    };
  }
}
