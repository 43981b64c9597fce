/** Errors as Node reports those of the system: with `code` and `syscall`. */

export function systemError(code: string, syscall: string, detail = ''): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(
    detail === '' ? `${syscall} ${code}` : `${syscall} ${code} ${detail}`,
  );
  error.code = code;
  error.syscall = syscall;
  return error;
}
