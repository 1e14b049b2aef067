import { describe, expect, it } from 'vitest';
import { checkCode, codeStep, hotp } from '../../src/attestation/totp.ts';
import type { CodeAlgorithm, WallMs } from '../../src/domain/index.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('RFC 4226 appendix D', () => {
  const secret = ascii('12345678901234567890');
  it.each([
    [0, '755224'],
    [1, '287082'],
    [2, '359152'],
    [3, '969429'],
    [4, '338314'],
    [5, '254676'],
    [6, '287922'],
    [7, '162583'],
    [8, '399871'],
    [9, '520489'],
  ])('the HOTP value of count %i', (count, code) => {
    expect(hotp('sha1', secret, count)).toBe(code);
  });
});

/** Errata 2866: the seed of each hash is as long as its output. */
const seeds: Record<CodeAlgorithm, Uint8Array> = {
  sha1: ascii('12345678901234567890'),
  sha256: ascii('12345678901234567890123456789012'),
  sha512: ascii('1234567890123456789012345678901234567890123456789012345678901234'),
};

describe('RFC 6238 appendix B', () => {
  it.each<[number, string, CodeAlgorithm, string]>([
    [59, '0000000000000001', 'sha1', '94287082'],
    [59, '0000000000000001', 'sha256', '46119246'],
    [59, '0000000000000001', 'sha512', '90693936'],
    [1111111109, '00000000023523EC', 'sha1', '07081804'],
    [1111111109, '00000000023523EC', 'sha256', '68084774'],
    [1111111109, '00000000023523EC', 'sha512', '25091201'],
    [1111111111, '00000000023523ED', 'sha1', '14050471'],
    [1111111111, '00000000023523ED', 'sha256', '67062674'],
    [1111111111, '00000000023523ED', 'sha512', '99943326'],
    [1234567890, '000000000273EF07', 'sha1', '89005924'],
    [1234567890, '000000000273EF07', 'sha256', '91819424'],
    [1234567890, '000000000273EF07', 'sha512', '93441116'],
    [2000000000, '0000000003F940AA', 'sha1', '69279037'],
    [2000000000, '0000000003F940AA', 'sha256', '90698825'],
    [2000000000, '0000000003F940AA', 'sha512', '38618901'],
    [20000000000, '0000000027BC86AA', 'sha1', '65353130'],
    [20000000000, '0000000027BC86AA', 'sha256', '77737706'],
    [20000000000, '0000000027BC86AA', 'sha512', '47863826'],
  ])('at %i s, T = %s, %s', (seconds, steps, algorithm, code) => {
    const step = codeStep((seconds * 1_000) as WallMs);
    expect(step.toString(16).padStart(16, '0').toUpperCase()).toBe(steps);
    expect(hotp(algorithm, seeds[algorithm], step, 8)).toBe(code);
  });
});

describe('A6: the window', () => {
  const secret = ascii('12345678901234567890');
  const now = 1_234_567_890_000 as WallMs;
  const present = codeStep(now);
  const check = (code: string, lastStep = 0) => checkCode(code, { algorithm: 'sha1', secret, lastStep, now });
  const at = (step: number): string => hotp('sha1', secret, step);

  it('a step lasts from its first millisecond to its last', () => {
    expect(codeStep((now - 1) as WallMs)).toBe(present - 1);
    expect(codeStep((now + 29_999) as WallMs)).toBe(present);
    expect(codeStep((now + 30_000) as WallMs)).toBe(present + 1);
  });

  it.each([-1, 0, 1])('a code of the step %i away counts, and says which step it is of', (away) => {
    expect(check(at(present + away))).toEqual({ found: 'step', step: present + away });
  });

  it.each([-3, -2, 2, 3])('a code of the step %i away does not', (away) => {
    expect(check(at(present + away))).toEqual({ found: 'nothing' });
  });

  it('a step that was used, or an earlier one, is used', () => {
    expect(check(at(present), present)).toEqual({ found: 'used', step: present });
    expect(check(at(present - 1), present)).toEqual({ found: 'used', step: present - 1 });
    expect(check(at(present + 1), present)).toEqual({ found: 'step', step: present + 1 });
  });

  it('of two steps with one code the earliest that is left is used', () => {
    // Found by search: this secret has the same code at these neighbouring steps.
    const twice = { algorithm: 'sha1', secret: ascii('portcullis test 0000') } as const;
    const [step, code] = [320_398, '178872'];
    expect([hotp('sha1', twice.secret, step), hotp('sha1', twice.secret, step + 1)]).toEqual([code, code]);
    const then = (step * 30_000) as WallMs;
    expect(checkCode(code, { ...twice, lastStep: 0, now: then })).toEqual({ found: 'step', step });
    expect(checkCode(code, { ...twice, lastStep: step, now: then })).toEqual({ found: 'step', step: step + 1 });
    expect(checkCode(code, { ...twice, lastStep: step + 1, now: then })).toMatchObject({ found: 'used' });
  });

  it.each(['', '00000', at(present).slice(1), `${at(present)}0`, ` ${at(present).slice(1)}`, '٠٠٠', 'abcdef'])(
    'what is no code is none: %j',
    (code) => {
      expect(check(code)).toEqual({ found: 'nothing' });
    },
  );

  it('before the second step there is none to look back to', () => {
    const early = { algorithm: 'sha1', secret, lastStep: -1, now: 0 as WallMs } as const;
    expect(checkCode(hotp('sha1', secret, 0), early)).toEqual({ found: 'step', step: 0 });
    expect(checkCode('not it', early)).toEqual({ found: 'nothing' });
  });
});
