import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionsOf } from '../../../src/signers/pkcs11/session.ts';
import { type SurveyOptions, surveyToken } from '../../../src/signers/pkcs11/survey.ts';
import { noSoftHsm, SoftHsm } from '../../softhsm.ts';

const skipped = noSoftHsm === undefined ? '' : ` (skipped: ${noSoftHsm})`;

describe.skipIf(noSoftHsm !== undefined)(`a survey of a token${skipped}`, () => {
  let hsm: SoftHsm;
  beforeAll(() => {
    hsm = new SoftHsm();
  });
  afterAll(() => hsm.close());

  const survey = (more: Partial<SurveyOptions> = {}) => {
    const { module, environment, pin } = hsm;
    return surveyToken({ module, environment, pin, token: { by: 'label', value: 'test' }, deadline: 30_000, ...more });
  };

  it('tells its model, firmware, module, label, serial, and sessions', async () => {
    expect(await survey()).toEqual({
      device: expect.stringMatching(/^SoftHSM v2 2\.\d+ \(SoftHSM module 2\.\d+\)$/),
      label: 'test',
      serial: hsm.serials[0],
      sessions: expect.stringMatching(/^(?:\d+ open, )?no limit$/),
    });
  });

  it('tells why there is none', async () => {
    expect(await survey({ token: { by: 'label', value: 'other' } })).toMatchObject({ reason: 'device-missing' });
    expect(await survey({ pin: '4321' })).toMatchObject({ reason: 'hsm-pin-refused' });
    expect(await survey({ module: '/nonexistent.so' })).toMatchObject({ reason: 'signer-failed' });
  });
});

describe('a token’s sessions', () => {
  const [unavailable32, unavailable64] = [0xffff_ffff, 2 ** 64];
  it.each([
    [1, 10, '1 open, at most 10'],
    [0, 0, '0 open, no limit'],
    [unavailable64, 0, 'no limit'],
    [-1, 10, 'at most 10'],
    [3, unavailable32, '3 open'],
    [unavailable32, unavailable64, 'not told'],
  ])('are told as far as it tells them: %i of %i', (sessionCount, maxSessionCount, text) => {
    expect(sessionsOf({ sessionCount, maxSessionCount })).toBe(text);
  });
});
