/**
 * What random commands are made of: few keys, so that commands meet each other's values, and arguments that are mostly
 * right, sometimes at the limits, sometimes wrong.
 */
import fc, { type Arbitrary } from 'fast-check';

export type RandomCommand = string[];

export const key = fc.constantFrom('k1', 'k2', 'k3', 'k4', '');
const LIMITS = [
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '9007199254740992',
  '-9007199254740993',
];
export const number = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -10, max: 10 }).map(String) },
  { weight: 2, arbitrary: fc.integer({ min: -100_000, max: 100_000 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom(...LIMITS, '', '1.5', 'x', ' 1', '+1', '-0', '01') },
);
export const index = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -6, max: 6 }).map(String) },
  { weight: 1, arbitrary: number },
);
export const count = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 5 }).map(String) },
  { weight: 1, arbitrary: number },
);
export const float = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -20, max: 20 }).map((value) => String(value / 4)) },
  { weight: 2, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((value) => String(value / 10)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('inf', '-inf', 'Infinity', 'nan', '1e3', '0x10', '', 'x', '.5'),
  },
);
/** Small enough that no string becomes huge. */
export const offset = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 80 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('-1', '', 'x', '4294967296', '9223372036854775807') },
);
/** Bytes of every kind; some texts are numbers. */
export const value = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c', 'ab', 'abc', 'foo', 'bar') },
  { weight: 3, arbitrary: number },
  { weight: 1, arbitrary: float },
  { weight: 1, arbitrary: fc.constantFrom('', '\0', '\xff\xfe', 'x'.repeat(45), 'y'.repeat(70), '\r\n') },
);
export const field = fc.constantFrom('f1', 'f2', 'f3', 'f4', '5');
export const member = fc.constantFrom('a', 'b', 'c', 'd', 'e', '1', '2', '30', '-4');
export const pattern = fc.constantFrom('*', 'k*', '?1', '[ab]*', 'k[^1]', 'nothing', '\\*', 'f[1-3]');
export const ttl = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('100000', '200000', '300000') },
  { weight: 1, arbitrary: fc.constantFrom('-1', '0', '9223372036854775807', '9223372036854776', 'x') },
);
export const unixTime = fc.constantFrom('33177117420', '33177117421', '1', '-5', 'x');
export const garbage = fc.constantFrom('', 'foo', 'nx', 'count', 'withscores', 'limit');

/** A part of a command: a word, or arguments to draw. */
type Part = string | Arbitrary<string | string[]>;

/** Any case: names and options are read without regard to it. */
function anyCase(word: string): Arbitrary<string> {
  return fc.boolean().map((upper) => (upper ? word.toUpperCase() : word));
}

export function command(...parts: Part[]): Arbitrary<RandomCommand> {
  const arbitraries = parts.map((part) => (typeof part === 'string' ? anyCase(part) : part));
  return fc.tuple(...arbitraries).map((drawn) => drawn.flat());
}

/** The parts in a row, as one. */
export function row(...parts: Part[]): Arbitrary<string[]> {
  return command(...parts);
}

export function maybe(...parts: Part[]): Arbitrary<string[]> {
  return fc.oneof(fc.constant<string[]>([]), row(...parts));
}

export function several(part: Arbitrary<string | string[]>, maxLength = 4): Arbitrary<string[]> {
  return fc.array(part, { minLength: 1, maxLength }).map((drawn) => drawn.flat());
}

/** Some of the options, in any order; now and then something that is none. */
export function options(...choices: Part[]): Arbitrary<string[]> {
  const arbitraries = choices.map((choice) => row(choice));
  return fc
    .tuple(
      fc
        .shuffledSubarray(arbitraries, { maxLength: Math.min(3, choices.length) })
        .chain((chosen) => fc.tuple(...chosen)),
      fc.oneof(
        { weight: 15, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: garbage.map((word) => [word]) },
      ),
    )
    .map(([chosen, extra]) => [...chosen.flat(), ...extra]);
}

/** `numkeys key ...`, the number mostly right. */
export const countedKeys = fc
  .tuple(fc.array(key, { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 15 }))
  .map(([keys, chance]) => [
    String(chance === 0 ? 0 : chance === 1 ? keys.length + 1 : keys.length),
    ...keys,
  ]);

/** How many random elements: a large negative number asks for that many repetitions, and gets them. */
export const randomCount = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -6, max: 6 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('', 'x', '9223372036854775807', '9223372036854775808') },
);
