/**
 * The steps of a cluster's failover in the log of a node, which is the only place where a stock node tells them. Ours
 * writes the same lines.
 */

/** The steps that are told, in their usual order. */
export type ClusterEvent =
  | 'fail'
  | 'state-fail'
  | 'manual-failover'
  | 'election-scheduled'
  | 'election-held-back'
  | 'election-started'
  | 'vote'
  | 'vote-denied'
  | 'promoted'
  | 'state-ok'
  | 'follows'
  | 'recovered';

export interface ClusterLogEntry {
  readonly timeMs: number;
  readonly event: ClusterEvent;
  readonly detail: string;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const LINE = /^\d+:[A-Z] (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2})\.(\d{3}) [.\-*#] (.*)$/;

/** Later versions put a node's own name in parentheses behind its id. */
const STEPS: readonly (readonly [ClusterEvent, RegExp])[] = [
  ['fail', /^Marking node ([0-9a-z]{40})(?: \(.*\))? as failing/],
  ['fail', /^FAIL message received from [0-9a-z]{40}(?: \(.*?\))? about ([0-9a-z]{40})/],
  ['state-fail', /^Cluster state changed: fail()/],
  ['state-ok', /^Cluster state changed: ok()/],
  ['manual-failover', /^Manual failover (?:user request accepted|requested by replica)()/],
  ['manual-failover', /^(?:Forced|Taking over the master \(user request\)).*failover()/],
  ['election-scheduled', /^Start of election delayed for (\d+ milliseconds \(rank #\d+)/],
  ['election-held-back', /^Currently unable to failover: (.*)$/],
  ['election-started', /^Starting a failover election for (epoch \d+)/],
  ['vote', /^Failover auth granted to ([0-9a-z]{40})/],
  ['vote-denied', /^Failover auth denied to ([0-9a-z]{40}.*)$/],
  ['promoted', /^Failover election won: I'm the new master()/],
  [
    'follows',
    /^Configuration change detected\. Reconfiguring myself as a replica of (?:node )?([0-9a-z]{40})/,
  ],
  ['recovered', /^Clear FAIL state for node ([0-9a-z]{40})/],
];

/**
 * @param localOffsetMs local time, in which logs are written, minus UTC
 * @param nameOf what to call the node with that id
 * @returns null for a line that tells nothing of a failover
 */
export function readClusterLogLine(
  line: string,
  localOffsetMs: number,
  nameOf: (id: string) => string,
): ClusterLogEntry | null {
  const parts = LINE.exec(line);
  if (parts === null) return null;
  const text = parts[8]!;
  for (const [event, pattern] of STEPS) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const detail = match[1]!.replace(/[0-9a-z]{40}/, nameOf).replace(/ \(rank/, ', rank');
    return { timeMs: localTimeMs(parts) - localOffsetMs, event, detail };
  }
  return null;
}

function localTimeMs([, day, month, year, hour, minute, second, millisecond]: readonly string[]): number {
  const numbers = [hour, minute, second, millisecond].map(Number) as [number, number, number, number];
  return Date.UTC(Number(year), MONTHS.indexOf(month!), Number(day), ...numbers);
}
