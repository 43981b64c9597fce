/**
 * The way from a command line to a running server or sentinel: configuration, going into the background, log,
 * listening, loading, signals, and what is said on the way. What is composed of which parts stands in
 * data-server.ts and sentinel-server.ts.
 *
 * Everything that prevents the start is said where whoever started it looks (standard error, the log, through a
 * background process to its starter) and ends the process with status 1.
 */

import { loadConfig } from '../config/config-file.js';
import type { OtherLines } from '../config/config-file.js';
import { ConfigFileError, ConfigFileUnreadable } from '../config/errors.js';
import { ServerConfig } from '../config/server-config.js';
import { REDIS_VERSION, VEDETTE_VERSION } from '../config/version.js';
import { createLogger } from '../log/logger.js';
import type { ServerLog } from '../log/logger.js';
import type { HostProcess } from '../platform/host-process.js';
import type { Platform } from '../platform/platform.js';
import { textFromBytes } from '../resp/ascii.js';
import { ClusterStartError } from '../cluster/nodes-file/opening.js';
import { AclStartError } from '../server/acl/acl.js';
import { logoLines, usage, versionLine } from './banner.js';
import { reportFatalSignals, reportUnexpectedErrors } from './bug-report.js';
import { parseCommandLine } from './command-line.js';
import type { StartRequest } from './command-line.js';
import { Listeners } from './listeners.js';
import { OomScore } from './oom-score.js';
import { limitClients } from './open-files.js';
import { PidFile } from './pid-file.js';
import { keepTitle } from './process-title.js';
import type { Compose, Role, Service } from './service.js';
import { shutDownOnSignals } from './signals.js';

/** How the two kinds of servers are composed; loaded only when they are wanted. */
export interface Composers {
  readonly server: () => Promise<Compose>;
  readonly sentinel: () => Promise<Compose>;
}

/** Does what the process's command line asks for. */
export function launch(platform: Platform, host: HostProcess, composers: Composers): void {
  const request = parseCommandLine(host.programName, host.args);
  switch (request.kind) {
    case 'version':
      platform.logs
        .standardOutput()
        .write(versionLine(host.programName.includes('sentinel') ? 'sentinel' : 'server'));
      return;
    case 'help':
      platform.logs.standardError().write(usage(host.programName));
      platform.processes.exit(1);
      return;
    case 'unsupported':
      platform.logs.standardError().write(`${request.option} is not supported by ${host.programName}\n`);
      platform.processes.exit(1);
      return;
    case 'start':
      new Launch(platform, host, composers, request).start();
  }
}

class Launch {
  private readonly config: ServerConfig;
  private readonly startDirectory: string;
  private standardInput: Buffer | null = null;
  private log: ServerLog;
  private pidFile: PidFile | null = null;

  constructor(
    private readonly platform: Platform,
    private readonly host: HostProcess,
    private readonly composers: Composers,
    private readonly request: StartRequest,
  ) {
    this.startDirectory = platform.processes.workingDirectory;
    this.config = new ServerConfig(platform.processes, request.mode);
    // Before the configuration is known, what must be said goes where everybody looks.
    this.log = this.createLog();
  }

  start(): void {
    const { request, platform, host, config } = this;
    if (request.readStandardInput) this.standardInput = host.readStandardInput();
    const lines = this.readConfiguration();
    if (lines === null || !this.checkSentinelFile()) return;
    if (config.values.daemonize && host.daemonStarter === null) {
      this.goToBackground();
      return;
    }
    this.log = this.createLog();
    reportUnexpectedErrors(host, this.log, platform.processes);
    this.sayHello(lines);
    const composer = request.mode === 'sentinel' ? this.composers.sentinel : this.composers.server;
    void composer().then((compose) => this.run(compose, lines));
  }

  /** Reads the configuration; null when it was refused, which has been said. */
  private readConfiguration(): OtherLines | null {
    const { request, platform } = this;
    try {
      return loadConfig(this.config, platform.disk, {
        path: request.path === null ? null : platform.disk.absolutePath(request.path),
        standardInput: this.standardInput?.latin1Slice() ?? null,
        options: request.options,
      });
    } catch (error) {
      if (error instanceof ConfigFileError) this.failAtConfiguration(error);
      else if (error instanceof ConfigFileUnreadable) this.fail(error.message);
      else throw error;
      return null;
    }
  }

  /** A sentinel keeps its state in its configuration file and refuses to start without. */
  private checkSentinelFile(): boolean {
    const { filePath } = this.config;
    if (this.request.mode !== 'sentinel') return true;
    if (filePath === null) {
      this.fail('Sentinel needs config file on disk to save state. Exiting...');
      return false;
    }
    if (this.platform.disk.isWritableSync(filePath)) return true;
    this.fail(`Sentinel config file ${filePath} is not writable: Permission denied. Exiting...`);
    return false;
  }

  /** Starts this program again without a terminal, and ends when it says that it runs or why it does not. */
  private goToBackground(): void {
    const { host, platform } = this;
    host.startInBackground(this.startDirectory, this.standardInput, (outcome) => {
      if (outcome.kind === 'failed') platform.logs.standardError().write(outcome.report);
      platform.processes.exit(outcome.kind === 'ready' ? 0 : outcome.exitCode);
    });
  }

  private createLog(): ServerLog {
    const { platform, config } = this;
    const { values } = config;
    return createLogger({
      platform,
      level: values.loglevel,
      // Absolute, so that a later change of directory does not move the log.
      file: values.logfile === '' ? '' : platform.disk.absolutePath(textFromBytes(values.logfile)),
      role: config.mode === 'sentinel' ? 'X' : values.replicaof === null ? 'M' : 'S',
      format: values['log-format'],
    });
  }

  private sayHello(lines: OtherLines): void {
    const { log, request, host, platform, config } = this;
    log.notice('Vedette is starting');
    const { pid } = platform.processes;
    log.notice(
      `Vedette version=${VEDETTE_VERSION}, Redis compatibility=${REDIS_VERSION}, pid=${pid}, just started`,
    );
    if (request.isBare) {
      log.warning(
        'Warning: no config file specified, using the default config. ' +
          `In order to specify a config file use ${host.programName} /path/to/redis.conf`,
      );
    } else {
      log.notice('Configuration loaded');
    }
    for (const warning of lines.warnings) log.warning(warning);
    for (const sentence of config.idleDirectives()) log.warning(sentence);
    limitClients(config, platform.disk, log);
  }

  private run(compose: Compose, lines: OtherLines): void {
    const { platform, config, host, log } = this;
    config.onChange('loglevel', (level) => (log.level = level));
    const oomScore = new OomScore(config, platform.disk, log);
    const onRoleChange = (role: Role): void => {
      log.role = role === 'master' ? 'M' : 'S';
      oomScore.follow(role);
    };
    let service: Service;
    try {
      service = compose({ platform, config, log, lines, onRoleChange });
    } catch (error) {
      if (error instanceof ConfigFileError) this.failAtConfiguration(error);
      else if (error instanceof AclStartError || error instanceof ClusterStartError) this.fail(error.message);
      else throw error;
      return;
    }
    const pidFile = new PidFile(config, platform, log);
    this.pidFile = pidFile;
    pidFile.write();
    keepTitle(host, config, service.runningMode);
    this.showLogo(service.runningMode);
    const listeners = new Listeners(platform.network, config, log, (connection) =>
      service.server.clients.accept(connection),
    );
    service.server.shutdown.exit = () => {
      listeners.close();
      service.release?.();
      pidFile.remove();
      platform.processes.exit(0);
    };
    shutDownOnSignals(service.server.shutdown, config, platform.processes, log);
    reportFatalSignals(service.server, log, platform.processes);
    oomScore.follow(config.values.replicaof === null ? 'master' : 'replica');
    listeners.start((problem) => {
      if (problem !== null) {
        this.fail(problem);
        return;
      }
      host.daemonStarter?.ready();
      this.load(service, listeners);
    });
  }

  private load(service: Service, listeners: Listeners): void {
    if (this.request.mode === 'server') this.log.notice('Server initialized');
    service.start((problem) => {
      if (problem !== null) {
        this.fail(problem);
        return;
      }
      if (this.request.mode === 'server') {
        for (const kind of listeners.kinds) this.log.notice(`Ready to accept connections ${kind}`);
      }
    });
  }

  /** Says in the log why the start is over, and ends the process. */
  private fail(text: string): void {
    this.pidFile?.remove();
    for (const line of text.split('\n')) this.log.warning(line);
    this.host.daemonStarter?.report(`${text}\n`);
    this.platform.processes.exit(1);
  }

  private failAtConfiguration(error: ConfigFileError): void {
    this.platform.logs.standardError().write(error.report());
    this.host.daemonStarter?.report(error.report());
    this.platform.processes.exit(1);
  }

  private showLogo(runningMode: Service['runningMode']): void {
    const { values } = this.config;
    const showsItself = values.logfile === '' && this.host.outputIsTerminal;
    if (!showsItself && !values['always-show-logo']) {
      this.log.notice(`Running mode=${runningMode}, port=${values.port}.`);
      return;
    }
    const { pid } = this.platform.processes;
    for (const line of logoLines({ runningMode, port: values.port, pid })) this.log.notice(line);
  }
}
