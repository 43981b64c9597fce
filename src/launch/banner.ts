/** What the executables say about themselves: version, usage, the lines at start. */

import { REDIS_VERSION, VEDETTE_VERSION } from '../config/version.js';

/** The line of `--version`. Tools that cut Redis's own line apart find `v=` in the same place. */
export function versionLine(mode: 'server' | 'sentinel'): string {
  return `Vedette ${mode} v=${VEDETTE_VERSION} redis=${REDIS_VERSION} malloc=v8 bits=64\n`;
}

/** The text of `--help`. */
export function usage(programName: string): string {
  return programName.includes('sentinel') ? sentinelUsage(programName) : serverUsage(programName);
}

function serverUsage(programName: string): string {
  return `Usage: ${programName} [/path/to/redis.conf] [options] [-]
       ${programName} - (read the configuration from standard input)
       ${programName} -v or --version
       ${programName} -h or --help

An option is any directive of the configuration file, and wins over the file.

Examples:
       ${programName} (run with the default configuration)
       echo 'maxmemory 128mb' | ${programName} -
       ${programName} /etc/vedette/6379.conf
       ${programName} --port 7777
       ${programName} --port 7777 --replicaof 127.0.0.1 8888
       ${programName} /etc/vedette/redis.conf --loglevel verbose -

Sentinel mode:
       ${programName} /etc/vedette/sentinel.conf --sentinel
       vedette-sentinel /etc/vedette/sentinel.conf
`;
}

function sentinelUsage(programName: string): string {
  return `Usage: ${programName} /path/to/sentinel.conf [options]
       ${programName} -v or --version
       ${programName} -h or --help

The file must be writable: the sentinel keeps what it learns in it. An option is any directive of the file, and wins over
it.

Examples:
       ${programName} /etc/vedette/sentinel.conf
       ${programName} /etc/vedette/sentinel.conf --port 26380
`;
}

/** What the logo tells besides looking nice. */
export interface LogoFacts {
  readonly runningMode: 'standalone' | 'sentinel' | 'cluster';
  readonly port: number;
  readonly pid: number;
}

/** A watchtower. Tools wait for the line with ` PID: `. */
export function logoLines({ runningMode, port, pid }: LogoFacts): string[] {
  return [
    '    |>',
    `   _|_       Vedette ${VEDETTE_VERSION} (Redis ${REDIS_VERSION} compatible)`,
    '  |_|_|',
    `   |o|       Running in ${runningMode} mode`,
    `   | |       Port: ${port}`,
    `  _|_|_      PID: ${pid}`,
  ];
}
