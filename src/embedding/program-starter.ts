/** The processes of the machine, except that starting a program is somebody else's. */
import type { Processes } from '../platform/platform.js';

export class ProgramStarter implements Processes {
  constructor(
    private readonly base: Processes,
    readonly spawn: Processes['spawn'],
  ) {}

  get pid(): number {
    return this.base.pid;
  }

  get workingDirectory(): string {
    return this.base.workingDirectory;
  }

  get environment(): Processes['environment'] {
    return this.base.environment;
  }

  get executablePath(): string {
    return this.base.executablePath;
  }

  get operatingSystem(): string {
    return this.base.operatingSystem;
  }

  changeDirectory(path: string): void {
    this.base.changeDirectory(path);
  }

  exit(code: number): void {
    this.base.exit(code);
  }

  onSignal(signal: NodeJS.Signals, callback: () => void): () => void {
    return this.base.onSignal(signal, callback);
  }

  blockingSleep(ms: number): void {
    this.base.blockingSleep(ms);
  }

  cpuSeconds(): { readonly user: number; readonly system: number } {
    return this.base.cpuSeconds();
  }
}
