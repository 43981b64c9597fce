/** Numbers on the command line, read as C does: what comes after the digits does not matter, and without digits it is 0. */

export function leadingInteger(text: string): number {
  return Number(/^-?[0-9]{1,15}/.exec(text)?.[0] ?? 0);
}

export function leadingFraction(text: string): number {
  return Number.parseFloat(text) || 0;
}

/** A whole word as C's `strtol` takes it: blanks and a sign may come first, and no digits at all are 0. Null: no number. */
export function wholeInteger(text: string): number | null {
  return /^([ \t\n\v\f\r]*[+-]?[0-9]+)?$/.test(text) ? Number(text) : null;
}

/** Whether something can be done so many times. */
export function isRepetition(count: number): boolean {
  return count > 0 && Number.isSafeInteger(count);
}
