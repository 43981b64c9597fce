/** What runs need of the clients of any kind of topology. */
export interface WorkloadClient {
  /** Name of its process. */
  readonly name: string;
  /** Writes acknowledged so far. */
  readonly acknowledgedCount: number;
  /** Begins to write, and goes on until stopped. */
  start(): void;
  stop(): void;
}
