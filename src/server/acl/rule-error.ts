/**
 * What can be wrong with a rule of the access control list. The texts are Redis's; clients and tests look for
 * them after "Error in ACL SETUSER modifier ...".
 */

export type RuleProblem =
  | 'unknown-command'
  | 'syntax'
  | 'pattern-after-all-keys'
  | 'pattern-after-all-channels'
  | 'bad-hash'
  | 'no-such-password'
  | 'first-argument-of-subcommand'
  | 'duplicate-user';

const TEXTS: Readonly<Record<RuleProblem, string>> = {
  'unknown-command': 'Unknown command or category name in ACL',
  syntax: 'Syntax error',
  'pattern-after-all-keys':
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns",
  'pattern-after-all-channels':
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels",
  'bad-hash':
    'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
  'no-such-password': 'The password you are trying to remove from the user does not exist',
  'first-argument-of-subcommand': 'Allowing first-arg of a subcommand is not supported',
  'duplicate-user': 'Duplicate user found. A user can only be defined once in config files',
};

export function ruleProblemText(problem: RuleProblem): string {
  return TEXTS[problem];
}
