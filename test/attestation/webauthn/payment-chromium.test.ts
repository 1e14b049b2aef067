import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  creationOptions,
  paymentRequest,
  verifyAssertion,
  verifyRegistration,
} from '../../../src/attestation/index.ts';
import type {
  AccountId,
  ExpectedPayment,
  FactorId,
  ShownPayment,
  VerifiedRegistration,
} from '../../../src/domain/index.ts';
import { Browser, chromium } from '../../browser.ts';
import { digest } from './credential.ts';

const skipped = chromium === undefined ? ' (skipped: no Chromium on the PATH)' : '';
const rpId = 'localhost';
const shown: ShownPayment = {
  payeeName: 'Exchange',
  payeeOrigin: 'https://www.exchange.example',
  total: { currency: 'ETH', value: '1.500000000000000001' },
  instrument: {
    displayName:
      'to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 on eip155:1: 1.500000000000000001 ETH, fees up to 0.001 ETH',
    icon: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  },
};

describe.skipIf(chromium === undefined)(`Secure Payment Confirmation by Chromium${skipped}`, () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  let registration: VerifiedRegistration;
  const credential = (): FactorId => registration.credential;

  /** As a page would, after its user pressed something. */
  async function onPage(script: string): Promise<string> {
    const { result } = await browser.tab.send('Runtime.evaluate', {
      expression: `(async () => { try { ${script} } catch (error) { return String(error); } })()`,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    return String(Object(result).value);
  }

  beforeAll(async () => {
    server = createServer((_, response) => response.end('<!doctype html><title>a payment page</title>')).listen(0);
    const address = server.address();
    origin = `http://localhost:${typeof address === 'object' ? address?.port : ''}`;
    // Off by default on Linux.
    browser = await Browser.open('1000,900', ['SecurePaymentConfirmationBrowser', 'SecurePaymentConfirmation']);
    await browser.tab.send('Page.navigate', { url: `${origin}/` });
    await browser.tab.until(`location.origin === '${origin}' && document.readyState === 'complete'`);
    await browser.tab.authenticator();
    await browser.tab.send('Page.setSPCTransactionMode', { mode: 'autoAccept' });
    const account = 'alice' as AccountId;
    const challenge = new Uint8Array(32);
    const options = creationOptions({
      account,
      rpId,
      rpName: rpId,
      userName: account,
      challenge,
      enrolled: [],
      payment: true,
    });
    const made = await onPage(`
      const json = ${JSON.stringify(options)};
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
      return JSON.stringify(await navigator.credentials.create({ publicKey: { ...publicKey, extensions: json.extensions } }));`);
    const json = new TextEncoder().encode(made);
    const expected = { rpId, origins: [origin], challenge: () => true, userVerification: true };
    const verification = await verifyRegistration(json, expected);
    if (!verification.genuine) throw new Error(`${verification.message}: ${made}`);
    registration = verification.registration;
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it('A11: shows what Prepare hands out, and what it signs is accepted as exactly that', async () => {
    const request = paymentRequest({ digest, rpId, credentials: [credential()], shown });
    const answer = await onPage(`
      const { methodData, details } = ${request};
      const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
      const [{ data }] = methodData;
      data.challenge = bytes(data.challenge);
      data.credentialIds = data.credentialIds.map(bytes);
      const response = await new PaymentRequest(methodData, details).show();
      await response.complete('success');
      return JSON.stringify(response.details);`);
    const { response, id } = JSON.parse(answer);
    const part = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));
    const assertion = {
      kind: 'webauthn',
      credential: id,
      authenticatorData: part(response.authenticatorData),
      clientData: part(response.clientDataJSON),
      signature: part(response.signature),
    } as const;
    const judged = (payment: ExpectedPayment) =>
      verifyAssertion(assertion, {
        digest,
        factor: { ...registration, id: credential() },
        rpId,
        origins: [],
        userVerification: true,
        payment,
      });
    const expected = { shown, origins: [origin], topOrigins: [] };
    expect(judged(expected)).toMatchObject({
      genuine: true,
      evidence: { ceremony: 'payment.get', userVerified: true },
    });
    const other = { ...shown, total: { ...shown.total, value: '1.5' } };
    expect(judged({ ...expected, shown: other })).toMatchObject({ genuine: false, reason: 'payment-mismatch' });
  });
});
