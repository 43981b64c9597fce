/**
 * Takes a snapshot from a master into a file, as a replica would with SYNC, however the master marks its end: with its
 * length before it, or with a mark behind it. The file has its name only when all of it is on disk.
 */
import { formatAddress } from '../../client/address.js';
import { encodeCommand } from '../../client/command-link.js';
import type { Credentials } from '../../client/connection.js';
import type { Connection, FileHandle, Platform } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';
import { PayloadFraming, type PayloadFrame } from '../../replication/payload-framing.js';
import { bytesFromText } from '../../resp/ascii.js';
import { ClusterManagerError } from './errors.js';

export type DownloadPlatform = Pick<Platform, 'network' | 'disk'>;

export interface RdbSource {
  readonly host: string;
  readonly port: number;
  readonly credentials: Credentials;
}

/** The disk may lag this far behind the master before the connection stops reading. */
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;
const RESUME_BELOW_BYTES = 1024 * 1024;

/**
 * @param onStarted called when the master begins to send
 * @returns the size in bytes
 * @throws ClusterManagerError when the master refuses or breaks off, or the file cannot be written
 */
export async function downloadRdb(
  platform: DownloadPlatform,
  source: RdbSource,
  path: string,
  onStarted: (frame: PayloadFrame) => void,
): Promise<number> {
  const { disk } = platform;
  const temporaryPath = `${path}.part`;
  const file = await fileOperation<FileHandle | null>(temporaryPath, (done) =>
    disk.open(temporaryPath, 'write', done),
  );
  try {
    const sizeBytes = await new RdbTransfer(file!, temporaryPath, onStarted).run(platform, source);
    await fileOperation(temporaryPath, (done) => file!.sync(done));
    await fileOperation(temporaryPath, (done) => file!.close(done));
    await fileOperation(path, (done) => disk.rename(temporaryPath, path, done));
    return sizeBytes;
  } catch (error) {
    file!.close(() => disk.unlink(temporaryPath, () => undefined));
    throw error;
  }
}

/** One SYNC. */
class RdbTransfer {
  private connection: Connection | null = null;
  private unwrittenBytes = 0;
  private sizeBytes = 0;
  private hasEnded = false;
  private isOver = false;
  private resolve: (sizeBytes: number) => void = () => undefined;
  private reject: (error: Error) => void = () => undefined;

  constructor(
    private readonly file: FileHandle,
    private readonly path: string,
    private readonly onStarted: (frame: PayloadFrame) => void,
  ) {}

  run(platform: DownloadPlatform, { host, port, credentials }: RdbSource): Promise<number> {
    const where = formatAddress({ host, port });
    const framing = new PayloadFraming({
      onFrame: this.onStarted,
      onBytes: (bytes) => this.write(bytes),
      onEnd: () => {
        this.hasEnded = true;
        this.finishIfWritten();
      },
      onError: (reason) => this.fail(`Node ${where}: ${reason}`),
    });
    const introduction = new Introduction(credentials, {
      // A master refuses SYNC while it has replies to write, so it is sent alone.
      onAccepted: () => this.connection?.write(encodeCommand(['SYNC'])),
      onRefused: (reply) => this.fail(`Node ${where} replied with error:\n${reply}`),
    });
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.connection = platform.network.connect(
        { host, port },
        {},
        {
          onConnect: () => {
            for (const command of introduction.commands) this.connection?.write(encodeCommand(command));
          },
          onData: (chunk) => {
            if (this.isOver) return;
            if (introduction.isOver) framing.push(chunk);
            else introduction.push(chunk);
          },
          onDrain: () => undefined,
          onEnd: () => this.lost(where, null),
          onClose: (error) => this.lost(where, error),
        },
      );
    });
  }

  private write(bytes: Buffer): void {
    const copy = Buffer.from(bytes);
    this.sizeBytes += copy.length;
    this.unwrittenBytes += copy.length;
    if (this.unwrittenBytes > MAX_UNWRITTEN_BYTES) this.connection?.pause();
    this.file.write(copy, (error) => {
      if (this.isOver) return;
      if (error !== null) {
        this.fail(`Error writing data to file ${bytesFromText(this.path)}: ${systemErrorText(error)}`);
        return;
      }
      this.unwrittenBytes -= copy.length;
      if (this.unwrittenBytes < RESUME_BELOW_BYTES) this.connection?.resume();
      this.finishIfWritten();
    });
  }

  private finishIfWritten(): void {
    if (!this.hasEnded || this.unwrittenBytes > 0 || this.isOver) return;
    this.stop();
    this.resolve(this.sizeBytes);
  }

  /** A master has nothing more to say to one that wants no stream, so it may close after the snapshot. */
  private lost(where: string, error: Error | null): void {
    if (this.hasEnded || this.isOver) return;
    const reason = error === null ? 'closed the connection' : systemErrorText(error);
    this.fail(`I/O Error reading RDB payload from ${where}: ${reason}`);
  }

  private fail(text: string): void {
    if (this.isOver) return;
    this.stop();
    this.reject(new ClusterManagerError(text, 'errors'));
  }

  private stop(): void {
    this.isOver = true;
    this.connection?.destroy();
  }
}

interface IntroductionListener {
  onAccepted(): void;
  onRefused(reply: string): void;
}

/** What comes before SYNC, and its one-line replies. */
class Introduction {
  readonly commands: readonly (readonly string[])[];
  private repliesDue: number;
  /** An error in reply to AUTH is the end. */
  private isAuthDue: boolean;
  private line = '';

  constructor(
    { username, password }: Credentials,
    private readonly listener: IntroductionListener,
  ) {
    const auth = ['AUTH', ...(username === undefined ? [] : [username]), password ?? ''];
    // The master need not keep for us what comes after the snapshot. One that does not know this says so.
    const rdbOnly = ['REPLCONF', 'rdb-only', '1'];
    this.isAuthDue = password !== undefined;
    this.commands = this.isAuthDue ? [auth, rdbOnly] : [rdbOnly];
    this.repliesDue = this.commands.length;
  }

  get isOver(): boolean {
    return this.repliesDue === 0;
  }

  push(chunk: Buffer): void {
    this.line += chunk.latin1Slice();
    for (let end = this.line.indexOf('\n'); end >= 0; end = this.line.indexOf('\n')) {
      const reply = this.line.slice(0, end).replace('\r', '');
      this.line = this.line.slice(end + 1);
      if (this.isAuthDue && reply.startsWith('-')) {
        this.listener.onRefused(reply.slice(1));
        return;
      }
      this.isAuthDue = false;
      this.repliesDue--;
    }
    if (this.isOver) this.listener.onAccepted();
  }
}

/** A disk operation as a promise. @throws ClusterManagerError with the system's reason */
function fileOperation<Result = undefined>(
  path: string,
  start: (done: (error: NodeJS.ErrnoException | null, result?: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error === null) resolve(result as Result);
      else
        reject(
          new ClusterManagerError(
            `Error writing '${bytesFromText(path)}': ${systemErrorText(error)}`,
            'errors',
          ),
        );
    });
  });
}
