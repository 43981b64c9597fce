/** Figures of several trials. */

/** Null of nothing. */
export function median(numbers: readonly number[]): number | null {
  if (numbers.length === 0) return null;
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

export function worst(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((greatest, each) => Math.max(greatest, each));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** To a tenth: clocks of different processes do not tell more. */
export function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
