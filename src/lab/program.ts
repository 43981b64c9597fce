/** The `vedette` command: what can be said on its command line. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseAddress, type HostAndPort } from '../client/address.js';
import { VEDETTE_VERSION } from '../config/version.js';
import { SLOT_COUNT } from '../keyspace/key-slot.js';
import type { Platform } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import { bytesFromText } from '../resp/ascii.js';
import { compareOptions, settingsOf, type CompareFlags } from './compare/command.js';
import type { Demonstration } from './demonstration.js';
import { discover, discoverCluster } from './discover.js';
import { LabError } from './errors.js';
import type { Engine } from './programs.js';
import { Screen } from './screen.js';
import { repeatEngine } from './topology.js';
import { demonstrateCluster } from './up-cluster.js';
import { demonstrateSentinel } from './up-sentinel.js';
import { up } from './up.js';

const SENTINEL_PORT = 26379;
const SERVER_PORT = 6379;

interface UpFlags {
  readonly replicas: number;
  readonly port: number;
  readonly dir?: string;
  readonly engine: Engine;
  readonly json?: true;
  readonly exec?: string;
}

interface UpSentinelFlags extends UpFlags {
  readonly sentinels: number;
  readonly downAfter: number;
}

interface UpClusterFlags extends UpFlags {
  readonly masters: number;
  readonly nodeTimeout: number;
}

interface DiscoverFlags {
  readonly sentinel?: readonly HostAndPort[];
  readonly cluster?: readonly HostAndPort[];
  readonly slot?: number;
  readonly key?: string;
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
  const screenFor = (flags: { readonly json?: true }): Screen =>
    new Screen(terminal, platform.clock, flags.json ?? false);
  const program = new Command('vedette')
    .description('Redis-compatible high availability to try out, test against and run')
    .version(VEDETTE_VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(bytesFromText(text)),
      writeErr: (text) => terminal.writeError(bytesFromText(text)),
    });

  const upCommand = program.command('up').description('start a topology of local processes');
  upOptions(
    upCommand
      .command('sentinel')
      .description('a master, replicas and sentinels that fail over')
      .option('--replicas <count>', 'replicas beside the master', countFrom(0), 2)
      .option('--sentinels <count>', 'sentinels', countFrom(1), 3)
      .option(
        '--port <port>',
        "the master's port; replicas follow, sentinels are 20000 above",
        portNumber,
        6379,
      )
      .option('--down-after <ms>', 'without an answer for so long, the master is down', countFrom(1), 1000),
  ).action(async (flags: UpSentinelFlags) => {
    const start = (): Promise<Demonstration> =>
      demonstrateSentinel(platform, {
        ...topologyOptions(flags),
        servers: repeatEngine(flags.engine, flags.replicas + 1),
        sentinels: repeatEngine(flags.engine, flags.sentinels),
        downAfterMs: flags.downAfter,
      });
    status = await up(platform, terminal, screenFor(flags), start, flags.exec);
  });
  upOptions(
    upCommand
      .command('cluster')
      .description('masters that share the slots, with replicas that replace them')
      .option('--masters <count>', 'masters; of fewer than three none may fail', countFrom(1), 3)
      .option('--replicas <count>', 'replicas of each master', countFrom(0), 1)
      .option(
        '--port <port>',
        "the first node's port; the others follow, cluster buses are 10000 above",
        portNumber,
        7000,
      )
      .option(
        '--node-timeout <ms>',
        'without an answer for so long, a node is suspected',
        countFrom(1),
        1000,
      ),
  ).action(async (flags: UpClusterFlags) => {
    const start = (): Promise<Demonstration> =>
      demonstrateCluster(platform, {
        ...topologyOptions(flags),
        masters: repeatEngine(flags.engine, flags.masters),
        replicas: repeatEngine(flags.engine, flags.masters * flags.replicas),
        nodeTimeoutMs: flags.nodeTimeout,
      });
    status = await up(platform, terminal, screenFor(flags), start, flags.exec);
  });

  program
    .command('discover')
    .description('print the current master, or the masters of a cluster, verified by ROLE')
    .option('--sentinel <host:port>', 'a sentinel to ask; may be repeated', addressesWithPort(SENTINEL_PORT))
    .addOption(
      new Option('--cluster <host:port>', 'a node of a cluster to ask; may be repeated')
        .argParser(addressesWithPort(SERVER_PORT))
        .conflicts('sentinel'),
    )
    .addOption(
      new Option('--slot <number>', 'only the master of that slot').argParser(slotNumber).conflicts('key'),
    )
    .option('--key <key>', 'only the master of that key')
    .option('--name <name>', "the master's name", 'mymaster')
    .option('--user <name>', 'user at the master, or at all nodes of a cluster')
    .option('--password <password>', 'the same for the password')
    .option('--sentinel-user <name>', 'user at the sentinels')
    .option('--sentinel-password <password>', 'password at the sentinels')
    .option('--timeout <ms>', 'for each sentinel or node to answer', countFrom(1), 500)
    .option('--watch', 'stay, and print each change')
    .option('--json', 'print JSON, one object a line')
    .action(async (flags: DiscoverFlags, command: Command) => {
      const screen = screenFor(flags);
      const watch = flags.watch ?? false;
      if (flags.cluster !== undefined) {
        const options = {
          nodes: flags.cluster,
          nodeTimeoutMs: flags.timeout,
          ...defined('username', flags.user),
          ...defined('password', flags.password),
        };
        const where = flags.slot ?? flags.key ?? null;
        status = await discoverCluster(platform, screen, options, { where, watch });
        return;
      }
      if (flags.sentinel === undefined) command.error('error: --sentinel or --cluster must be given');
      const options = {
        sentinels: flags.sentinel,
        name: flags.name,
        sentinelTimeoutMs: flags.timeout,
        ...defined('masterUsername', flags.user),
        ...defined('masterPassword', flags.password),
        ...defined('sentinelUsername', flags.sentinelUser),
        ...defined('sentinelPassword', flags.sentinelPassword),
      };
      status = await discover(platform, screen, options, { watch });
    });

  compareOptions(
    program.command('compare').description('what a fault costs with sentinels, and what in a cluster'),
    countFrom,
  ).action(async (flags: CompareFlags) => {
    // Loaded when it is needed: the libraries behind it are nothing for the other commands.
    const { compare, redraw } = await import('./compare/compare.js');
    const screen = screenFor({});
    const outputs = { reportFile: flags.out, resultsFile: flags.json };
    if (flags.from !== undefined) status = redraw(platform, screen, flags.from, outputs);
    else status = await compare(platform, terminal, screen, settingsOf(flags), outputs);
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

/** What every topology can be told on the command line. */
function upOptions(command: Command): Command {
  return command
    .option('--dir <directory>', 'keep configuration, logs and data there')
    .option('--engine <name>', 'vedette, or stock for Redis as it is installed here', engineName, 'vedette')
    .option('--exec <command>', 'run a shell command against it and end with its status')
    .option('--json', 'one JSON object per event');
}

function topologyOptions(flags: UpFlags) {
  return {
    firstPort: flags.port,
    ownSessions: true,
    ...(flags.dir === undefined ? {} : { directory: flags.dir }),
  };
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

function slotNumber(text: string): number {
  const slot = countFrom(0)(text);
  if (slot >= SLOT_COUNT) throw new InvalidArgumentError(`There are ${SLOT_COUNT} slots.`);
  return slot;
}

/** For an option that may be repeated. */
function addressesWithPort(
  defaultPort: number,
): (text: string, earlier?: readonly HostAndPort[]) => readonly HostAndPort[] {
  return (text, earlier = []) => {
    const address = parseAddress(text, defaultPort);
    if (address === null) throw new InvalidArgumentError('It must be host:port.');
    return [...earlier, address];
  };
}
