/** What makes vedette-cli give up: shown to the person as it is, with exit status 1. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
