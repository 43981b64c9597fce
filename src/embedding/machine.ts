/**
 * The platform on which topologies run inside this process: starting one of our programs makes a process within this
 * one, and files are in memory unless real ones are asked for. What the lab does with it is what it does with processes.
 *
 * The observer, who stands outside of all faults, is the machine itself: its connections are never cut or slowed.
 */
import type { FailoverEvent } from '../failover/events.js';
import { launch } from '../launch/launch.js';
import type { Compose, Ingredients, Service } from '../launch/service.js';
import {
  createMemoryDisk,
  EmbeddedLinks,
  EmbeddedProcess,
  ObserverNetwork,
} from '../platform/embedded/index.js';
import type { HostProcess } from '../platform/host-process.js';
import type {
  ChildExit,
  ChildOptions,
  ChildProcess,
  Disk,
  Network,
  Platform,
  Processes,
} from '../platform/platform.js';
import type { FileSystem } from '../platform/virtual/index.js';
import { ProgramStarter } from './program-starter.js';

export interface MachineOptions {
  /** Real files, instead of files in memory. */
  readonly hasFiles: boolean;
  /** Every line of every log. */
  readonly onLogLine: (member: string, line: string) => void;
  readonly onFailoverEvent: (member: string, event: FailoverEvent) => void;
}

interface FailoverEvents {
  on(event: 'failover', listener: (event: FailoverEvent) => void): unknown;
}

export class EmbeddedMachine implements Platform {
  readonly clock: Platform['clock'];
  readonly timers: Platform['timers'];
  readonly random: Platform['random'];
  readonly memory: Platform['memory'];
  readonly logs: Platform['logs'];
  readonly hash: Platform['hash'];
  readonly network: Network;
  readonly disk: Disk;
  readonly processes: Processes;
  readonly links: EmbeddedLinks;
  private readonly fileSystem: FileSystem | null;

  constructor(
    private readonly base: Platform,
    private readonly options: MachineOptions,
  ) {
    this.clock = base.clock;
    this.timers = base.timers;
    this.random = base.random;
    this.memory = base.memory;
    this.logs = base.logs;
    this.hash = base.hash;
    this.links = new EmbeddedLinks(base);
    this.network = new ObserverNetwork(base.network, this.links);
    const inMemory = options.hasFiles ? null : createMemoryDisk(base);
    this.fileSystem = inMemory?.fileSystem ?? null;
    this.disk = inMemory?.disk ?? base.disk;
    this.processes = new ProgramStarter(base.processes, (...request) => this.start(...request));
  }

  private start(
    program: string,
    args: readonly string[],
    options: ChildOptions,
    onExit: (error: Error | null, exit: ChildExit) => void,
  ): ChildProcess | null {
    const programName = lastPart(program);
    if (programName !== 'vedette-server' && programName !== 'vedette-sentinel') return null;
    const directory = options.workingDirectory ?? this.base.processes.workingDirectory;
    const name = lastPart(directory);
    const process = new EmbeddedProcess(this.base, {
      name,
      links: this.links,
      fileSystem: this.fileSystem,
      workingDirectory: directory,
      onOutput: (line, destination) => {
        if (destination === 'stderr') options.onOutput?.('stderr', line);
        else this.options.onLogLine(name, line);
      },
      onExit: (exit) => onExit(null, exit),
    });
    launch(process, hostOf(programName, args), {
      server: async () => {
        const { composeDataServer } = await import('../launch/data-server.js');
        return this.observed(name, composeDataServer, ({ cluster }) => cluster?.events);
      },
      sentinel: async () => {
        const { composeSentinelServer } = await import('../launch/sentinel-server.js');
        return this.observed(name, composeSentinelServer, ({ sentinel }) => sentinel.events);
      },
    });
    return {
      pid: process.processes.pid,
      kill: (signal) => process.signal(signal),
      write: () => undefined,
      endInput: () => undefined,
      unref: () => undefined,
    };
  }

  /** Composes as it is told, and listens to what the composed service says of failovers. */
  private observed<Composed extends Service>(
    name: string,
    compose: (ingredients: Ingredients) => Composed,
    eventsOf: (service: Composed) => FailoverEvents | undefined,
  ): Compose {
    return (ingredients) => {
      const service = compose(ingredients);
      eventsOf(service)?.on('failover', (event) => this.options.onFailoverEvent(name, event));
      return service;
    };
  }
}

/** What an executable finds around it, as far as there is any here: nothing of this process is its own. */
function hostOf(programName: string, args: readonly string[]): HostProcess {
  return {
    programName,
    args: [...args],
    outputIsTerminal: false,
    daemonStarter: null,
    readStandardInput: () => Buffer.alloc(0),
    setTitle: () => undefined,
    onUnexpectedError: () => undefined,
    startInBackground: (_directory, _input, callback) =>
      callback({
        kind: 'failed',
        report: 'It runs within another process: daemonize is not possible.\n',
        exitCode: 1,
      }),
  };
}

function lastPart(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}
