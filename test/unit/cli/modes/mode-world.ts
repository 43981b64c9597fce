/** vedette-cli and a scripted server on virtual machines: time passes only as the test lets it. */
import { runCli } from '../../../../src/cli/program.js';
import {
  VirtualWorld,
  type VirtualProcess,
  type WorldOptions,
} from '../../../../src/platform/virtual/index.js';
import { ScriptedTerminal } from '../../../support/scripted-terminal.js';
import { SERVER_PORT, ScriptedProgram, type Answer } from '../../client/scripted-program.js';

export class ModeWorld {
  readonly world: VirtualWorld;
  readonly terminal: ScriptedTerminal;
  readonly cli: VirtualProcess;
  readonly machine: VirtualProcess;
  server: ScriptedProgram;
  /** The exit status, once there is one. */
  status: number | null = null;

  constructor(
    private readonly answer: Answer,
    {
      isForPerson = false,
      input = '',
      ...options
    }: WorldOptions & { isForPerson?: boolean; input?: string } = {},
  ) {
    this.world = new VirtualWorld({ latency: 0, ...options });
    this.terminal = new ScriptedTerminal(false, isForPerson, input);
    this.cli = this.world.createProcess('cli');
    this.machine = this.world.createProcess('server');
    this.server = new ScriptedProgram(this.machine, SERVER_PORT, answer);
  }

  /** Starts vedette-cli with these arguments. */
  start(...args: string[]): this {
    void runCli(this.cli, this.terminal, [
      '-h',
      this.server.address.host,
      '-p',
      String(SERVER_PORT),
      ...args,
    ]).then((status) => (this.status = status));
    return this;
  }

  /** Lets time pass, a little at a time, so that what was promised on the way is kept. */
  async pass(ms: number, stepMs = 1): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      this.world.advance(stepMs);
      await this.settle();
    }
  }

  /** A question and its answer may take no time at all, but each needs its turn. */
  private async settle(): Promise<void> {
    for (let turns = 0; turns < 8; turns++) {
      await new Promise(setImmediate);
      this.world.advance(0);
    }
  }

  /** The server dies; later another one may be started in its place. */
  killServer(): void {
    this.machine.kill();
  }

  restartServer(): void {
    this.server = new ScriptedProgram(this.world.createProcess('server'), SERVER_PORT, this.answer);
  }

  get lines(): string[] {
    return this.terminal.output.split('\n');
  }
}
