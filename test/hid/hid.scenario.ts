import { afterAll, beforeAll } from 'vitest';
import { type Bench, openBench } from './bench.ts';
import { cables } from './scenarios/cables.ts';
import { devices } from './scenarios/devices.ts';
import { people } from './scenarios/people.ts';

// One machine and one station for all: booting takes longer than any scenario. Each leaves things as the next one finds them.

let opened: Bench | undefined;
const bench = (): Bench => {
  if (opened === undefined) throw new Error('there is no machine');
  return opened;
};

beforeAll(async () => {
  opened = await openBench();
});
afterAll(async () => opened?.[Symbol.asyncDispose]());

devices(bench);
cables(bench);
people(bench);
