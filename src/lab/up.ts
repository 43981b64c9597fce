/**
 * `vedette up`: a topology to play with. On a terminal it shows what happens and takes keys; without one it runs until
 * it is asked to end; with --exec it runs a command against the topology and ends with its status.
 */
import type { Platform } from '../platform/platform.js';
import type { Terminal } from '../platform/terminal.js';
import type { Demonstration } from './demonstration.js';
import { runCommand } from './run-command.js';
import type { Screen } from './screen.js';
import { untilAskedToEnd } from './signals.js';
import { Story } from './story.js';
import { TopologyKeys } from './topology-keys.js';

/**
 * @param start starts the topology; only this closes it
 * @param command for the shell, to be run against the topology
 * @returns the exit status: of the command, if one was given
 */
export async function up(
  platform: Platform,
  terminal: Terminal,
  screen: Screen,
  start: () => Promise<Demonstration>,
  command: string | undefined,
): Promise<number> {
  const startMs = platform.clock.monotonicMs();
  // A topology that is still coming up is waited for and then closed, so that nothing of it stays behind.
  const askedToEnd = untilAskedToEnd(platform);
  let mustEnd = false;
  void askedToEnd.then(() => (mustEnd = true));
  const demonstration = await start();
  const tookMs = Math.round(platform.clock.monotonicMs() - startMs);
  try {
    if (mustEnd) return 1;
    if (command !== undefined) return await runCommand(platform, command, demonstration.environment());
    return await show(platform, terminal, screen, demonstration, tookMs, askedToEnd);
  } finally {
    await demonstration.topology.close();
  }
}

async function show(
  platform: Platform,
  terminal: Terminal,
  screen: Screen,
  demonstration: Demonstration,
  tookMs: number,
  askedToEnd: Promise<void>,
): Promise<number> {
  const { topology, watch } = demonstration;
  const story = new Story(platform, screen);
  watch.on('sighting', (sighting) => story.tell(sighting));
  for (const member of topology.members) {
    member.on('exit', ({ code, signal }) => {
      const how = signal === null ? ` with status ${code}` : ` by ${signal}`;
      story.fault(member, 'exit', `process ended${how}`);
    });
  }
  const hasKeys = terminal.isInputTerminal && terminal.isOutputTerminal && !screen.isJson;
  watch.start();
  await demonstration.inPlace();
  introduce(screen, demonstration, tookMs, hasKeys);
  const keys = hasKeys ? new TopologyKeys(terminal, screen, demonstration, story) : null;
  await Promise.race([askedToEnd, ...(keys === null ? [] : [keys.untilQuit()])]);
  keys?.stop();
  watch.stop();
  for (const member of topology.members) member.removeAllListeners('exit');
  return 0;
}

function introduce(screen: Screen, demonstration: Demonstration, tookMs: number, hasKeys: boolean): void {
  if (screen.isJson) {
    const { directory } = demonstration.topology;
    screen.json({ event: 'ready', tookMs, ...demonstration.readyFields(), directory });
    return;
  }
  const { bold, dim } = screen.colors;
  screen.line(bold(`Ready in ${tookMs} ms: ${demonstration.summary()}`));
  screen.line();
  demonstration.introduce(screen);
  if (hasKeys) {
    screen.line();
    screen.line(dim('  k kill a master   p pause or resume it   r restart what is down   s status   q quit'));
  }
  screen.line();
}
