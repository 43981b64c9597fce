/** Redis's log levels, from the most talkative on. `nothing` silences the log. */

export type LineLevel = 'debug' | 'verbose' | 'notice' | 'warning';
export type LogLevel = LineLevel | 'nothing';

/** pino wants numbers, for comparison only; they appear nowhere. */
export const LEVEL_NUMBERS: Readonly<Record<LineLevel, number>> = {
  debug: 10,
  verbose: 20,
  notice: 30,
  warning: 40,
};

/** The character that stands for each level in a line of Redis's own format. */
const LEVEL_CHARACTERS: ReadonlyMap<number, string> = new Map([
  [LEVEL_NUMBERS.debug, '.'],
  [LEVEL_NUMBERS.verbose, '-'],
  [LEVEL_NUMBERS.notice, '*'],
  [LEVEL_NUMBERS.warning, '#'],
]);

export function levelCharacter(levelNumber: number): string {
  const character = LEVEL_CHARACTERS.get(levelNumber);
  if (character === undefined) throw new RangeError(`no such log level: ${levelNumber}`);
  return character;
}
