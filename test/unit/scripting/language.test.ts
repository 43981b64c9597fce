/** The Lua language: what programs compute, and the texts of what goes wrong. */
import { describe, expect, test } from 'vitest';
import { LuaBench } from '../../support/lua.js';

const bench = new LuaBench();

/** Pairs of a program and what it gives. */
function holds(title: string, cases: readonly (readonly [source: string, result: string])[]): void {
  describe(title, () => {
    test.each(cases)('%s', (source, result) => {
      expect(bench.run(source)).toBe(result);
    });
  });
}

holds('expressions', [
  ['return 1 + 2 * 3 - 4 / 2, 2 ^ 3 ^ 2, -2 ^ 2', '5 512 -4'],
  ['return 7 % 3, -7 % 3, 7 % -3, 5.5 % 2', '1 2 -2 1.5'],
  ['return "10" + 5, "0x10" * 1, 10 .. 20', '15 16 1020'],
  ['return 1 == 1.0, "1" == 1, nil == false, "a" < "b"', 'true false false true'],
  ['return nil and 1, false or "x", 1 and 2, not nil', 'nil x 2 true'],
  ['return #"abc", #{1, 2, nil, 4}, #{}', '3 4 0'],
  ['return 1e15, 0.1, 1e100, 2^53, 100, -0.5', '1e+15 0.1 1e+100 9.007199254741e+15 100 -0.5'],
  ['return "\\65\\066\\n\\z", [[\na\nb]], [==[]]]==]', 'AB\nz a\nb ]]'],
  ['return (function() return 1, 2, 3 end)()', '1 2 3'],
  ['return ((function() return 1, 2, 3 end)())', '1'],
  ['return {(function() return 1, 2 end)(), (function() return 1, 2 end)()}', '{1=1 2=1 3=2}'],
]);

holds('statements', [
  ['local a, b, c = 1, 2 return a, b, c', '1 2 nil'],
  ['local a, b = 1, 2 a, b = b, a return a, b', '2 1'],
  ['local i = 1 local t = {} i, t[i] = 2, 3 return i, t[1], t[2]', '2 3 nil'],
  ['local s = 0 for i = 10, 1, -3 do s = s + i end return s', '22'],
  ['for i = 1, 3 do if i == 2 then return i end end', '2'],
  ['local n = 0 repeat local done = n == 3 n = n + 1 until done return n', '4'],
  ['local n = 0 while true do n = n + 1 if n > 5 then break end end return n', '6'],
  [
    'local f = {} for i = 1, 3 do f[i] = function() i = i + 1 return i end end return f[1](), f[1](), f[2]()',
    '2 3 3',
  ],
  ['local x = 1 do local x = 2 end return x', '1'],
  [
    'local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib(15)',
    '610',
  ],
  ['local t = {} function t.a.b() end', "error: script:1: attempt to index field 'a' (a nil value)"],
  ['local o = {n = 2} function o:get(k) return self.n * k end return o:get(4)', '8'],
  ['local function f(...) return select("#", ...), ... end return f(nil, nil)', '2 nil nil'],
  ['local function f(...) return arg.n, arg[2] end return f(7, 8)', '2 8'],
]);

holds('tables', [
  ['local t = {1, 2, 3} t[2] = nil return #t, t[3]', '3 3'],
  ['local t = {1, 2, 3} t[3] = nil return #t', '2'],
  ['local t = {} t[3] = 3 t[2] = 2 t[1] = 1 return #t, table.concat(t, ",")', '3 1,2,3'],
  ['local t = {a = 1, b = 2, c = 3} for k in pairs(t) do t[k] = nil end return next(t)', 'nil'],
  [
    'local t = {} for i = 1, 100 do t["k" .. i] = i end for i = 1, 99 do t["k" .. i] = nil end t.x = 1 local n = 0 for _ in pairs(t) do n = n + 1 end return n',
    '2',
  ],
  ['local t = {} t[nil] = 1', 'error: script:1: table index is nil'],
  ['local t = {} t[0/0] = 1', 'error: script:1: table index is NaN'],
  ['local t = {5, 3, 9, 1} table.sort(t) return t[1], t[2], t[3], t[4]', '1 3 5 9'],
  ['local t = {5, 3, 9} table.sort(t, function(a, b) return a > b end) return t[1], t[2], t[3]', '9 5 3'],
  ['local t = {3, "x"} table.sort(t)', 'error: attempt to compare string with number'],
  [
    'local t = {1, 2, 3} table.insert(t, 2, "x") return table.concat(t, ","), table.remove(t, 1), #t',
    '1,x,2,3 1 3',
  ],
  ['return unpack({1, 2, 3}, 2)', '2 3'],
]);

holds('metatables', [
  ['local t = setmetatable({}, {__index = function(_, k) return k .. "!" end}) return t.x', 'x!'],
  ['local t = setmetatable({}, {__index = {y = 5}}) return t.y, rawget(t, "y")', '5 nil'],
  [
    'local log = {} local t = setmetatable({}, {__newindex = log}) t.a = 1 return rawget(t, "a"), log.a',
    'nil 1',
  ],
  ['local v = setmetatable({}, {__add = function(a, b) return "sum" end}) return v + 1, 1 + v', 'sum sum'],
  [
    'local mt = {__eq = function() return true end} return setmetatable({}, mt) == setmetatable({}, mt)',
    'true',
  ],
  [
    'local mt = {__lt = function() return true end} local a, b = setmetatable({}, mt), setmetatable({}, mt) return a < b, a <= b, a > b',
    'true false true',
  ],
  ['return setmetatable({}, {__call = function(_, a) return a * 2 end})(21)', '42'],
  ['return tostring(setmetatable({}, {__tostring = function() return "me" end}))', 'me'],
  ['return getmetatable(setmetatable({}, {__metatable = "locked"}))', 'locked'],
  [
    'setmetatable(setmetatable({}, {__metatable = 1}), {})',
    'error: script:1: cannot change a protected metatable',
  ],
  ['return ("abc"):upper(), ("x"):rep(3)', 'ABC xxx'],
]);

holds('errors', [
  ['local a a.b = 1', "error: script:1: attempt to index local 'a' (a nil value)"],
  ['local t = {} t.x.y()', "error: script:1: attempt to index field 'x' (a nil value)"],
  ['local t = {} t:go()', "error: script:1: attempt to call method 'go' (a nil value)"],
  ['undefined()', "error: script:1: attempt to call global 'undefined' (a nil value)"],
  [
    'local up local function f() return up.x end f()',
    "error: script:1: attempt to index upvalue 'up' (a nil value)",
  ],
  ['return {} + 1', 'error: script:1: attempt to perform arithmetic on a table value'],
  ['return 1 < "2"', 'error: script:1: attempt to compare number with string'],
  ['return {} .. "x"', 'error: script:1: attempt to concatenate a table value'],
  ['\n\nerror("third line")', 'error: script:3: third line'],
  ['error("bare", 0)', 'error: bare'],
  ['local function f() error("caller", 2) end\nf()', 'error: script:2: caller'],
  ['return pcall(error, {code = 7})', 'false {code=7}'],
  ['return pcall(pcall)', "false bad argument #1 to '?' (value expected)"],
  [
    'return xpcall(function() error("x") end, function(m) return "handled " .. m end)',
    'false handled script:1: x',
  ],
  ['string.rep()', "error: script:1: bad argument #1 to 'rep' (string expected, got no value)"],
  ['("x"):rep({})', "error: script:1: bad argument #1 to 'rep' (number expected, got table)"],
  ['local function f() return f() + 1 end return pcall(f)', 'false script:1: stack overflow'],
  [
    'local function loop(n) if n == 0 then return "flat" end return loop(n - 1) end return loop(100000)',
    'flat',
  ],
  ['for i = 1, "x" do end', "error: script:1: 'for' limit must be a number"],
]);

holds('source that does not compile', [
  ['x =', "error: script:1: unexpected symbol near '<eof>'"],
  ['if x then', "error: script:1: 'end' expected near '<eof>'"],
  ['if x then\n\n', "error: script:3: 'end' expected (to close 'if' at line 1) near '<eof>'"],
  ['return "abc', "error: script:1: unfinished string near '<eof>'"],
  ['return 3..2', "error: script:1: malformed number near '3..2'"],
  ['break', "error: script:1: no loop to break near '<eof>'"],
  ['x, y', "error: script:1: '=' expected near '<eof>'"],
  ['return @', "error: script:1: unexpected symbol near '@'"],
  [`return ${'('.repeat(300)}`, 'error: script:1: chunk has too many syntax levels'],
]);

holds('strings', [
  ['return ("hello world"):find("o w"), ("hello"):find("l+"), ("a.b"):find(".", 1, true)', '5 3 2 2'],
  ['return ("key = value"):match("^(%w+)%s*=%s*(%w+)$")', 'key value'],
  ['return ("hello"):gsub("l", "L"), ("abc"):gsub("", "-")', 'heLLo -a-b-c- 4'],
  ['return ("$a $b"):gsub("%$(%w)", {a = 1, b = false})', '1 $b 2'],
  ['return ("abc"):gsub("%w", function(c) return c:byte() end)', '979899 3'],
  [
    'local r = {} for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do r[#r + 1] = k .. v end return table.concat(r, ";")',
    'a1;b2',
  ],
  ['return ("THE (quick) fox"):find("%((%a+)%)"), ("f(a(b)c)d"):match("%b()")', '5 (a(b)c)'],
  [
    'return string.format("%5.2f|%-4d|%04d|%x|%q|%s", 3.14159, 7, 42, 255, "a\\"b", "z")',
    ' 3.14|7   |0042|ff|"a\\"b"|z',
  ],
  ['return string.format("%g %g %e", 1e20, 0.0001, 12345)', '1e+20 0.0001 1.234500e+04'],
  ['return ("hello"):byte(1, -1)', '104 101 108 108 111'],
  ['return ("a"):find("[")', "error: script:1: malformed pattern (missing ']')"],
  [
    'return tonumber("0x1F"), tonumber(" 12 "), tonumber("1e2"), tonumber("z", 36), tonumber("9", 8), tonumber("")',
    '31 12 100 35 nil nil',
  ],
]);

holds('coroutines', [
  [
    'local c = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end) local _, x = coroutine.resume(c, 1) local _, y = coroutine.resume(c, 10) return x, y, coroutine.status(c)',
    '2 20 dead',
  ],
  [
    'local w = coroutine.wrap(function() for i = 1, 2 do coroutine.yield(i) end end) return w(), w(), w()',
    '1 2',
  ],
  ['return coroutine.resume(coroutine.create(function() error("in") end))', 'false script:1: in'],
  ['local w = coroutine.wrap(function() pcall(coroutine.yield, 1) return 2 end) return w(), w()', '1 2'],
  ['coroutine.yield(1)', 'error: attempt to yield outside a coroutine'],
]);
