/** Runs `count` jobs, `inFlight` at a time; each lane takes the jobs of its own slots, in their order. Returns seconds. */
export async function closedLoop(
  count: number,
  inFlight: number,
  job: (index: number) => Promise<void>,
): Promise<number> {
  const start = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async (_, lane) => {
      for (let index = lane; index < count; index += inFlight) await job(index);
    }),
  );
  return (performance.now() - start) / 1_000;
}

/**
 * Starts jobs at random moments, `rate` a second on average (a Poisson process), however long the earlier ones take. Returns
 * each one's time in ms from the moment at which it was due: waiting for a busy machine counts.
 */
export async function openLoop(count: number, rate: number, job: (index: number) => Promise<void>): Promise<number[]> {
  const taken: number[] = [];
  const running: Promise<void>[] = [];
  let due = performance.now();
  for (let index = 0; index < count; index++) {
    due += (-Math.log(1 - Math.random()) * 1_000) / rate;
    await until(due);
    const at = due;
    running.push(
      job(index).then(() => {
        taken.push(performance.now() - at);
      }),
    );
  }
  await Promise.all(running);
  return taken;
}

async function until(due: number): Promise<void> {
  // setTimeout is a millisecond late or more; the last of it is spent in turns of the event loop.
  while (performance.now() < due) {
    const left = due - performance.now();
    await new Promise<void>((resolve) => {
      if (left > 2) setTimeout(resolve, left - 2);
      else setImmediate(resolve);
    });
  }
}
