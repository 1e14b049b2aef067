/**
 * Adaptive group commit. A decision that comes alone is committed at once, in its own call. One that comes in the same turn
 * of the event loop as another waits for the turn's end, and all of those share one commit, hence one fsync. A turn that
 * had company makes the next turn's first decision wait for its company too, until a turn has only one.
 */
export class CommitGroup<Job> {
  readonly #commit: (jobs: readonly Job[]) => void;
  #waiting: Job[] = [];
  #arrivals = 0;
  #busy = false;
  #turnEnds = false;

  constructor(commit: (jobs: readonly Job[]) => void) {
    this.#commit = commit;
  }

  add(job: Job): void {
    this.#arrivals++;
    const alone = this.#arrivals === 1 && !this.#busy;
    this.#awaitTurn();
    if (alone) this.#commit([job]);
    else this.#waiting.push(job);
  }

  /** Commits what waits, now. */
  flush(): void {
    const jobs = this.#waiting;
    this.#waiting = [];
    if (jobs.length > 0) this.#commit(jobs);
  }

  #awaitTurn(): void {
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    // The check phase follows the poll phase, in which all sockets that are ready have been read.
    setImmediate(() => {
      this.#turnEnds = false;
      this.#busy = this.#arrivals > 1;
      this.#arrivals = 0;
      this.flush();
    });
  }
}
