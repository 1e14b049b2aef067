import { describe, expect, it } from 'vitest';
import { checkClientData, type ExpectedClientData } from '../../../src/attestation/webauthn/client-data.ts';
import { challenge, clientData, origin, rpId } from './credential.ts';

const expected: ExpectedClientData = {
  type: 'webauthn.get',
  origins: [origin],
  challenge: (answered) => answered === challenge,
};
const payment = {
  rpId,
  shown: {
    payeeName: 'Exchange',
    payeeOrigin: origin,
    total: { currency: 'ETH', value: '1' },
    instrument: { displayName: 'x', icon: 'y' },
  },
  origins: [origin],
  topOrigins: [],
};

describe('client data', () => {
  it('of another type are told which is accepted', () => {
    const other = clientData({ type: 'webauthn.create' });
    expect(() => checkClientData(other, expected)).toThrow('has the type "webauthn.create", expected webauthn.get');
    expect(() => checkClientData(other, expected)).not.toThrow('payment.get');
    expect(() => checkClientData(other, { ...expected, payment })).toThrow('expected webauthn.get or payment.get');
  });

  it('A11: that state a payment without the type of one are refused in an assertion, and left alone in a registration', () => {
    const stating = (type: string) => clientData({ type, payment: {} });
    expect(() => checkClientData(stating('webauthn.get'), expected)).toThrow('states a payment');
    expect(checkClientData(stating('webauthn.create'), { ...expected, type: 'webauthn.create' })).toBe(
      'webauthn.create',
    );
  });

  it('A11: whose challenge is no text are refused before anybody is asked about it', () => {
    const asked: unknown[] = [];
    const noting = { ...expected, challenge: (answered: string) => asked.push(answered) > 0 };
    for (const odd of [7, [challenge], { challenge }, null, undefined])
      expect(() => checkClientData(clientData({ challenge: odd }), noting)).toThrow('not the one that was set');
    expect(asked).toEqual([]);
  });
});
