import { afterAll, beforeAll } from 'vitest';
import { type Bench, openBench } from './bench.ts';

/**
 * One machine and one station for all scenarios of a file: booting takes longer than any of them. Each leaves things as the next one
 * finds them.
 */
export function benchOfFile(name: string): () => Bench {
  let opened: Bench | undefined;
  beforeAll(async () => {
    opened = await openBench(name);
  });
  afterAll(async () => opened?.[Symbol.asyncDispose]());
  return () => {
    if (opened === undefined) throw new Error('there is no machine');
    return opened;
  };
}
