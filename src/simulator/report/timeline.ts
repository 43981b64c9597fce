/** What happened in a run, a line each, for people: faults, steps of failovers, starts and ends, violations. */
import type { FailoverEvent } from '../../failover/events.js';
import type { Ending, Scene } from '../run/scene.js';

export interface TimelineEntry {
  readonly atMs: number;
  /** A member; empty for what the simulator does. */
  readonly who: string;
  /** Another member that it is about; empty for none. */
  readonly whom: string;
  readonly text: string;
}

const ENDINGS: Readonly<Record<Ending, string>> = {
  kill: 'is killed',
  'power-loss': 'loses power',
  exit: 'ends itself',
};

export function recordTimeline(scene: Scene): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  const add = (who: string, text: string, whom = ''): void => {
    entries.push({ atMs: scene.nowMs, who, whom, text });
  };
  scene.on('noted', (text) => add('', text));
  scene.on('composed', ({ name }) => add(name, 'starts'));
  scene.on('ending', ({ name }, how) => add(name, ENDINGS[how]));
  scene.on('told', ({ name }, event) => {
    const peer = 'peer' in event && event.peer !== null ? scene.world.nameOf(event.peer.host) : '';
    const master = 'master' in event ? scene.world.nameOf(event.master.host) : '';
    add(name, describeEvent(event), peer === '' ? master : peer);
  });
  return entries;
}

/** The events' own words, with what matters of their details. */
function describeEvent(event: FailoverEvent): string {
  switch (event.kind) {
    case 'vote-cast':
      return `votes for ${event.candidate.slice(0, 8)} in epoch ${event.votedEpoch}`;
    case 'vote-received':
      return `has the vote of ${event.voter.slice(0, 8)} for ${event.candidate.slice(0, 8)} in epoch ${event.votedEpoch}`;
    case 'elected':
      return `is elected in epoch ${event.electedEpoch}${event.forced ? ' (forced)' : ''}`;
    case 'confirmed':
      return `confirms the failure (${event.agreeing}/${event.quorum})`;
    case 'switched':
      return `switches to ${event.to.host} with configuration ${event.configEpoch}`;
    case 'aborted':
      return `aborts: ${event.reason.cause}${'why' in event.reason ? ` (${event.reason.why})` : ''}`;
    case 'held-back':
      return `holds back: ${event.reason.cause}`;
    case 'stage-entered':
    case 'reconfiguration':
      return `${event.kind} ${event.stage}`;
    case 'suspected':
    case 'cleared':
    case 'lapsed':
    case 'epoch-advanced':
    case 'delayed':
    case 'attempt-started':
    case 'replica-chosen':
    case 'promoted':
    case 'ended':
    case 'configuration-adopted':
      return event.kind === 'epoch-advanced' ? `is in epoch ${event.epoch}` : event.kind;
  }
}

/** `   12.345 s  sentinel-1  is elected in epoch 3  (server-1)` */
export function timelineLine({ atMs, who, whom, text }: TimelineEntry): string {
  const time = (atMs / 1000).toFixed(3).padStart(9);
  return `${time} s  ${(who === '' ? '***' : who).padEnd(11)} ${text}${whom === '' ? '' : `  (${whom})`}`;
}

/** As a Mermaid sequence diagram. */
export function mermaid(entries: readonly TimelineEntry[]): string {
  const participants = [...new Set(entries.flatMap(({ who, whom }) => [who, whom]))].filter(
    (name) => name !== '',
  );
  const lines = ['sequenceDiagram', ...participants.map((name) => `  participant ${name}`)];
  const [first, last] = [participants[0], participants.at(-1)];
  for (const { atMs, who, whom, text } of entries) {
    const label = `${(atMs / 1000).toFixed(3)} ${text.replaceAll(/[;:#]/g, ' ')}`;
    if (who === '') lines.push(`  Note over ${first},${last}: ${label}`);
    else if (whom === '' || whom === who) lines.push(`  Note over ${who}: ${label}`);
    else lines.push(`  ${who}->>${whom}: ${label}`);
  }
  return `${lines.join('\n')}\n`;
}
