/** The keys of `vedette up`: faults on demand. */
import { formatAddress } from '../client/address.js';
import type { Terminal } from '../platform/terminal.js';
import type { Demonstration } from './demonstration.js';
import type { Member } from './member.js';
import { nameOfEngine } from './programs.js';
import type { Screen } from './screen.js';
import type { Story } from './story.js';

const CTRL_C = '\x03';
const CTRL_D = '\x04';

export class TopologyKeys {
  private readonly stopListening: () => void;
  private quit: () => void = () => undefined;
  /** Keys act one after another. */
  private busy: Promise<void> = Promise.resolve();

  constructor(
    terminal: Terminal,
    private readonly screen: Screen,
    private readonly demonstration: Demonstration,
    private readonly story: Story,
  ) {
    this.stopListening = terminal.onKey((key) => {
      this.busy = this.busy
        .then(() => this.pressed(key))
        .catch((error: Error) => screen.line(screen.colors.red(error.message)));
    });
  }

  untilQuit(): Promise<void> {
    return new Promise((resolve) => (this.quit = resolve));
  }

  stop(): void {
    this.stopListening();
  }

  private async pressed(key: string): Promise<void> {
    switch (key) {
      case 'k':
        return this.killMaster();
      case 'p':
        return this.pauseOrResume();
      case 'r':
        return this.restartDown();
      case 's':
        return this.printStatus();
      case 'q':
      case CTRL_C:
      case CTRL_D:
        return this.quit();
    }
  }

  private async killMaster(): Promise<void> {
    const master = await this.demonstration.masterToFault();
    if (master === null) this.screen.line('There is no master to kill now.');
    else await master.kill();
  }

  private async pauseOrResume(): Promise<void> {
    const paused = this.members.filter((member) => member.state === 'paused');
    if (paused.length > 0) {
      for (const member of paused) {
        member.resume();
        this.story.fault(member, 'resumed', '');
      }
      return;
    }
    const master = await this.demonstration.masterToFault();
    if (master === null) {
      this.screen.line('There is no master to pause now.');
      return;
    }
    master.pause();
    this.story.fault(master, 'paused', '');
  }

  private async restartDown(): Promise<void> {
    const down = this.members.filter((member) => member.state === 'down');
    if (down.length === 0) this.screen.line('Nothing is down.');
    for (const member of down) {
      await member.restart();
      this.story.fault(member, 'restarted', `process ${member.pid}`);
    }
  }

  private async printStatus(): Promise<void> {
    const lines = await Promise.all(this.members.map((member) => this.statusOf(member)));
    this.screen.line();
    for (const line of lines) this.screen.line(`  ${line}`);
    this.screen.line();
  }

  private async statusOf(member: Member): Promise<string> {
    const process = member.pid === null ? '' : `process ${member.pid}`;
    const doing = member.state === 'running' ? await this.roleOf(member) : member.state;
    const columns = [
      member.name.padEnd(10),
      nameOfEngine(member.engine).padEnd(8),
      formatAddress(member.address).padEnd(16),
      process.padEnd(15),
      doing,
    ];
    return columns.join('  ').trimEnd();
  }

  private async roleOf(member: Member): Promise<string> {
    const { green } = this.screen.colors;
    try {
      const role = await this.demonstration.roleOf(member);
      return role.startsWith('master') ? green(role) : role;
    } catch (error) {
      return (error as Error).message;
    }
  }

  private get members(): readonly Member[] {
    return this.demonstration.topology.members;
  }
}
