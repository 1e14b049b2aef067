import { expect, it } from 'vitest';
import { paymentRequest } from '../../../src/attestation/webauthn/payment-request.ts';
import { parseFactorId } from '../../../src/domain/index.ts';
import { challenge, digest, es256, rpId } from './credential.ts';

it('A11: a page is told all of the payment that the browser is to show, and of which intent it is', () => {
  const shown = {
    payeeName: 'Exchange',
    payeeOrigin: 'https://www.exchange.example',
    total: { currency: 'ETH', value: '1.5' },
    instrument: { displayName: 'to 0x7099', icon: 'https://www.exchange.example/icon.png' },
  };
  const credentials = [parseFactorId(es256.id, 'id')];
  expect(JSON.parse(paymentRequest({ digest, rpId, credentials, shown }))).toEqual({
    methodData: [
      {
        supportedMethods: 'secure-payment-confirmation',
        data: {
          challenge,
          rpId,
          credentialIds: [es256.id],
          payeeName: shown.payeeName,
          payeeOrigin: shown.payeeOrigin,
          instrument: shown.instrument,
        },
      },
    ],
    details: { total: { label: 'Withdrawal', amount: shown.total } },
  });
});
