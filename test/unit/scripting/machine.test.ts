/** What the machine promises to the server: it can stop anywhere, be ended, and does not outgrow its limit. */
import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/scripting/lua/compiler.js';
import { LuaError } from '../../../src/scripting/lua/error.js';
import { Closure } from '../../../src/scripting/lua/function.js';
import { LuaBench } from '../../support/lua.js';

/** Programs that go through every way in which TypeScript calls functions of a script. */
const PROGRAMS: readonly (readonly [name: string, source: string, result: string])[] = [
  ['a loop', 'local s = 0 for i = 1, 500 do s = s + i end return s', '125250'],
  ['recursion', 'local function f(n) return n == 0 and 0 or 1 + f(n - 1) end return f(300)', '300'],
  [
    'a comparison of table.sort',
    'local t = {} for i = 1, 50 do t[i] = (i * 7) % 50 end table.sort(t, function(a, b) return a < b end) return t[1], t[50]',
    '0 49',
  ],
  [
    'a replacement of gsub',
    'return (("x"):rep(50):gsub("x", function() local n = 0 for i = 1, 10 do n = n + 1 end return n end))',
    '10'.repeat(50),
  ],
  [
    'a metamethod',
    'local t = setmetatable({}, {__index = function(_, k) local n = 0 for i = 1, k do n = n + i end return n end}) return t[100] + t[10]',
    '5105',
  ],
  ['pcall', 'local n = 0 for i = 1, 50 do pcall(function() n = n + 1 error("x") end) end return n', '50'],
  [
    'a coroutine',
    'local w = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end) local s = 0 for i = 1, 100 do s = s + w() end return s',
    '5050',
  ],
  [
    'a comparison metamethod',
    'local mt = {__lt = function(a, b) for i = 1, 20 do end return a.v < b.v end} local a, b = setmetatable({v = 1}, mt), setmetatable({v = 2}, mt) local n = 0 for i = 1, 20 do if a < b then n = n + 1 end if b < a then n = n + 100 end end return n',
    '20',
  ],
];

describe.each(PROGRAMS)('%s', (_name, source, result) => {
  test('gives the same in one piece and in slices of one step', () => {
    expect(new LuaBench(1_000_000).run(source)).toBe(result);
    const slicing = new LuaBench(1);
    expect(slicing.run(source)).toBe(result);
    expect(slicing.slices).toBeGreaterThan(20);
  });
});

describe('a script without an end', () => {
  test.each([
    'while true do end',
    'repeat until false',
    'local function f() return f() end return f()',
    'while true do pcall(function() error("x") end) end',
    'local t = setmetatable({}, {__index = function() while true do end end}) return t.x',
    'table.sort({2, 1}, function() while true do end end)',
    'coroutine.wrap(function() while true do end end)()',
  ])('is stopped, and cannot catch its end: %s', (source) => {
    const { machine } = new LuaBench();
    machine.start(new Closure(compile(source, '@script'), []), []);
    expect(machine.run(10_000)).toBe(false);
    machine.kill('killed');
    let end: unknown;
    try {
      machine.run(10_000);
    } catch (error) {
      end = error;
    }
    expect(end).toBeInstanceOf(LuaError);
    expect((end as LuaError).value).toBe('killed');
  });
});

describe('memory', () => {
  const limited = (): LuaBench => new LuaBench(1000, 4 * 1024 * 1024);

  test.each([
    ['a growing list', 'local t = {} while true do t[#t + 1] = 1 end'],
    ['a growing set of tables', 'local t = {} while true do t = {t} end'],
    ['strings that are kept', 'local t = {} while true do t[#t + 1] = ("x"):rep(1000) end'],
    ['a string that grows', 'local s = "x" while true do s = s .. s end'],
    ['one huge string', 'return ("x"):rep(1e9)'],
    ['closures', 'local f while true do local g = f f = function() return g end end'],
  ])('%s ends with an error', (_name, source) => {
    expect(limited().run(source)).toMatch(/not enough memory$/);
  });

  test('what is dropped does not count', () => {
    const source =
      'for i = 1, 20000 do local t = {} for j = 1, 10 do t[j] = ("x"):rep(100) end end return "done"';
    expect(limited().run(source)).toBe('done');
  });
});
