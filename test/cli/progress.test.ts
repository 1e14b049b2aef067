import { expect, it } from 'vitest';
import { Progress } from '../../src/cli/progress.ts';

it('draws one line over itself, at most ten times a second, and takes it away', () => {
  const drawn: string[] = [];
  let now = 0;
  const progress = new Progress({ out: () => {}, err: () => {}, draw: (line) => drawn.push(line) }, () => now);
  progress.step('entries', 0, 2_000);
  now = 99;
  progress.step('entries', 500, 2_000);
  now = 100;
  progress.step('entries', 1_000, 2_000);
  progress.clear();
  progress.clear();
  expect(drawn).toEqual([
    `[${'.'.repeat(30)}]   0 % entries 0 of 2,000`,
    `[${'#'.repeat(15)}${'.'.repeat(15)}]  50 % entries 1,000 of 2,000`,
    '',
  ]);
});

it('draws nothing where nobody watches a terminal', () => {
  const lines: string[] = [];
  const progress = new Progress({ out: (line) => lines.push(line), err: (line) => lines.push(line) });
  progress.step('entries', 1, 2);
  progress.clear();
  expect(lines).toEqual([]);
});

it('of more than there was when it began goes no further than all of it', () => {
  const drawn: string[] = [];
  const progress = new Progress({ out: () => {}, err: () => {}, draw: (line) => drawn.push(line) }, () => 0);
  progress.step('rows', 11, 10);
  expect(drawn[0]).toContain('100 %');
});
