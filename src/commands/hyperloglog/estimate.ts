/**
 * The cardinality that registers stand for: the estimator of Otmar Ertl's "New cardinality estimation algorithms for
 * HyperLogLog sketches", which needs no correction for small or large sets.
 */
import { REGISTERS, VALUE_BITS, type Registers } from './encoding.js';

const ALPHA_INFINITY = 0.72134752044448170368;

export function estimate(registers: Registers): number {
  const histogram = new Float64Array(VALUE_BITS + 2);
  for (const value of registers) histogram[Math.min(value, VALUE_BITS + 1)]++;
  let z = REGISTERS * tau((REGISTERS - histogram[VALUE_BITS + 1]) / REGISTERS);
  for (let value = VALUE_BITS; value >= 1; value--) {
    z += histogram[value];
    z *= 0.5;
  }
  z += REGISTERS * sigma(histogram[0] / REGISTERS);
  return Math.round((ALPHA_INFINITY * REGISTERS * REGISTERS) / z);
}

function sigma(x: number): number {
  if (x === 1) return Infinity;
  let power = x;
  let factor = 1;
  let sum = x;
  for (let before = NaN; sum !== before;) {
    power *= power;
    before = sum;
    sum += power * factor;
    factor += factor;
  }
  return sum;
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let root = x;
  let factor = 1;
  let sum = 1 - x;
  for (let before = NaN; sum !== before;) {
    root = Math.sqrt(root);
    before = sum;
    factor *= 0.5;
    sum -= (1 - root) ** 2 * factor;
  }
  return sum / 3;
}
