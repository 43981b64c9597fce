/**
 * One process of a topology: its directory and configuration file, and what can be done to it.
 *
 * It ends only the process that it started itself, by the handle it got for it.
 */
import { EventEmitter } from 'eventemitter3';
import { formatAddress, type HostAndPort } from '../client/address.js';
import { ClientConnection } from '../client/connection.js';
import type { Reply } from '../client/reply.js';
import type { ChildExit, ChildProcess, Platform } from '../platform/platform.js';
import { bytesFromText } from '../resp/ascii.js';
import { LabError } from './errors.js';
import type { ProcessGuard } from './process-guard.js';
import { nameOfEngine, programOf, type Engine, type MemberRole } from './programs.js';
import { waitUntil } from './wait.js';

export interface MemberOptions {
  /** Names the directory: server-1, sentinel-2, node-3. */
  readonly name: string;
  readonly role: MemberRole;
  readonly engine: Engine;
  readonly address: HostAndPort;
  /** Where others reach it; its address when absent. */
  readonly announced?: HostAndPort;
  /** Text, as in the configuration. */
  readonly password?: string;
  /** In a session of its own, out of reach of what is typed on the terminal (Ctrl-C). */
  readonly ownSession?: boolean;
  /** Ends the process when this one cannot. */
  readonly guard?: ProcessGuard;
  /** Its own; made when absent. */
  readonly directory: string;
  /** What its configuration file begins as; servers and sentinels rewrite it. */
  readonly configuration: readonly string[];
}

export type MemberState = 'running' | 'paused' | 'down';

interface MemberEvents {
  /** The process has ended, by us or by itself. */
  exit: [exit: ChildExit];
}

/** What a failing program wrote to its terminal, at most. */
const KEPT_OUTPUT_LENGTH = 4000;
const CONNECTION_TIMEOUT_MS = 2000;
/** On a machine with too much to do a healthy process may not get its turn for seconds. */
const CALL_TIMEOUT_MS = 10_000;
export const CONFIGURATION_FILE = 'member.conf';
const CONFIGURATION_MODE = 0o644;
export const LOG_FILE = 'member.log';

export class Member extends EventEmitter<MemberEvents> {
  readonly name: string;
  readonly role: MemberRole;
  readonly engine: Engine;
  readonly address: HostAndPort;
  readonly announced: HostAndPort;
  readonly directory: string;
  readonly configurationFile: string;
  readonly logFile: string;
  private child: ChildProcess | null = null;
  private isPaused = false;
  private output = '';
  private connection: Promise<ClientConnection> | null = null;

  constructor(
    private readonly platform: Platform,
    private readonly options: MemberOptions,
  ) {
    super();
    this.name = options.name;
    this.role = options.role;
    this.engine = options.engine;
    this.address = options.address;
    this.announced = options.announced ?? options.address;
    this.directory = options.directory;
    this.configurationFile = `${options.directory}/${CONFIGURATION_FILE}`;
    this.logFile = `${options.directory}/${LOG_FILE}`;
    this.writeConfiguration();
  }

  get state(): MemberState {
    if (this.child === null) return 'down';
    return this.isPaused ? 'paused' : 'running';
  }

  /** Null while it is down. */
  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /**
   * Empties the directory of a member that is down, and writes its configuration as at first.
   * @param furtherLines what it is to remember nevertheless
   */
  forgetAll(furtherLines: readonly string[] = []): void {
    if (this.child !== null) throw new LabError('WRONG_STATE', `${this.name} is not down`);
    this.platform.disk.removeTreeSync(this.directory);
    this.writeConfiguration(furtherLines);
  }

  /** Starts the process and resolves when it answers. */
  async start(limitMs: number): Promise<void> {
    if (this.child !== null) throw new LabError('WRONG_STATE', `${this.name} is not down`);
    this.output = '';
    const program = programOf(this.engine, this.role);
    this.child = this.platform.processes.spawn(
      program,
      [this.configurationFile],
      {
        workingDirectory: this.directory,
        detached: this.options.ownSession ?? false,
        onOutput: (_source, text) => this.keepOutput(text),
      },
      (error, exit) => this.exited(error, exit),
    );
    if (this.child !== null) this.options.guard?.started(this.child.pid);
    await waitUntil(this.platform, limitMs, () => this.answerProblem());
  }

  /** Ends it at once, as a crash does. Resolves when the process is gone. */
  kill(): Promise<void> {
    return this.signalEnd('SIGKILL');
  }

  /** Asks it to end in its own way. Resolves when the process is gone. */
  terminate(): Promise<void> {
    this.resumeIfPaused();
    return this.signalEnd('SIGTERM');
  }

  /** Freezes it: its connections stay, and nothing answers. @throws LabError NOT_SUPPORTED on Windows, for a process */
  pause(): void {
    if (this.state !== 'running') throw new LabError('WRONG_STATE', `${this.name} is not running`);
    try {
      this.child?.kill('SIGSTOP');
    } catch (error) {
      throw new LabError('NOT_SUPPORTED', `${this.name} cannot be paused here: ${(error as Error).message}`);
    }
    this.isPaused = true;
  }

  resume(): void {
    if (this.state !== 'paused') throw new LabError('WRONG_STATE', `${this.name} is not paused`);
    this.resumeIfPaused();
  }

  /** Starts it again, with the configuration as it is on disk now; one that runs is killed first. */
  async restart(limitMs = 10_000): Promise<void> {
    if (this.child !== null) await this.kill();
    await this.start(limitMs);
  }

  /** Sends a command on a connection that is kept, and opened anew when it broke. Rejects on an error reply. */
  async call(...args: readonly string[]): Promise<Reply> {
    this.connection ??= this.connect();
    const connection = await this.connection;
    return connection.call(...args);
  }

  /** A connection of the caller's own. @param timeoutMs to connect, and for every reply */
  async openConnection(timeoutMs = CONNECTION_TIMEOUT_MS): Promise<ClientConnection> {
    const { address, password } = this.options;
    const credentials = password === undefined ? {} : { password: bytesFromText(password) };
    return ClientConnection.connect(this.platform, {
      address,
      ...credentials,
      connectTimeoutMs: timeoutMs,
      callTimeoutMs: timeoutMs,
    });
  }

  /** The value of a field of INFO; undefined when there is none. */
  async info(field: string, section: string): Promise<string | undefined> {
    const text = await this.call('INFO', section);
    const line = String(text)
      .split('\r\n')
      .find((candidate) => candidate.startsWith(`${field}:`));
    return line?.slice(field.length + 1);
  }

  /** The log so far, as text. */
  readLog(): string {
    if (this.platform.disk.statusSync(this.logFile) === null) return '';
    return this.platform.disk.readFileSync(this.logFile).toString('utf8');
  }

  private writeConfiguration(furtherLines: readonly string[] = []): void {
    const { disk } = this.platform;
    disk.makeDirectorySync(this.directory);
    const lines = [...this.options.configuration, ...furtherLines];
    const text = bytesFromText(lines.join('\n') + '\n');
    disk.replaceFileSync(this.configurationFile, Buffer.from(text, 'latin1'), CONFIGURATION_MODE);
  }

  private async connect(): Promise<ClientConnection> {
    const forget = (): void => {
      this.connection = null;
    };
    try {
      const connection = await this.openConnection(CALL_TIMEOUT_MS);
      connection.once('close', forget);
      return connection;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** Null once the process that answers at the address is ours: the port may be someone else's. */
  private async answerProblem(): Promise<string | null> {
    if (this.child === null) throw this.notStarted();
    const processId = await this.info('process_id', 'server');
    if (this.child === null) throw this.notStarted();
    if (processId === String(this.child.pid)) return this.loadingProblem();
    return `${this.name}: process ${processId} answers at ${formatAddress(this.address)}`;
  }

  /** Until a server has its data, it refuses nearly everything. */
  private async loadingProblem(): Promise<string | null> {
    const isLoading = this.role === 'server' && (await this.info('loading', 'persistence')) === '1';
    return isLoading ? `${this.name} is loading its data` : null;
  }

  private notStarted(): LabError {
    const said = `${this.output}\n${this.readLog()}`.trim().slice(-KEPT_OUTPUT_LENGTH);
    return new LabError('NOT_STARTED', `${this.name} (${nameOfEngine(this.engine)}) ended at once:\n${said}`);
  }

  private keepOutput(text: string): void {
    this.output = (this.output + text).slice(-KEPT_OUTPUT_LENGTH);
  }

  private exited(error: Error | null, exit: ChildExit): void {
    if (error !== null) this.keepOutput(error.message);
    if (this.child !== null) this.options.guard?.ended(this.child.pid);
    this.child = null;
    this.isPaused = false;
    void this.connection?.then(
      (connection) => connection.close(),
      () => undefined,
    );
    this.emit('exit', exit);
  }

  private signalEnd(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (child === null) return Promise.resolve();
    return new Promise((resolve) => {
      this.once('exit', () => resolve());
      child.kill(signal);
    });
  }

  private resumeIfPaused(): void {
    if (this.isPaused) this.child?.kill('SIGCONT');
    this.isPaused = false;
  }
}
