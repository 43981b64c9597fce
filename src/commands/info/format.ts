/** How INFO writes amounts for people. */

const UNITS = ['B', 'K', 'M', 'G', 'T', 'P'] as const;

/** `1017.78K`: bytes below a kibibyte as they are, everything else with two decimals. */
export function humanBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  return unit === 0 ? `${Math.round(amount)}B` : `${amount.toFixed(2)}${UNITS[unit]}`;
}

/** A share as a percentage with two decimals; 0 of nothing. */
export function percentage(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(2)}%`;
}

/** A quotient with two decimals; 0 when there is nothing to divide by. */
export function ratio(dividend: number, divisor: number): string {
  return (divisor === 0 ? 0 : dividend / divisor).toFixed(2);
}
