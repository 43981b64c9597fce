/** The arguments of bitmaps, in the notation of argument-syntax.ts. */
export const bitmapSyntax: Readonly<Record<string, string>> = {
  bitcount: 'key@0 [range{start:integer end:integer [unit<BYTE|BIT>^7.0.0]}]',
  bitfield:
    'key@0 [operation<GET=get-block{encoding offset:integer}|write{[OVERFLOW=overflow-block<WRAP|SAT|FAIL>] write-operation<SET=set-block{encoding offset:integer value:integer}|INCRBY=incrby-block{encoding offset:integer increment:integer}>}>...]',
  bitfield_ro: 'key@0 [GET...=get-block{encoding offset:integer}]',
  bitop: 'operation<AND|OR|XOR|NOT> destkey@0 key@1...',
  bitpos: 'key@0 bit:integer [range{start:integer [end-unit-block{end:integer [unit<BYTE|BIT>^7.0.0]}]}]',
  getbit: 'key@0 offset:integer',
  setbit: 'key@0 offset:integer value:integer',
};
