/** The `vedette` command: what can be said on its command line. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { parseAddress, type HostAndPort } from '../client/address.js';
import { VEDETTE_VERSION } from '../config/version.js';
import type { Platform } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import { bytesFromText } from '../resp/ascii.js';
import { discover } from './discover.js';
import { LabError } from './errors.js';
import type { Engine } from './programs.js';
import { Screen } from './screen.js';
import { upSentinel } from './up-sentinel.js';

const SENTINEL_PORT = 26379;

interface UpSentinelFlags {
  readonly replicas: number;
  readonly sentinels: number;
  readonly port: number;
  readonly dir?: string;
  readonly downAfter: number;
  readonly engine: Engine;
  readonly json?: true;
  readonly exec?: string;
}

interface DiscoverFlags {
  readonly sentinel: readonly HostAndPort[];
  readonly name: string;
  readonly user?: string;
  readonly password?: string;
  readonly sentinelUser?: string;
  readonly sentinelPassword?: string;
  readonly timeout: number;
  readonly watch?: true;
  readonly json?: true;
}

/** Runs `vedette` with the words after its name; resolves to the exit status. */
export async function runVedette(
  platform: Platform,
  terminal: Terminal,
  args: readonly string[],
): Promise<number> {
  let status = 0;
  const program = new Command('vedette')
    .description('Redis-compatible high availability to try out, test against and run')
    .version(VEDETTE_VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(bytesFromText(text)),
      writeErr: (text) => terminal.writeError(bytesFromText(text)),
    });

  const up = program.command('up').description('start a topology of local processes');
  up.command('sentinel')
    .description('a master, replicas and sentinels that fail over')
    .option('--replicas <count>', 'replicas beside the master', countFrom(0), 2)
    .option('--sentinels <count>', 'sentinels', countFrom(1), 3)
    .option(
      '--port <port>',
      "the master's port; replicas follow, sentinels are 20000 above",
      portNumber,
      6379,
    )
    .option('--dir <directory>', 'keep configuration, logs and data there')
    .option('--down-after <ms>', 'without an answer for so long, the master is down', countFrom(1), 1000)
    .option('--engine <name>', 'vedette, or stock for redis-server and redis-sentinel', engineName, 'vedette')
    .option('--exec <command>', 'run a shell command against it and end with its status')
    .option('--json', 'one JSON object per event')
    .action(async (flags: UpSentinelFlags) => {
      status = await upSentinel(
        platform,
        terminal,
        new Screen(terminal, platform.clock, flags.json ?? false),
        {
          servers: repeat(flags.engine, flags.replicas + 1),
          sentinels: repeat(flags.engine, flags.sentinels),
          firstPort: flags.port,
          downAfterMs: flags.downAfter,
          command: flags.exec,
          ownSessions: true,
          ...(flags.dir === undefined ? {} : { directory: flags.dir }),
        },
      );
    });

  program
    .command('discover')
    .description('print the current master, verified by its ROLE')
    .requiredOption('--sentinel <host:port>', 'a sentinel to ask; may be repeated', sentinelAddresses)
    .option('--name <name>', "the master's name", 'mymaster')
    .option('--user <name>', 'user at the master')
    .option('--password <password>', 'password at the master')
    .option('--sentinel-user <name>', 'user at the sentinels')
    .option('--sentinel-password <password>', 'password at the sentinels')
    .option('--timeout <ms>', 'for each sentinel to answer', countFrom(1), 500)
    .option('--watch', 'stay, and print each change')
    .option('--json', 'print JSON, one object a line')
    .action(async (flags: DiscoverFlags) => {
      status = await discover(platform, new Screen(terminal, platform.clock, flags.json ?? false), {
        sentinels: flags.sentinel,
        name: flags.name,
        sentinelTimeoutMs: flags.timeout,
        watch: flags.watch ?? false,
        ...defined('masterUsername', flags.user),
        ...defined('masterPassword', flags.password),
        ...defined('sentinelUsername', flags.sentinelUser),
        ...defined('sentinelPassword', flags.sentinelPassword),
      });
    });

  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    // Commander has printed what it has to say; with help or the version its status is 0.
    if (error instanceof CommanderError) return error.exitCode;
    if (!(error instanceof LabError) && !(error instanceof RangeError)) throw error;
    terminal.writeError(bytesFromText(`vedette: ${error.message}\n`));
    return 1;
  }
}

function repeat(engine: Engine, count: number): Engine[] {
  return Array.from({ length: count }, () => engine);
}

function defined<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}

function countFrom(least: number): (text: string) => number {
  return (text) => {
    const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : NaN;
    if (!(count >= least)) throw new InvalidArgumentError(`It must be a number from ${least} on.`);
    return count;
  };
}

function portNumber(text: string): number {
  const port = countFrom(1)(text);
  if (port > 65535) throw new InvalidArgumentError('There are 65535 ports.');
  return port;
}

function engineName(text: string): Engine {
  if (text === 'vedette' || text === 'stock') return text;
  throw new InvalidArgumentError('It is vedette or stock.');
}

function sentinelAddresses(text: string, earlier: readonly HostAndPort[] = []): readonly HostAndPort[] {
  const address = parseAddress(text, SENTINEL_PORT);
  if (address === null) throw new InvalidArgumentError('It must be host:port.');
  return [...earlier, address];
}
