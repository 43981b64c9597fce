/** The executable's side of a Node process. */

import { spawn } from 'node:child_process';
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import type { DaemonOutcome, DaemonStarter, HostProcess } from '../host-process.js';

/** Names the descriptor on which a background process tells its starter how it went. */
const CHANNEL_VARIABLE = 'VEDETTE_STARTER_CHANNEL';
const CHANNEL_DESCRIPTOR = 3;
/** Ends what is told; no report contains it. */
const READY_MARK = '\0ready';

export function createHostProcess(): HostProcess {
  return new NodeHostProcess();
}

class NodeHostProcess implements HostProcess {
  readonly programName = basename(process.argv[1] ?? '');
  readonly args = process.argv.slice(2);
  readonly outputIsTerminal = process.stdout.isTTY;
  readonly daemonStarter = takeDaemonStarter();

  readStandardInput(): Buffer {
    return readFileSync(0);
  }

  setTitle(title: string): void {
    process.title = title;
  }

  onUnexpectedError(callback: (error: unknown) => void): void {
    // A promise that was rejected and not caught comes here as well.
    process.on('uncaughtException', callback);
  }

  startInBackground(
    workingDirectory: string,
    standardInput: Buffer | null,
    callback: (outcome: DaemonOutcome) => void,
  ): void {
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      cwd: workingDirectory,
      env: { ...process.env, [CHANNEL_VARIABLE]: String(CHANNEL_DESCRIPTOR) },
      detached: true,
      stdio: [standardInput === null ? 'ignore' : 'pipe', 'ignore', 'ignore', 'pipe'],
    });
    child.stdin?.on('error', () => undefined).end(standardInput ?? undefined);
    let told = '';
    child.stdio[CHANNEL_DESCRIPTOR]?.on('data', (chunk: Buffer) => {
      told += chunk.toString('utf8');
      if (!told.endsWith(READY_MARK)) return;
      child.removeAllListeners();
      child.unref();
      callback({ kind: 'ready' });
    });
    child.once('error', (error) => callback({ kind: 'failed', report: `${error.message}\n`, exitCode: 1 }));
    child.once('close', (code) => callback({ kind: 'failed', report: told, exitCode: code ?? 1 }));
  }
}

/** The starter, once: programs that this process starts must not take it for theirs. */
function takeDaemonStarter(): DaemonStarter | null {
  const isBackground = process.env[CHANNEL_VARIABLE] !== undefined;
  delete process.env[CHANNEL_VARIABLE];
  return isBackground ? new ChannelToStarter() : null;
}

class ChannelToStarter implements DaemonStarter {
  private isOpen = true;

  report(text: string): void {
    this.write(text);
  }

  ready(): void {
    this.write(READY_MARK);
    if (this.isOpen) closeSync(CHANNEL_DESCRIPTOR);
    this.isOpen = false;
  }

  private write(text: string): void {
    if (!this.isOpen) return;
    try {
      writeSync(CHANNEL_DESCRIPTOR, text);
    } catch {
      // Whoever started this process did not wait to hear of it.
    }
  }
}
