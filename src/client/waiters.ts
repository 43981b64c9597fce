/** Those who wait for the outcome of what is under way: all get the same one. */
export class Waiters<T> {
  private waiting: { resolve(value: T): void; reject(error: Error): void }[] = [];

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  wait(): Promise<T> {
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  resolve(value: T): void {
    for (const { resolve } of this.take()) resolve(value);
  }

  reject(error: Error): void {
    for (const { reject } of this.take()) reject(error);
  }

  /** Whoever comes from now on waits for the next outcome. */
  private take() {
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }
}
