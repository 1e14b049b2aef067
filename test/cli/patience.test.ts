import { describe, expect, it } from 'vitest';
import { CallFailed, CommandFailed } from '../../src/cli/command.ts';
import { patiently } from '../../src/cli/patience.ts';
import type { Reason } from '../../src/domain/index.ts';

const failed = (reason: Reason): CallFailed => new CallFailed(reason, [`${reason}: a test`]);

/** Answers one after the other; errors are thrown. */
function asker(...answers: (number | Error)[]) {
  const told: string[] = [];
  let pauses = 0;
  const ask = async (): Promise<number> => {
    const answer = answers.shift();
    if (typeof answer !== 'number') throw answer ?? new Error('asked once too often');
    return answer;
  };
  const odd = (n: number) => (n % 2 === 1 ? new CommandFailed(`${n} is odd`) : undefined);
  const run = (again: number): Promise<number> =>
    patiently(ask, odd, { again, pause: async () => pauses++, tell: (why) => told.push(why) });
  return { run, told, pauses: () => pauses };
}

describe('patience with a device', () => {
  it('asks again while a person can mend what stands in the way, and tells each thing once', async () => {
    const of = asker(failed('device-missing'), failed('device-missing'), failed('device-locked'), 1, 2);
    expect(await of.run(9)).toBe(2);
    expect(of.told).toEqual(['device-missing: a test', 'device-locked: a test', '1 is odd']);
    expect(of.pauses()).toBe(4);
  });

  it.each(['device-wrong-app', 'device-foreign', 'device-busy'] as const)('waits out %s', async (reason) => {
    expect(await asker(failed(reason), 4).run(1)).toBe(4);
  });

  it('ends with what stood in the way last', async () => {
    await expect(asker(failed('device-missing'), failed('device-locked'), 2).run(1)).rejects.toThrow('device-locked');
    await expect(asker(3, 4).run(0)).rejects.toThrow('3 is odd');
  });

  it('does not wait for what nobody mends at a device', async () => {
    const of = asker(failed('role-denied'), 2);
    await expect(of.run(9)).rejects.toThrow('role-denied');
    expect([of.told, of.pauses()]).toEqual([[], 0]);
    await expect(asker(new Error('a fault'), 2).run(9)).rejects.toThrow('a fault');
  });
});
