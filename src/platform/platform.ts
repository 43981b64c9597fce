/**
 * Everything that touches the machine: time, chance, network, disk, processes, memory, log output.
 *
 * Nothing outside `src/platform/` may reach for `Date`, `Math.random`, timers, `node:net`, `node:fs` and the
 * like; it is handed a {@link Platform} when it is made. There are two implementations: `node/` for real
 * processes and `virtual/` with simulated time, which runs the very same code.
 *
 * All interfaces are callback-driven on purpose: with promises, the order in which continuations run would be
 * decided by the microtask queue instead of by the simulator.
 */

/** Reads the time. Both clocks stand still while a simulated step runs. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump. */
  nowMs(): number;
  /** Milliseconds (with fraction) since an arbitrary start; never goes backwards. */
  monotonicMs(): number;
  /** Local time minus UTC at that moment, daylight saving included. For people reading logs, nothing else. */
  utcOffsetMs(atMs: number): number;
}

/** A pending timer. Whoever starts a timer owns it and cancels it when it is closed. */
export interface Timer {
  cancel(): void;
}

export interface Timers {
  /** Calls back once after at least `delayMs`. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back every `intervalMs` (at least 1) until cancelled. Late ticks are not made up for. */
  every(intervalMs: number, callback: () => void): Timer;
  /**
   * Calls back once when the events that are ready now have been handled: the end of this turn of the event
   * loop. This is where a server writes out what the turn produced.
   */
  endOfTurn(callback: () => void): void;
}

export interface Randomness {
  /** A uniformly distributed number in [0, 1). */
  fraction(): number;
  /** A uniformly distributed integer in [0, bound). */
  integer(bound: number): number;
  /** `length` random lower-case hexadecimal characters: run ids, replication ids, node ids. */
  hex(length: number): string;
}

/** Where to listen or connect: TCP or a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * What the owner of a connection wants to hear. One object per connection, not closures: the same handler
 * shape is called for every chunk on the hot path.
 */
export interface ConnectionHandler {
  /** An outgoing connection is established. Never called for accepted ones. */
  onConnect(): void;
  /** Bytes arrived. The buffer is only valid during the call. */
  onData(chunk: Buffer): void;
  /** All buffered output has reached the kernel after `write` had to buffer. */
  onDrain(): void;
  /**
   * The peer will send no more (FIN). The connection is still writable, until its owner closes it. A reset by
   * the peer while input was unread may look the same; writing then fails.
   */
  onEnd(): void;
  /** The connection is gone; called exactly once, also after a failed connect and after `destroy`. */
  onClose(error: Error | null): void;
}

export interface Connection {
  /** The owner sets this before the turn ends in which it got the connection. */
  handler: ConnectionHandler;
  /** Numeric address; of a Unix socket its path (with port 0). Read them while the connection is open. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** True for Unix sockets. */
  readonly isLocalSocket: boolean;
  /** The file descriptor, or -1 where there is none; shown by CLIENT LIST only. */
  readonly descriptor: number;
  /** Bytes given to `write` that the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /**
   * Sends bytes. Ownership of the buffer passes to the connection until `bufferedBytes` is 0 again; when it is
   * 0 right after the call the caller may reuse the buffer at once.
   */
  write(bytes: Buffer): void;
  /** Stops / restarts reading from the peer. */
  pause(): void;
  resume(): void;
  /** On from the start. */
  setNoDelay(enabled: boolean): void;
  /** TCP keepalive; 0 switches it off. */
  setKeepAlive(seconds: number): void;
  /**
   * Sends what is buffered, then closes both directions. From here on (as after `destroy` and `reset`) the
   * owner hears nothing but `onClose`, and `write` does nothing.
   */
  end(): void;
  /** Closes at once and forgets what is buffered. */
  destroy(): void;
  /**
   * Closes at once with a TCP reset, as the death of a process with unread data does. A Unix socket, or a
   * connection not yet established, is just closed.
   */
  reset(): void;
}

export interface Listener {
  /** The address really bound (the port, when 0 was asked for). */
  readonly address: Address;
  close(): void;
}

export interface ListenOptions {
  readonly backlog?: number;
  /** File mode of a Unix socket. */
  readonly mode?: number;
  /** Told when a connection could not be accepted later on, e.g. because descriptors ran out (EMFILE). */
  readonly onAcceptError?: (error: NodeJS.ErrnoException) => void;
}

export interface ConnectOptions {
  /** Local address to bind outgoing connections to. */
  readonly sourceAddress?: string;
}

export interface Network {
  /**
   * Listens for connections. `onReady` is called once, with the error when the address cannot be bound (its
   * `code` is the system's, e.g. EADDRINUSE). An IPv6 address is bound for IPv6 only. The stale file of a Unix
   * socket is replaced; other files are not.
   */
  listen(
    address: Address,
    options: ListenOptions,
    onConnection: (connection: Connection) => void,
    onReady: (error: NodeJS.ErrnoException | null, listener: Listener | null) => void,
  ): void;
  /** Starts connecting. Failure is told through `onClose`. */
  connect(address: Address, options: ConnectOptions, handler: ConnectionHandler): Connection;
  /**
   * Resolves a host name to a numeric address, without blocking. A numeric address is given back as it is. The
   * callback is never called before `resolve` has returned.
   */
  resolve(host: string, callback: (error: Error | null, address: string) => void): void;
}

export interface FileStatus {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly isExecutable: boolean;
}

/** An open file. Operations on one file complete in the order they were asked for. */
export interface FileHandle {
  /**
   * Writes all of the buffer at the current position (always the end, when opened to append); the buffer must
   * stay unchanged until the callback. After an error part of it may be in the file.
   */
  write(bytes: Buffer, callback: (error: NodeJS.ErrnoException | null) => void): void;
  /**
   * Hands all of the buffer to the system before it returns; it is not on disk by that. For a log that must not be
   * behind what is said to clients. May be called while a sync runs, not while a {@link write} does.
   * @throws the error of the system; part of the buffer may then be in the file
   */
  writeSync(bytes: Buffer): void;
  /** Reads up to `maxBytes` from the current position; an empty buffer means the end. */
  read(maxBytes: number, callback: (error: NodeJS.ErrnoException | null, bytes: Buffer) => void): void;
  /** fsync: what was written survives a crash once this has called back without error. */
  sync(callback: (error: NodeJS.ErrnoException | null) => void): void;
  /** Cuts the file; a position beyond the new end moves to it. */
  truncate(sizeBytes: number, callback: (error: NodeJS.ErrnoException | null) => void): void;
  close(callback: (error: NodeJS.ErrnoException | null) => void): void;
}

/** How to open a file: `write` creates or empties it, `append` creates or continues it. */
export type OpenMode = 'read' | 'write' | 'append';

/**
 * Files. The callback forms are for a running server, which must not stand still for a disk; the `Sync` forms
 * are for start-up (before anything is served), for SAVE-like commands that block by contract, and for exits.
 */
export interface Disk {
  open(
    path: string,
    mode: OpenMode,
    callback: (error: NodeJS.ErrnoException | null, file: FileHandle | null) => void,
  ): void;
  readFile(path: string, callback: (error: NodeJS.ErrnoException | null, bytes: Buffer) => void): void;
  rename(from: string, to: string, callback: (error: NodeJS.ErrnoException | null) => void): void;
  unlink(path: string, callback: (error: NodeJS.ErrnoException | null) => void): void;
  /** Makes renames and unlinks in a directory durable. */
  syncDirectory(path: string, callback: (error: NodeJS.ErrnoException | null) => void): void;
  /**
   * Replaces a file so that after a crash at any moment either the old or the new content is there whole:
   * temporary file in the same directory, write, fsync, chmod, rename, fsync of the directory.
   */
  replaceFile(
    path: string,
    bytes: Buffer,
    mode: number,
    callback: (error: NodeJS.ErrnoException | null) => void,
  ): void;

  /** As {@link open}, synchronously: for a file that must be there before anything else happens. */
  openSync(path: string, mode: OpenMode): FileHandle;
  readFileSync(path: string): Buffer;
  /** As {@link replaceFile}, synchronously. */
  replaceFileSync(path: string, bytes: Buffer, mode: number): void;
  /**
   * Puts a finished temporary file of the same directory in the place of another, durably: fsync, rename, fsync
   * of the directory. For what is too large to be given to {@link replaceFileSync} in one piece.
   */
  publishFileSync(temporaryPath: string, path: string): void;
  /** Writes in place, without durability: pid files. */
  writeFileSync(path: string, bytes: Buffer): void;
  appendFileSync(path: string, bytes: Buffer): void;
  unlinkSync(path: string): void;
  renameSync(from: string, to: string): void;
  makeDirectorySync(path: string): void;
  listDirectorySync(path: string): string[];
  /** Removes a directory with everything in it; nothing happens when there is none. */
  removeTreeSync(path: string): void;
  /** Follows symbolic links. Null when there is no such file. */
  statusSync(path: string): FileStatus | null;
  isWritableSync(path: string): boolean;
  /** Absolute form of a path, relative to the working directory. */
  absolutePath(path: string): string;
}

export interface ChildOptions {
  /** Added to this process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** Run in a session of its own and outlive this process. */
  readonly detached?: boolean;
  /**
   * Where standard output and error go; ignored when absent. When it is there, `onExit` comes after the last
   * output.
   */
  readonly onOutput?: (source: 'stdout' | 'stderr', text: string) => void;
  /** Share this process's standard streams. */
  readonly inheritStreams?: boolean;
  /**
   * Standard input is a pipe that {@link ChildProcess.write} fills. It ends when this process ends, in whatever way.
   * Without it standard input is empty.
   */
  readonly openInput?: boolean;
}

export interface ChildProcess {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** To its standard input, which must be open. Dropped when nobody reads there any more. */
  write(text: string): void;
  /** Ends its standard input. */
  endInput(): void;
  /** Lets this process end without waiting for the child. */
  unref(): void;
}

export interface ChildExit {
  /** Exit code, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Processes {
  /** The process this code runs in (a simulated one has a made-up id). */
  readonly pid: number;
  readonly workingDirectory: string;
  changeDirectory(path: string): void;
  /**
   * Starts a program without a shell. `onExit` is called once, later; with an error when it could not be
   * started.
   */
  spawn(
    path: string,
    args: readonly string[],
    options: ChildOptions,
    onExit: (error: Error | null, exit: ChildExit) => void,
  ): ChildProcess | null;
  /** Ends this process (in the simulator: the simulated one). */
  exit(code: number): void;
  /** Subscribes to a signal sent to this process; returns the way to unsubscribe. */
  onSignal(signal: NodeJS.Signals, callback: () => void): () => void;
  /** Blocks the whole event loop: DEBUG SLEEP and the delays that tests ask for. */
  blockingSleep(ms: number): void;
  /** CPU seconds used by this process. */
  cpuSeconds(): { readonly user: number; readonly system: number };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly executablePath: string;
  /** Name, release and processor: `Linux 6.1.0 x86_64`. */
  readonly operatingSystem: string;
}

export interface MemoryReadings {
  /** Resident set size of the process in bytes. */
  residentBytes(): number;
  /** Bytes V8 uses for its heap, and the most it may use before the process dies. */
  heapUsedBytes(): number;
  heapLimitBytes(): number;
  /** Memory of the machine in bytes. */
  machineBytes(): number;
}

/** Where finished log lines go. Lines are written synchronously: people and tests wait for them. */
export interface LogSink {
  /** One line, newline included; like all bytes, one character per byte. */
  write(line: string): void;
}

export interface LogSinks {
  /** The process's standard output. */
  standardOutput(): LogSink;
  standardError(): LogSink;
  /** Appends to a file, which is opened anew for each line so that it may be rotated. */
  file(path: string): LogSink;
}

/** Digests of byte strings. Pure, but Node's implementation is native and fast. */
export interface Hashing {
  /** The SHA-256 of the bytes as 64 lower-case hexadecimal characters: passwords. */
  sha256Hex(bytes: string): string;
  /** The 20 bytes of the SHA-1: comparing datasets, naming scripts. */
  sha1(bytes: string): Buffer;
}

/** The machine, as one object. */
export interface Platform {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Randomness;
  readonly network: Network;
  readonly disk: Disk;
  readonly processes: Processes;
  readonly memory: MemoryReadings;
  readonly logs: LogSinks;
  readonly hash: Hashing;
}
