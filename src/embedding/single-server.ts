/** A topology of one server. */
import { serverConfiguration } from '../lab/configuration.js';
import { Member } from '../lab/member.js';
import { freePorts, linesOf, requireFreePorts, Topology, type TopologyOptions } from '../lab/topology.js';
import type { Platform } from '../platform/platform.js';

export interface SingleServerOptions extends TopologyOptions {
  /** A free one when absent. */
  readonly port?: number;
}

export class SingleServer extends Topology {
  readonly server: Member;

  constructor(platform: Platform, options: SingleServerOptions, port: number) {
    super(platform, options);
    const { password } = options;
    const place = this.placeOf('server-1', port);
    const configuration = serverConfiguration({
      ...place,
      master: null,
      password,
      directives: [...this.networkDirectives(place.name), ...linesOf(options.serverDirectives, 0)],
    });
    this.server = new Member(platform, {
      ...place,
      role: 'server',
      engine: 'vedette',
      configuration,
      ...(password === undefined ? {} : { password }),
    });
  }

  get members(): readonly Member[] {
    return [this.server];
  }

  protected override openRelays(): Promise<void> {
    return this.relay(this.members);
  }

  protected override async bringUp(leftMs: () => number): Promise<void> {
    await this.server.start(leftMs());
  }
}

/** The port that is asked for, or a free one. @throws LabError PORT_IN_USE */
export async function choosePort(platform: Platform, options: SingleServerOptions): Promise<number> {
  if (options.port === undefined) return (await freePorts(platform, options, 1))[0]!;
  await requireFreePorts(platform, [options.port]);
  return options.port;
}
