/** The story of a failover, a line for each thing that happens, with the time since the last fault. */
import { formatAddress } from '../client/address.js';
import type { Platform } from '../platform/platform.js';
import type { Member } from './member.js';
import type { Screen } from './screen.js';
import type { Sighting } from './sighting.js';

const GOOD_EVENTS: ReadonlySet<string> = new Set([
  ...['+switch-master', '+promoted-slave', 'master'],
  ...['promoted', 'state-ok', 'recovered'],
]);
const BAD_EVENTS: ReadonlySet<string> = new Set([
  ...['+sdown', '+odown', 'lost', 'exit'],
  ...['pfail', 'fail', 'state-fail'],
]);
const FAILED_ATTEMPT = /^-failover-abort|^election-held-back$|^vote-denied$/;

export class Story {
  private faultMs: number | null = null;

  constructor(
    private readonly platform: Platform,
    private readonly screen: Screen,
  ) {}

  /** Something happened to a member: what follows is counted from here. */
  fault(member: Member, event: string, detail: string): void {
    const timeMs = this.platform.clock.nowMs();
    this.faultMs = timeMs;
    this.tell({ timeMs, observer: member.name, event, detail: `${formatAddress(member.address)} ${detail}` });
  }

  tell(sighting: Sighting): void {
    const { screen } = this;
    if (screen.isJson) {
      screen.json(sighting);
      return;
    }
    const { colors } = screen;
    const sinceFault = this.faultMs === null ? '' : `+${Math.round(sighting.timeMs - this.faultMs)} ms`;
    // Everything here belongs to one master: what comes after @ says so once more.
    const detail = sighting.detail.split(' @ ')[0]!;
    const event = colorOf(sighting)(sighting.event.padEnd(34));
    const observer = sighting.observer.padEnd(10);
    screen.line(
      `${colors.dim(screen.timeOfDay(sighting.timeMs))} ${sinceFault.padStart(9)}  ${observer}  ${event} ${detail}`,
    );

    function colorOf({ event: name }: Sighting): (text: string) => string {
      if (GOOD_EVENTS.has(name)) return colors.green;
      if (BAD_EVENTS.has(name)) return colors.red;
      return FAILED_ATTEMPT.test(name) ? colors.yellow : colors.cyan;
    }
  }
}
