/**
 * What a topology stands on: a platform on which its members run, inside this process or as processes, with the faults
 * of the links between them, the record of what happens, and whatever must be given back in the end.
 */
import { LabError } from '../lab/errors.js';
import { FaultNetwork } from '../lab/fault-network.js';
import type { Watch } from '../lab/sighting.js';
import type { TopologyOptions } from '../lab/topology.js';
import type { Platform } from '../platform/platform.js';
import { LinkFaults } from './link-faults.js';
import { EmbeddedMachine } from './machine.js';
import type { CommonOptions } from './options.js';
import { ReservedPorts } from './reserved-ports.js';
import { Timeline } from './timeline.js';

/** Where topologies have their files when these are in memory. */
const MEMORY_DIRECTORY = '/vedette';
/** For a socket, for one that closes because of it, and to be sure. */
const TURNS_TO_CLOSE = 3;

export class Ground {
  readonly timeline: Timeline;
  /** What every topology on this ground is started with. */
  readonly topologyOptions: TopologyOptions;
  /** What members run on. */
  readonly platform: Platform;
  private readonly links: LinkFaults | null;
  private readonly ports: ReservedPorts;
  private readonly closeLinks: () => void;
  private watch: Watch | null = null;

  constructor(base: Platform, options: CommonOptions) {
    this.timeline = new Timeline(() => base.clock.nowMs());
    this.ports = new ReservedPorts(base);
    const common: TopologyOptions = {
      ...(options.password === undefined ? {} : { password: options.password }),
      ...(options.startTimeoutMs === undefined ? {} : { startTimeoutMs: options.startTimeoutMs }),
      ...(options.directives === undefined ? {} : { serverDirectives: options.directives }),
      findPorts: (count, companionDistance) => this.ports.take(count, companionDistance),
    };
    const place = options.dir === undefined ? {} : { directory: options.dir };
    if (options.processes === true) {
      // Only Linux has the addresses that tell who opened a connection.
      const network = base.processes.operatingSystem.startsWith('Linux') ? new FaultNetwork(base) : null;
      this.platform = base;
      this.links = network === null ? null : new LinkFaults(network);
      // The topology closes its network itself.
      this.closeLinks = () => undefined;
      this.topologyOptions = { ...common, ...place, ...(network === null ? {} : { network }) };
    } else {
      const machine = new EmbeddedMachine(base, {
        hasFiles: options.dir !== undefined,
        onLogLine: (member, line) => writeLog(base, options.log, member, line),
        onFailoverEvent: (member, event) => this.timeline.failover(member, event),
      });
      this.platform = machine;
      this.links = new LinkFaults(machine.links);
      this.closeLinks = () => machine.links.close();
      this.topologyOptions = { directory: MEMORY_DIRECTORY, ...common, ...place };
    }
  }

  /** @throws LabError NOT_SUPPORTED where links cannot be cut */
  faults(): LinkFaults {
    if (this.links !== null) return this.links;
    throw new LabError('NOT_SUPPORTED', 'Links between processes can be cut on Linux only');
  }

  /** Without a word in the timeline. */
  healQuietly(): void {
    this.links?.heal();
  }

  /** What members that are processes of their own let others see goes into the timeline. */
  listenTo(watch: Watch): void {
    this.watch = watch;
    watch.on('sighting', (sighting) => this.timeline.sighting(sighting));
    watch.start();
  }

  /** Resolves when what was given back is gone. */
  async close(): Promise<void> {
    this.watch?.stop();
    this.closeLinks();
    this.ports.release();
    // The system closes sockets at the end of the turn in which it is asked to.
    for (let turn = 0; turn < TURNS_TO_CLOSE; turn++) {
      await new Promise<void>((resolve) => this.platform.timers.endOfTurn(resolve));
    }
  }
}

function writeLog(base: Platform, log: CommonOptions['log'], member: string, line: string): void {
  if (log === undefined || log === false) return;
  if (log === true) base.logs.standardError().write(`${member} ${line}`);
  else log(Buffer.from(line, 'latin1').toString('utf8').trimEnd(), member);
}
