/** The arguments of streams, in the notation of argument-syntax.ts. */
export const streamSyntax: Readonly<Record<string, string>> = {
  xack: 'key@0 group ID:string...',
  xadd: 'key@0 [NOMKSTREAM^6.2.0] [trim{strategy<MAXLEN|MINID^6.2.0> [operator<=(equal)|~(approximately)>] threshold [LIMIT=count:integer^6.2.0]}] id-selector<*(auto-id)|id> data{field value}...',
  xautoclaim: 'key@0 group consumer min-idle-time start [COUNT=count:integer] [JUSTID]',
  xclaim:
    'key@0 group consumer min-idle-time ID:string... [IDLE=ms:integer] [TIME=unix-time-milliseconds:unix-time] [RETRYCOUNT=count:integer] [FORCE] [JUSTID] [LASTID=lastid]',
  xdel: 'key@0 ID:string...',
  'xgroup|create': 'key@0 group id-selector<id|$(new-id)> [MKSTREAM] [ENTRIESREAD=entries-read:integer]',
  'xgroup|createconsumer': 'key@0 group consumer',
  'xgroup|delconsumer': 'key@0 group consumer',
  'xgroup|destroy': 'key@0 group',
  'xgroup|setid': 'key@0 group id-selector<id|$(new-id)> [ENTRIESREAD=entriesread:integer/entries-read]',
  'xinfo|consumers': 'key@0 group',
  'xinfo|groups': 'key@0',
  'xinfo|stream': 'key@0 [full-block{FULL [COUNT=count:integer]}]',
  xlen: 'key@0',
  xpending: 'key@0 group [filters{[IDLE=min-idle-time:integer^6.2.0] start end count:integer [consumer]}]',
  xrange: 'key@0 start end [COUNT=count:integer]',
  xread: '[COUNT=count:integer] [BLOCK=milliseconds:integer] STREAMS=streams{key@0... ID:string...}',
  xreadgroup:
    'GROUP=group-block{group consumer} [COUNT=count:integer] [BLOCK=milliseconds:integer] [NOACK] STREAMS=streams{key@0... ID:string...}',
  xrevrange: 'key@0 end start [COUNT=count:integer]',
  xsetid: 'key@0 last-id [ENTRIESADDED=entries-added:integer^7.0.0] [MAXDELETEDID=max-deleted-id^7.0.0]',
  xtrim:
    'key@0 trim{strategy<MAXLEN|MINID^6.2.0> [operator<=(equal)|~(approximately)>] threshold [LIMIT=count:integer^6.2.0]}',
};
