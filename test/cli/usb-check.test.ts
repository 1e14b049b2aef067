import { describe, expect, it } from 'vitest';
import { checkUsb, type Survey } from '../../src/cli/usb-check.ts';

async function told(survey: Survey, needed = true): Promise<string[]> {
  const lines: string[] = [];
  for await (const { what, found, mend } of checkUsb(survey, needed)) lines.push(`${what}: ${found}|${mend ?? ''}`);
  return lines;
}

describe('what doctor says of the devices on USB', () => {
  it('which is there, and which app it has open', async () => {
    const devices = [
      { at: '/dev/hidraw0', product: 'Nano S Plus', app: 'Ethereum', version: '1.22.0' },
      { at: '/dev/hidraw1', product: '', app: 'BOLOS', version: '1.1.1' },
    ];
    expect(await told(async () => devices)).toEqual([
      'USB /dev/hidraw0: Nano S Plus, the app Ethereum open, 1.22.0|',
      'USB /dev/hidraw1: a Ledger, no app open, dashboard 1.1.1|',
    ]);
  });

  it.each([
    ['device-missing', /Install deploy\/udev/],
    ['device-locked', /PIN/],
    ['device-busy', /other wallet software/],
    ['device-timeout', /Unplug it/],
  ] as const)('which answers nothing (%s), and what to do', async (reason, mend) => {
    const [line] = await told(async () => [
      { at: '/dev/hidraw0', product: 'Nano X', failed: { reason, message: 'test' } },
    ]);
    expect(line).toContain(`USB /dev/hidraw0: Nano X: ${reason}: test|`);
    expect(line).toMatch(mend);
  });

  it('that none is there, or that nobody could look', async () => {
    expect(await told(async () => [])).toEqual([expect.stringMatching(/no Ledger is connected\|Connect one/)]);
    // Before there is a wallet on one, that is as it should be.
    expect(await told(async () => [], false)).toEqual(['USB: no Ledger is connected|']);
    expect(await told(() => Promise.reject(new Error('no libudev')))).toEqual([
      expect.stringMatching(/no libudev\|Look whether/),
    ]);
  });
});
