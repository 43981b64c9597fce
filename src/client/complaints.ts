/** Whether there is something to complain of that was not said already: the same reasons are told once. */
export class Complaints {
  private last = '';

  /** @param refusals in whatever order they came */
  isNew(refusals: readonly { readonly error: Error }[]): boolean {
    const complaint = refusals
      .map(({ error }) => error.message)
      .sort()
      .join();
    const isNew = complaint !== this.last;
    this.last = complaint;
    return isNew;
  }

  /** All is well: the same reasons are news again. */
  clear(): void {
    this.last = '';
  }
}
