/**
 * What the C library says about a system error, as Redis's messages quote it: "No such file or directory" where
 * Node's own text is "ENOENT: no such file or directory, open 'x'".
 */

const TEXTS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAI_AGAIN: 'Temporary failure in name resolution',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EDQUOT: 'Disk quota exceeded',
  EEXIST: 'File exists',
  EHOSTUNREACH: 'No route to host',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENETUNREACH: 'Network is unreachable',
  ENOENT: 'No such file or directory',
  ENOSPC: 'No space left on device',
  ENOTFOUND: 'Name or service not known',
  ENOTDIR: 'Not a directory',
  ENOTEMPTY: 'Directory not empty',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  EROFS: 'Read-only file system',
  ETIMEDOUT: 'Connection timed out',
};

/** The C library's text for an error of the system; the error's own message when it is not one. */
export function systemErrorText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const text = typeof code === 'string' ? TEXTS[code] : undefined;
  if (text !== undefined) return text;
  return error instanceof Error ? error.message : String(error);
}

/** Whether the system refused something, as opposed to a fault of ours. */
export function isSystemError(error: unknown): error is Error {
  // Node's own errors have codes with underscores: ERR_OUT_OF_RANGE.
  return error instanceof Error && 'code' in error && /^E[A-Z0-9]+$/.test(String(error.code));
}
