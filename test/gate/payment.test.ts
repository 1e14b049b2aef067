import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, type AssetId, paymentTo } from '../../src/domain/index.ts';
import { paymentExpected, paymentOf } from '../../src/gate/payment.ts';
import { sayPolicy } from '../../src/gate/policy.ts';
import { alicesAddress, chain, ether, tokenAsset } from '../custody/station.ts';
import { type Json, sepolia, wholePolicy } from './whole-policy.ts';

const payable = { asset: ether, amount: 1_500_000_000_000_000_001n, destination: alicesAddress, maxFee: 10n ** 15n };
const text = (of: Partial<typeof payable>, changes: Record<string, Json | undefined> = {}) =>
  paymentOf({ ...payable, ...of }, wholePolicy(changes))?.instrument.displayName;

describe('A11: what a browser is to show of a withdrawal', () => {
  it('is its destination, asset, amount and fees in full, from the intent and the policy alone', () => {
    expect(paymentOf(payable, wholePolicy())).toEqual({
      payeeName: 'Exchange',
      payeeOrigin: 'https://www.exchange.example',
      total: { currency: 'ETH', value: '1.500000000000000001' },
      instrument: {
        displayName:
          'to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 on eip155:31337: 1.500000000000000001 ETH, fees up to 0.001 ETH',
        icon: 'https://www.exchange.example/icon.png',
      },
    });
  });

  it('is of a token in its own units, its fees in the chain’s coin', () => {
    const changes = { 'assets[1].payment_currency': 'XTS' };
    const shown = paymentOf({ ...payable, asset: tokenAsset, amount: 20_000_000n }, wholePolicy(changes));
    expect(shown?.total).toEqual({ currency: 'XTS', value: '20' });
    expect(shown?.instrument.displayName).toMatch(/: 20 TST, fees up to 0\.001 ETH$/);
  });

  it('says fees in base units where the policy knows no coin of the chain', () => {
    const onSepolia = `${sepolia}/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3`;
    const changes = { 'assets[1].asset': onSepolia, 'assets[1].payment_currency': 'XTS' };
    const said = text({ asset: onSepolia as AssetId, amount: 1n, maxFee: 7n }, changes);
    expect(said).toMatch(/: 0\.000001 TST, fees up to 7 base units of the native asset$/);
  });

  it('is nothing where policy names no page, no currency, or not the asset', () => {
    expect(paymentOf(payable, wholePolicy({ payment_confirmation: undefined }))).toBeUndefined();
    expect(paymentOf(payable, wholePolicy({ 'assets[0].payment_currency': undefined }))).toBeUndefined();
    expect(paymentOf({ ...payable, asset: `${chain}/slip44:1` as AssetId }, wholePolicy())).toBeUndefined();
    expect(paymentExpected(payable, wholePolicy({ payment_confirmation: undefined }))).toBeUndefined();
    expect(paymentExpected(payable, wholePolicy({ 'assets[0].payment_currency': undefined }))).toBeUndefined();
  });

  it('comes with the origins that may ask for it', () => {
    expect(paymentExpected(payable, wholePolicy())).toEqual({
      shown: paymentOf(payable, wholePolicy()),
      origins: ['https://www.exchange.example'],
      topOrigins: ['https://app.exchange.example'],
    });
  });

  it('differs wherever the payment does', () => {
    const policy = wholePolicy({ 'assets[1].payment_currency': 'ETH' });
    const some = fc.record({
      asset: fc.constantFrom(ether, tokenAsset),
      amount: fc.bigInt({ min: 1n, max: 10n ** 24n }),
      destination: fc.constantFrom(alicesAddress, `${sepolia}:0x70997970C51812dc3A010C7d01b50e0d17dc79C8` as Address),
      maxFee: fc.bigInt({ min: 0n, max: 10n ** 18n }),
    });
    fc.assert(
      fc.property(some, some, (one, other) => {
        const same =
          one.amount === other.amount &&
          one.asset === other.asset &&
          one.destination === other.destination &&
          one.maxFee === other.maxFee;
        const [a, b] = [one, other].map((of) => JSON.stringify(paymentOf(of, policy)));
        expect(a === b).toBe(same);
      }),
    );
    fc.assert(
      fc.property(some, (of) => {
        const { total, instrument } = paymentOf(of, policy) ?? expect.fail('shown');
        // Payment Request §7.1: "valid decimal monetary value"; what it says is the amount, exactly.
        expect(total.value).toMatch(/^[0-9]+(\.[0-9]+)?$/);
        const [whole = '', fraction = ''] = total.value.split('.');
        const decimals = of.asset === ether ? 18 : 6;
        expect(BigInt(whole + fraction.padEnd(decimals, '0'))).toBe(of.amount);
        expect(instrument.displayName.startsWith(paymentTo(of.destination))).toBe(true);
      }),
    );
  });
});

describe('where a policy lets browsers show payments', () => {
  const at = 'payment_confirmation';
  const icon = (value: Json) => ({ [`${at}.icon`]: value });

  it.each<[changes: Record<string, Json | undefined>, message: string]>([
    [{ [`${at}.origins`]: [] }, `policy.${at}.origins: names no origin`],
    [{ [`${at}.origins[0]`]: 'http://www.exchange.example' }, `policy.${at}.origins[0]: expected an https origin`],
    [{ [`${at}.origins[0]`]: 'https://www.exchange.example/pay' }, `policy.${at}.origins[0]: expected an https origin`],
    [{ [`${at}.origins[0]`]: 'exchange' }, `policy.${at}.origins[0]: expected an origin`],
    [{ [`${at}.top_origins[0]`]: '*' }, `policy.${at}.top_origins[0]: expected an origin`],
    [{ [`${at}.payee_name`]: undefined }, `policy.${at}.payee_name: is missing`],
    [{ [`${at}.payee_name`]: 'Exchange\u202e' }, `policy.${at}.payee_name: expected a name`],
    [{ [`${at}.payee_name`]: ' Exchange' }, `policy.${at}.payee_name: expected a name`],
    [{ [`${at}.payee_name`]: 'Ехchange' }, `policy.${at}.payee_name: expected a name`],
    [{ [`${at}.payee_name`]: 'x'.repeat(65) }, `policy.${at}.payee_name: expected a name`],
    [{ [`${at}.payee_origin`]: 'http://localhost' }, `policy.${at}.payee_origin: expected an https origin`],
    [icon('http://www.exchange.example/icon.png'), `policy.${at}.icon: expected an https URL`],
    [icon('https://www.exchange.example'), `policy.${at}.icon: expected an https URL`],
    [icon('https://www.exchange.example/a/../icon.png'), `policy.${at}.icon: expected an https URL`],
    [icon('https://www.exchange.example/ä.png'), `policy.${at}.icon: expected an https URL`],
    [icon('https://['), `policy.${at}.icon: expected an https URL`],
    [icon('data:text/html;base64,AAAA'), `policy.${at}.icon: expected an https URL`],
    [icon('data:image/png;base64,'), `policy.${at}.icon: expected an https URL`],
    [icon(`data:image/png;base64,${'A'.repeat(2048)}`), `policy.${at}.icon: is longer than 2048`],
    [{ [`${at}.instrument`]: 'x' }, `policy.${at}.instrument: is not a member`],
    [{ 'assets[0].payment_currency': 'USDT' }, 'policy.assets[0].payment_currency: expected three capital letters'],
    [{ 'assets[0].payment_currency': 'eth' }, 'policy.assets[0].payment_currency: expected three capital letters'],
    [{ 'assets[0].payment_currency': 'E7H' }, 'policy.assets[0].payment_currency: expected three capital letters'],
  ])('what browsers would not take, or people misread, is refused: %j', (changes, message) => {
    expect(() => wholePolicy(changes)).toThrow(message);
  });

  it('an icon of up to 2048 characters may stand in the policy itself', () => {
    const held = `data:image/png;base64,${'A'.repeat(2000)}`;
    expect(wholePolicy(icon(held)).payment?.icon).toBe(held);
    const title = 'Payments that browsers show';
    const said = sayPolicy(wholePolicy(icon(held)))
      .find((part) => part.title === title)
      ?.sentences.join();
    expect(said).toContain(`${held.slice(0, 64)}… (2022 characters)`);
  });

  it('is told in English', () => {
    const said = (changes: Record<string, Json | undefined> = {}) =>
      sayPolicy(wholePolicy(changes)).find(({ title }) => title === 'Payments that browsers show')?.sentences;
    expect(said()).toEqual([
      'Withdrawals of assets with a payment currency may be confirmed in the browser’s own dialog (Secure Payment Confirmation), asked for by pages of https://www.exchange.example, also framed by https://app.exchange.example; it shows the payee Exchange (https://www.exchange.example) and the icon https://www.exchange.example/icon.png.',
    ]);
    expect(said({ [`${at}.top_origins`]: undefined })?.[0]).toContain('never in a frame');
    expect(said({ [at]: undefined })).toEqual(['No payment is confirmed in a dialog of the browser’s own.']);
  });
});

describe('A5: how authenticators are used', () => {
  it.each<[changes: Record<string, Json | undefined>, message: string]>([
    [{ 'authenticators_use.unverified': ['totp'] }, 'policy.authenticators_use.unverified[0]: expected device, synced'],
    [{ 'authenticators_use.moving_counter': 'hardware' }, 'policy.authenticators_use.moving_counter: expected a list'],
    [{ 'authenticators_use.no_uv': ['hardware'] }, 'policy.authenticators_use.no_uv: is not a member'],
  ])('in other words is refused: %j', (changes, message) => {
    expect(() => wholePolicy(changes)).toThrow(message);
  });

  it('without a word of it every authenticator verifies its user, and nothing else is asked', () => {
    expect(wholePolicy({ authenticators_use: undefined }).authenticatorsUse).toEqual({
      unverified: [],
      movingCounter: [],
      notBackedUp: [],
    });
  });
});
