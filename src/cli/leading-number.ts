/** Numbers on the command line, read as C does: what comes after the digits does not matter, and without digits it is 0. */

export function leadingInteger(text: string): number {
  return Number(/^-?[0-9]{1,15}/.exec(text)?.[0] ?? 0);
}

export function leadingFraction(text: string): number {
  return Number.parseFloat(text) || 0;
}
