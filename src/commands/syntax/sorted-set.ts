/** The arguments of sorted sets, in the notation of argument-syntax.ts. */
export const sortedSetSyntax: Readonly<Record<string, string>> = {
  bzmpop: 'timeout:double numkeys:integer key@0... where<MIN|MAX> [COUNT=count:integer]',
  bzpopmax: 'key@0... timeout:double',
  bzpopmin: 'key@0... timeout:double',
  zadd: 'key@0 [condition<NX|XX>^3.0.2] [comparison<GT|LT>^6.2.0] [CH(change)^3.0.2] [INCR(increment)^3.0.2] data{score:double member}...',
  zcard: 'key@0',
  zcount: 'key@0 min:double max:double',
  zdiff: 'numkeys:integer key@0... [WITHSCORES]',
  zdiffstore: 'destination@0 numkeys:integer key@1...',
  zincrby: 'key@0 increment:integer member',
  zinter:
    'numkeys:integer key@0... [WEIGHTS=weight:integer...] [AGGREGATE=aggregate<SUM|MIN|MAX>] [WITHSCORES]',
  zintercard: 'numkeys:integer key@0... [LIMIT=limit:integer]',
  zinterstore:
    'destination@0 numkeys:integer key@1... [WEIGHTS=weight:integer...] [AGGREGATE=aggregate<SUM|MIN|MAX>]',
  zlexcount: 'key@0 min max',
  zmpop: 'numkeys:integer key@0... where<MIN|MAX> [COUNT=count:integer]',
  zmscore: 'key@0 member...',
  zpopmax: 'key@0 [count:integer]',
  zpopmin: 'key@0 [count:integer]',
  zrandmember: 'key@0 [options{count:integer [WITHSCORES]}]',
  zrange:
    'key@0 start stop [sortby<BYSCORE|BYLEX>^6.2.0] [REV^6.2.0] [LIMIT=limit{offset:integer count:integer}^6.2.0] [WITHSCORES]',
  zrangebylex: 'key@0 min max [LIMIT=limit{offset:integer count:integer}]',
  zrangebyscore: 'key@0 min:double max:double [WITHSCORES^2.0.0] [LIMIT=limit{offset:integer count:integer}]',
  zrangestore:
    'dst@0 src@1 min max [sortby<BYSCORE|BYLEX>] [REV] [LIMIT=limit{offset:integer count:integer}]',
  zrank: 'key@0 member [WITHSCORE]',
  zrem: 'key@0 member...',
  zremrangebylex: 'key@0 min max',
  zremrangebyrank: 'key@0 start:integer stop:integer',
  zremrangebyscore: 'key@0 min:double max:double',
  zrevrange: 'key@0 start:integer stop:integer [WITHSCORES]',
  zrevrangebylex: 'key@0 max min [LIMIT=limit{offset:integer count:integer}]',
  zrevrangebyscore: 'key@0 max:double min:double [WITHSCORES] [LIMIT=limit{offset:integer count:integer}]',
  zrevrank: 'key@0 member [WITHSCORE]',
  zscan: 'key@0 cursor:integer [MATCH=pattern:pattern] [COUNT=count:integer]',
  zscore: 'key@0 member',
  zunion:
    'numkeys:integer key@0... [WEIGHTS=weight:integer...] [AGGREGATE=aggregate<SUM|MIN|MAX>] [WITHSCORES]',
  zunionstore:
    'destination@0 numkeys:integer key@1... [WEIGHTS=weight:integer...] [AGGREGATE=aggregate<SUM|MIN|MAX>]',
};
