/** The arguments of transactions, in the notation of argument-syntax.ts. */
export const transactionsSyntax: Readonly<Record<string, string>> = {
  watch: 'key@0...',
};
