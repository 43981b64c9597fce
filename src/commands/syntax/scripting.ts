/** The arguments of scripts and functions, in the notation of argument-syntax.ts. */
export const scriptingSyntax: Readonly<Record<string, string>> = {
  eval: 'script numkeys:integer [key@0...] [arg...]',
  eval_ro: 'script numkeys:integer [key@0...] [arg...]',
  evalsha: 'sha1 numkeys:integer [key@0...] [arg...]',
  evalsha_ro: 'sha1 numkeys:integer [key@0...] [arg...]',
  fcall: 'function numkeys:integer [key@0...] [arg...]',
  fcall_ro: 'function numkeys:integer [key@0...] [arg...]',
  'function|delete': 'library-name',
  'function|flush': '[flush-type<ASYNC|SYNC>]',
  'function|list': '[LIBRARYNAME=library-name-pattern] [WITHCODE]',
  'function|load': '[REPLACE] function-code',
  'function|restore': 'serialized-value [policy<FLUSH|APPEND|REPLACE>]',
  'script|debug': 'mode<YES|SYNC|NO>',
  'script|exists': 'sha1...',
  'script|flush': '[flush-type<ASYNC|SYNC>^6.2.0]',
  'script|load': 'script',
};
