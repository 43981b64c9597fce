/**
 * The one point through which writes leave the server: to the append-only log and to the replicas' stream.
 *
 * An execution unit is a command with all it caused, a whole EXEC, or a script. Its writes are collected and sent
 * when it ends: bare when there is one, between MULTI and EXEC when there are more.
 * Each command is encoded once; every sink gets the same bytes. Only a script can choose who gets its effects
 * (redis.set_repl); then each sink gets a unit of its own.
 */
import { writeHeader, writeLatin1 } from '../resp/output-buffer.js';

/** Where commands go. */
export type Destination = 'log' | 'replicas';

/** Who gets a command. */
export type Audience = 'all' | Destination | 'nobody';

/** Receives encoded commands in order. */
export interface PropagationSink {
  readonly destination: Destination;
  /**
   * @param databaseIndex the database the command ran in, -1 for MULTI and EXEC (which need no SELECT)
   * @param encoded one RESP command; only valid during the call
   */
  append(databaseIndex: number, encoded: Buffer): void;
}

const INITIAL_SCRATCH_BYTES = 16 * 1024;
/** A scratch that one huge command made larger than this is given up again. */
const SCRATCH_LIMIT_BYTES = 1024 * 1024;
const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n', 'latin1');
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n', 'latin1');

export class Propagation {
  private sinks: PropagationSink[] = [];
  private databaseIndexes: number[] = [];
  private commands: (readonly string[])[] = [];
  /** Who gets what is added now. */
  audience: Audience = 'all';
  /** The commands of the unit that do not go to everybody, by their place in it. */
  private narrowed: Map<number, Destination> | null = null;
  private scratch = Buffer.allocUnsafeSlow(INITIAL_SCRATCH_BYTES);

  addSink(sink: PropagationSink): void {
    this.sinks = [...this.sinks, sink];
  }

  removeSink(sink: PropagationSink): void {
    this.sinks = this.sinks.filter((other) => other !== sink);
  }

  /** False while nobody listens: commands then need not be collected. */
  get isActive(): boolean {
    return this.sinks.length > 0;
  }

  /** Nothing has been collected since the last unit ended. */
  get isEmpty(): boolean {
    return this.commands.length === 0;
  }

  /** Adds a write of the current execution unit. The arguments must not change afterwards. */
  add(databaseIndex: number, args: readonly string[]): void {
    const { audience } = this;
    if (this.sinks.length === 0 || audience === 'nobody') return;
    if (audience !== 'all') (this.narrowed ??= new Map()).set(this.commands.length, audience);
    this.databaseIndexes.push(databaseIndex);
    this.commands.push(args);
  }

  /** Ends the execution unit: sends what was collected. `separate` sends each command bare (active expiry). */
  endUnit(separate = false): void {
    const { sinks, narrowed, commands } = this;
    if (commands.length === 0) return;
    if (narrowed === null) {
      this.sendAll(sinks, separate);
    } else {
      for (const sink of sinks) this.sendSome(sink, narrowed, separate);
      this.narrowed = null;
    }
    commands.length = 0;
    this.databaseIndexes.length = 0;
    if (this.scratch.length > SCRATCH_LIMIT_BYTES)
      this.scratch = Buffer.allocUnsafeSlow(INITIAL_SCRATCH_BYTES);
  }

  private sendAll(sinks: readonly PropagationSink[], separate: boolean): void {
    const count = this.commands.length;
    const wrapped = count > 1 && !separate;
    if (wrapped) send(sinks, -1, MULTI);
    for (let i = 0; i < count; i++) send(sinks, this.databaseIndexes[i], this.encode(this.commands[i]));
    if (wrapped) send(sinks, -1, EXEC);
  }

  /** Sends what is for this sink, as if the unit had been nothing else. */
  private sendSome(
    sink: PropagationSink,
    narrowed: ReadonlyMap<number, Destination>,
    separate: boolean,
  ): void {
    const places = [...this.commands.keys()].filter(
      (place) => (narrowed.get(place) ?? sink.destination) === sink.destination,
    );
    const wrapped = places.length > 1 && !separate;
    if (wrapped) sink.append(-1, MULTI);
    for (const place of places) sink.append(this.databaseIndexes[place], this.encode(this.commands[place]));
    if (wrapped) sink.append(-1, EXEC);
  }

  private encode(args: readonly string[]): Buffer {
    let bound = 24;
    for (let i = 0; i < args.length; i++) bound += args[i].length + 26;
    if (this.scratch.length < bound) this.scratch = Buffer.allocUnsafeSlow(bound * 2);
    const end = encodeCommand(this.scratch, 0, args);
    return this.scratch.subarray(0, end);
  }
}

function send(sinks: readonly PropagationSink[], databaseIndex: number, encoded: Buffer): void {
  for (const sink of sinks) sink.append(databaseIndex, encoded);
}

/** Writes a command as a RESP array of bulk strings; returns the position after it. There must be room. */
export function encodeCommand(target: Buffer, position: number, args: readonly string[]): number {
  let at = writeHeader(target, position, 42, args.length);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    at = writeHeader(target, at, 36, arg.length);
    at = writeLatin1(target, at, arg);
    target[at] = 13;
    target[at + 1] = 10;
    at += 2;
  }
  return at;
}
