/** Waiting for whichever of several things happens first. */

/** Begins to listen and returns the way to stop; may tell at once. */
export type Listening<What> = (tell: (what: What) => void) => () => void;

/** Resolves with what is told first, in the order given when several can tell at once; the others are stopped. */
export function firstOf<What>(...sources: readonly Listening<What>[]): Promise<What> {
  return new Promise((resolve) => {
    let settled = false;
    const stops: (() => void)[] = [];
    const tell = (what: What): void => {
      if (settled) return;
      settled = true;
      for (const stop of stops) stop();
      resolve(what);
    };
    for (const listen of sources) {
      const stop = listen(tell);
      if (settled) {
        stop();
        return;
      }
      stops.push(stop);
    }
  });
}
