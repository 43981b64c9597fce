/**
 * One execution of a script or function: what it may do, what it has done, and its way through time. It runs at once
 * when it is quick; one that takes longer than `busy-reply-threshold` is suspended and goes on in slices, between which
 * other clients are told -BUSY and may have it killed.
 */
import type { ProtocolVersion } from '../resp/reply-sink.js';
import type { Client } from '../server/client.js';
import type { Command } from '../server/command.js';
import type { Audience } from '../server/propagation.js';
import type { ScriptSlots } from '../server/slot-rules.js';
import type { Engine } from './engine.js';
import { LuaError } from './lua/error.js';
import type { LuaFunction } from './lua/function.js';
import { LuaTable } from './lua/table.js';
import type { LuaValue } from './lua/value.js';
import type { ScriptClient } from './script-client.js';
import { writeResult } from './result-writer.js';
import { plainText } from './lua/library/base.js';
import type { ScriptFlags } from './script-flags.js';

/** Work between two looks at the clock: about a millisecond. */
const WORK_PER_LOOK = 20_000;
/** What a slice of a suspended script may take, so that others are answered in between. */
const SLICE_MS = 10;
/** The pause between slices: a step of the clock, so that time passes in a simulation, too. */
const SLICE_PAUSE_MS = 1;
/** A clock that stands still must not let a script run for ever: so much work counts as a millisecond. */
const WORK_PER_MS = 100_000;

export interface ScriptRunParts {
  readonly engine: Engine;
  readonly scriptClient: ScriptClient;
  readonly client: Client;
  /** The SHA-1 of a script, the name of a function: for error texts and the log. */
  readonly name: string;
  readonly kind: 'eval' | 'function';
  readonly flags: ScriptFlags;
  /** The script was called with a command for reading only. */
  readonly isReadOnly: boolean;
  /** Memory was short when the script began. */
  readonly isOutOfMemory: boolean;
  /** Told when the script is over, whichever way. */
  readonly onEnd: (run: ScriptRun) => void;
  readonly killCommand: 'SCRIPT KILL' | 'FUNCTION KILL';
}

export class ScriptRun implements ScriptSlots {
  hasWritten = false;
  /** It took longer than the threshold: others get -BUSY. */
  isSuspended = false;
  /** For cluster mode: the slot of the keys used so far, -1: none. */
  slot = -1;
  /** The command that called the script. */
  readonly args: readonly string[];
  private readonly startedMonotonicMs: number;
  private protocol: ProtocolVersion = 2;
  private work = 0;

  constructor(readonly parts: ScriptRunParts) {
    const { platform } = parts.client.server;
    this.args = parts.client.args;
    this.startedMonotonicMs = platform.clock.monotonicMs();
  }

  get client(): Client {
    return this.parts.client;
  }

  get allowsCrossSlotKeys(): boolean {
    return this.parts.flags.allowsCrossSlotKeys;
  }

  /** How long it has been running. */
  get elapsedMs(): number {
    return this.client.server.platform.clock.monotonicMs() - this.startedMonotonicMs;
  }

  /** Runs the function, to its end or until it is suspended. */
  begin(target: LuaFunction, args: readonly LuaValue[]): void {
    const { engine, scriptClient, client } = this.parts;
    // What it changes is propagated, not the script.
    client.server.dispatcher.suppressPropagation();
    scriptClient.begin(this);
    engine.machine.start(target, args);
    const thresholdMs = client.server.config.values['busy-reply-threshold'];
    while (!this.advance()) {
      const isSlow = this.elapsedMs >= thresholdMs || this.work > thresholdMs * WORK_PER_MS;
      // A stream that is being applied must be applied in order, so it waits.
      if (isSlow && thresholdMs > 0 && client.kind !== 'master') {
        this.suspend();
        return;
      }
    }
  }

  /** redis.call: the reply, errors included, as a Lua value. */
  call(words: string[]): LuaValue {
    return this.parts.scriptClient.call(this, words);
  }

  /** redis.acl_check_cmd; null: there is no such command. */
  mayCall(words: string[]): boolean | null {
    const { server, user } = this.client;
    const command: Command | undefined = server.commands.findCalled(words);
    if (command === undefined) return null;
    return server.acl.check(user, command, words) === null;
  }

  setProtocol(version: ProtocolVersion): void {
    this.protocol = version;
    this.parts.scriptClient.protocol = version;
  }

  /** redis.set_repl: who gets what the script changes from now on. */
  setAudience(audience: Audience): void {
    this.client.server.propagation.audience = audience;
  }

  /** Has the script end with an error as soon as it goes on. */
  kill(): void {
    const { engine, killCommand } = this.parts;
    const { machine } = engine;
    const position = machine.position();
    const where = position === null ? '' : `${position.source}:${position.line}: `;
    machine.kill(`${where}Script killed by user with ${killCommand}.`);
  }

  /** Does some work; true: the script is over and answered. */
  private advance(): boolean {
    const { machine } = this.parts.engine;
    this.work += WORK_PER_LOOK;
    try {
      if (!machine.run(WORK_PER_LOOK)) return false;
      const [result] = machine.results;
      this.end(() => this.writeResult(result));
    } catch (error) {
      if (error instanceof LuaError) this.end(() => this.writeError(error));
      else {
        this.end(() => undefined);
        throw error;
      }
    }
    return true;
  }

  private end(write: () => void): void {
    const { client, scriptClient, onEnd } = this.parts;
    client.server.propagation.audience = 'all';
    scriptClient.end();
    if (!client.closed) write();
    onEnd(this);
  }

  private writeResult(result: LuaValue): void {
    const isCounted = result instanceof LuaTable && result.getString('ignore_error_stats_update') === true;
    this.client.server.dispatcher.attributeErrors(isCounted);
    writeResult(this.client.reply, result, this.protocol);
  }

  private writeError(error: LuaError): void {
    const { client, engine, name } = this.parts;
    const { value, position } = error;
    const { reply } = client;
    let text: string;
    let isCounted = false;
    if (value instanceof LuaTable) {
      const message = value.getString('err');
      text = typeof message === 'string' ? message : 'ERR unknown error';
      isCounted = value.getString('ignore_error_stats_update') === true;
    } else {
      text = `ERR ${plainText(engine.machine, value)}`;
    }
    if (position !== null) text += ` script: ${name}, on @${position.source}:${position.line}.`;
    client.server.dispatcher.attributeErrors(isCounted);
    reply.error(text);
  }

  private suspend(): void {
    const { client, name, killCommand } = this.parts;
    const { server } = client;
    this.isSuspended = true;
    server.log.warning(
      `Slow script detected: still in execution after ${Math.round(this.elapsedMs)} milliseconds. ` +
        `You can try killing the script using the ${killCommand} command. Script name is: ${name}.`,
    );
    server.suspension.begin(client);
    this.continueLater();
  }

  private continueLater(): void {
    this.client.server.platform.timers.after(SLICE_PAUSE_MS, () => this.slice());
  }

  private slice(): void {
    const { server } = this.client;
    if (server.suspension.isClosed) return;
    const { clock } = server.platform;
    server.beginTurn();
    const endMs = clock.monotonicMs() + SLICE_MS;
    for (let work = 0; work < SLICE_MS * WORK_PER_MS; work += WORK_PER_LOOK) {
      if (this.advance()) {
        server.suspension.end(this.client);
        server.scheduleTurnEnd();
        return;
      }
      if (clock.monotonicMs() >= endMs) break;
    }
    this.continueLater();
  }
}
