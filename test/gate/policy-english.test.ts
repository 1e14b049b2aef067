import { describe, expect, it } from 'vitest';
import { sayPolicy } from '../../src/gate/policy.ts';
import { alicesAddress, chain, ether, tokenAsset } from '../custody/station.ts';
import { type Json, multisig, regtest, sepolia, thirdKey, tokens, wholePolicy } from './whole-policy.ts';

// What people approve is what they read: each part of the policy, sentence by sentence.

const english = (title: string, changes: Record<string, Json | undefined> = {}): readonly string[] =>
  sayPolicy(wholePolicy(changes)).find((part) => part.title === title)?.sentences ?? expect.fail(`no part ${title}`);

/** A policy of as little as a policy may have. */
const least: Record<string, Json | undefined> = {
  evidence: { accepts: ['device'] },
  payment_confirmation: undefined,
  authenticators: undefined,
  authenticators_use: undefined,
  admission: [],
  attesters: undefined,
  chains: [],
  assets: [],
  wallets: [],
  batch_most: undefined,
  limits: undefined,
  young: undefined,
  reference: undefined,
  bands: undefined,
  hours: undefined,
  denied: undefined,
  treasury: undefined,
  breaker: undefined,
  operators: undefined,
  clients: undefined,
  witnesses: undefined,
};

const hotAddress = 'eip155:31337:0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';
const hotKey = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';

const person = (name: string, credential: string, key: string): string =>
  `${name} (hardware credential ${credential.repeat(43)} that cannot be backed up, key ${key})`;
const olivia = person('olivia', 'O', '76a6af07b0ed64a8d3b4d94651d71df067da31d407095c4808eed9140f4fddcb');
const omar = person('omar', 'P', '9312d78f81cf646244df9b5b9a1647c5c79a6f5f4619ba9889cb21b1707e996f');
const oscar = person('oscar', 'Q', '0b864b82f84c5c4444b20cc43c391b2991a6399bcfbd8afea52cde79ef274b50');
const rita = person('rita', 'R', 'cbb8d22fe6cbd679baf8141ea697bce0cf6894ed98ec149be9c953e35fb61b7a');
const rolf = person('rolf', 'S', 'ada58725e6a105b62a4d856f5cdea6232af5dda2f1f882fd691f723df1c0343e');

const said: readonly [title: string, whole: readonly string[], least: readonly string[]][] = [
  [
    'Trust domain',
    ['Client certificates name their roles under spiffe://station.example/.'],
    ['Client certificates name their roles under spiffe://station.example/.'],
  ],
  [
    'Where customers approve',
    [
      'Customers approve with WebAuthn credentials of the relying party approve.example, on https://approve.example and https://www.approve.example and nowhere else.',
    ],
    [
      'Customers approve with WebAuthn credentials of the relying party approve.example, on https://approve.example and https://www.approve.example and nowhere else.',
    ],
  ],
  [
    'Evidence',
    [
      "A customer's approval takes one WebAuthn assertion by a factor of class hardware and evidence of 2 different classes.",
      'What counts as evidence is of the classes device, hardware, totp and mfa-service; a factor counts once, and a one-time code never alone.',
      'A further factor is attested by one WebAuthn assertion by a factor of class hardware, evidence of 2 different classes, evidence of 2 different enrolled factors and evidence of 3 different factors, as far as the account has factors for it.',
    ],
    [
      "A customer's approval takes one WebAuthn assertion.",
      'What counts as evidence is of the class device; a factor counts once, and a one-time code never alone.',
      'A further factor is attested by one WebAuthn assertion, as far as the account has factors for it.',
    ],
  ],
  [
    'How authenticators are used',
    [
      'Every authenticator verifies its user each time, but for class hardware: without it, one of these only adds to another attestation.',
      'Those of class hardware must count their signatures.',
      'Those of class synced are refused once they are backed up.',
    ],
    ['Every authenticator verifies its user each time.'],
  ],
  [
    'Which authenticators are hardware',
    [
      'An authenticator whose credential cannot be backed up is of class hardware where its attestation leads to one (49fac1c4d5a166f2c6e3dd631e218726dffc1fe4cac46a22e1a64e66702bf840) and two (51a3761f75b082b68a08259fc04cc353dd78604806a482665d3436fb94ef6dad).',
      'Only these models (AAGUID) are hardware: 00000000-0000-4000-8000-000000000001 and 00000000-0000-4000-8000-000000000002.',
      'FIDO metadata under FIDO metadata (f097463ebd9bb180c9a78517254be50c7a3fa50b59bc7f0e069d2a23476d0241) refuse models that are reported broken, whatever the class; to be hardware a model is FIDO_CERTIFIED_L1 or better; a model that they do not list is not hardware; the authorities that they name are not believed; 30 days after the next ones are due they make nothing hardware any more.',
    ],
    ['No authenticator is of class hardware: nobody’s attestation is trusted.'],
  ],
  [
    'Payments that browsers show',
    [
      'Withdrawals of assets with a payment currency may be confirmed in the browser’s own dialog (Secure Payment Confirmation), asked for by pages of https://www.exchange.example, also framed by https://app.exchange.example; it shows the payee Exchange (https://www.exchange.example) and the icon https://www.exchange.example/icon.png.',
    ],
    ['No payment is confirmed in a dialog of the browser’s own.'],
  ],
  [
    'Ripening',
    [
      'A new factor counts 24 hours after its notice was delivered.',
      'A new destination can be paid 24 hours after its notice was delivered.',
      'A factor with which an account recovers counts 4 days after its notice was delivered; until then nothing else is added to the account.',
    ],
    [
      'A new factor counts 24 hours after its notice was delivered.',
      'A new destination can be paid 24 hours after its notice was delivered.',
      'A factor with which an account recovers counts 4 days after its notice was delivered; until then nothing else is added to the account.',
    ],
  ],
  [
    'Admission',
    [
      `admission.example vouches for first factors, with its key one, Ed25519 ${'A'.repeat(43)}.`,
      `admission.example vouches for first factors, with its key two, P-256 ${'B'.repeat(43)} ${'C'.repeat(43)}.`,
    ],
    ['Nobody vouches for first factors: no account can enrol one.'],
  ],
  [
    'Assets',
    [
      `ETH (${ether}, 18 decimals): at most 2 ETH in one payment; browsers show it as ETH.`,
      `TST (${tokenAsset}, 6 decimals): at most 1 TST in one payment; Ledger’s description of it has SHA-256 06eb7d6a69ee19e5fbdf749018d3d2abfa04bcbd1365db312eb86dc7169389b8.`,
    ],
    ['No asset may be paid.'],
  ],
  [
    'Chains',
    [
      `On ${chain}, a test network, a transaction may cost up to 0.002 of the native asset in fees, of which up to 0.000000000000001 that it does not state, up to 2 gwei per gas, and may have an access list of up to 2 entries.`,
      `On ${sepolia}, a test network, a transaction may cost up to 0.002 of the native asset in fees, of which up to 0.0000000000001 that it does not state, up to 2 gwei per gas, and may have no access list.`,
      `On ${regtest}, a test network, a transaction may cost up to 0.001 of the native asset in fees, up to 200 satoshi per virtual byte, may be locked until block 900000 at most, and sends change at most 20 addresses ahead of the highest that was seen.`,
    ],
    ['No chain is served.'],
  ],
  [
    'Wallets',
    [
      `hot is ${hotAddress}, with the key ${hotKey} at m/44'/60'/0'/0/0 on the signer ledger, from nonce 0.`,
      'A withdrawal that hot pays takes one WebAuthn assertion by a factor of class hardware, evidence of 2 different classes and evidence of 2 different enrolled factors.',
      `vault is ${regtest}:bcrt1qtestonly and the addresses after it of ${multisig(1)}, of which any 1 sign, on the signers ledger, second.`,
      `desk is ${chain}:0x6813Eb9362372EEF6200f3b1dbC3f819671cBA69, with the key ${thirdKey} by its id 0a1b on the signer hsm, from nonce 0.`,
      'A withdrawal that desk pays takes evidence of 2 different classes, for more than 1.5 ETH and any amount of another asset, or in its place the approval of the operators’ quorum.',
      `till is ${regtest}:bcrt1qtokensonly and no address more, of ${tokens(1)}, of which any 1 sign, with the keys 01 on the signer hsm, 02ff on the signer hsm-2.`,
    ],
    ['There is no wallet.'],
  ],
  [
    'Transactions',
    ["A transaction's nonce is the wallet's next, or at most 3 above it.", 'One transaction makes at most 3 payments.'],
    [
      "A transaction's nonce is the wallet's next, or at most 3 above it.",
      'One transaction makes at most 500 payments.',
    ],
  ],
  [
    'Limits',
    [
      'Each account may be paid up to 3 ETH within any day; more is refused.',
      'The station may pay up to 50000 USD within any week, all assets together; more is held for operators.',
      'Each wallet may pay up to 3 ETH within any hour; more is refused.',
      'Each account may be paid up to 2 ETH within any hour to young destinations; more is held for operators.',
    ],
    ['No limit counts several payments together.'],
  ],
  [
    'Youth',
    ['A destination is young for 2 days after it became ripe, an account for 3 days after its first factor.'],
    ['A destination is young for 7 days after it became ripe, an account for 7 days after its first factor.'],
  ],
  [
    'Reference currency',
    [
      "What counts several assets together counts in USD with 2 decimals, at the operators' prices; they count for 24 hours, and while they are older only what is in an asset's own units holds.",
    ],
    ['No limit counts in a reference currency.'],
  ],
  [
    'Bands',
    [
      'A payment above 1 ETH takes the approval of 2 operators.',
      'A payment above 4000 USD takes the approval of 1 operator and one WebAuthn assertion by a factor of class hardware, evidence of 2 different classes, evidence of 2 different enrolled factors and evidence of 3 different factors.',
    ],
    ['No amount takes more than the customer’s own approval.'],
  ],
  [
    'Hours',
    [
      'Withdrawals are authorized from 07:00 to 20:00 UTC on mon, tue, wed, thu and fri; at other times they are held for operators.',
    ],
    ['Withdrawals are authorized at any hour.'],
  ],
  [
    'Denied destinations',
    ['eip155:31337:0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC is never paid.'],
    ['No destination is denied.'],
  ],
  [
    'Operators',
    [
      `The operators are any 2 of 3: ${olivia}, ${omar} and ${oscar}.`,
      `When too many of them are lost, the recovery quorum stands in: any 1 of 2: ${rita} and ${rolf}.`,
      'They sign with WebAuthn credentials of the relying party localhost, on http://localhost:7480.',
      'What they approve and loosens waits once its notice was delivered: policy 24 hours, a thaw 12 hours, a reinstatement 36 hours.',
      'An act that has not its quorum after 2 days is void.',
    ],
    ['There are no operators.'],
  ],
  [
    'Treasury',
    [
      'A quorum of operators may transfer between the station’s own wallets.',
      `So may it to ${alicesAddress} (cold), even under a freeze.`,
    ],
    ['A quorum of operators may transfer between the station’s own wallets.'],
  ],
  [
    'Circuit breaker',
    [
      'When within an hour more than 10 requests of one account were refused, the account is frozen.',
      "When within a day more than 3 reviews were refused on a wallet's device, the wallet is frozen.",
    ],
    ['Nothing freezes by itself.'],
  ],
  [
    'Clients',
    [
      `Clients’ certificates come from the authorities with SHA-256 ${'a'.repeat(64)} and ${'b'.repeat(64)}.`,
      `Revoked are ${'c'.repeat(64)}.`,
      'The withdrawal service exchange may use hot.',
    ],
    ['Any certificate of the authorities that the config names is taken.'],
  ],
  [
    'Witnesses',
    [
      'The journal’s checkpoints are cosigned by witness.example/w1 and witness.example/w2.',
      'Above 1.5 ETH nothing is signed unless 1 witness cosigned within 24 hours.',
    ],
    ['No witness watches the journal.'],
  ],
];

/** Where one member makes another sentence, of one of the parts above. */
const otherwise: readonly [title: string, changes: Record<string, Json | undefined>, sentence: string][] = [
  [
    'Evidence',
    { 'evidence.accepts': ['hardware', 'mfa-service'], bands: [], 'wallets[0].evidence': undefined },
    'A further factor is attested by one WebAuthn assertion by a factor of class hardware and evidence of 2 different classes, as far as the account has factors for it.',
  ],
  [
    'Which authenticators are hardware',
    { 'authenticators.roots[1]': undefined, 'authenticators.metadata.roots': 'believed' },
    'An authenticator whose credential cannot be backed up is of class hardware where its attestation leads to one (49fac1c4d5a166f2c6e3dd631e218726dffc1fe4cac46a22e1a64e66702bf840) and what the FIDO metadata name for its model.',
  ],
  [
    'Which authenticators are hardware',
    { 'authenticators.metadata.unlisted': 'accept', 'authenticators.metadata.roots': 'believed' },
    'FIDO metadata under FIDO metadata (f097463ebd9bb180c9a78517254be50c7a3fa50b59bc7f0e069d2a23476d0241) refuse models that are reported broken, whatever the class; to be hardware a model is FIDO_CERTIFIED_L1 or better; a model that they do not list is hardware all the same; the authorities that they name for a model are believed; 30 days after the next ones are due they make nothing hardware any more.',
  ],
  [
    'Payments that browsers show',
    { 'payment_confirmation.top_origins': [], 'payment_confirmation.payee_origin': undefined },
    'Withdrawals of assets with a payment currency may be confirmed in the browser’s own dialog (Secure Payment Confirmation), asked for by pages of https://www.exchange.example, never in a frame; it shows the payee Exchange and the icon https://www.exchange.example/icon.png.',
  ],
  ['Ripening', { 'ripening.factor': '90m' }, 'A new factor counts 90 minutes after its notice was delivered.'],
  ['Ripening', { 'ripening.factor': '1s' }, 'A new factor counts 1 second after its notice was delivered.'],
  ['Ripening', { 'ripening.factor': '1m' }, 'A new factor counts 1 minute after its notice was delivered.'],
  ['Ripening', { 'ripening.factor': '1h' }, 'A new factor counts 1 hour after its notice was delivered.'],
  ['Ripening', { 'ripening.factor': '61s' }, 'A new factor counts 61 seconds after its notice was delivered.'],
  ['Ripening', { 'ripening.factor': '0s' }, 'A new factor counts 0 seconds after its notice was delivered.'],
  [
    'Assets',
    { 'assets[1].max_payment': '1230', 'assets[1].ledger_descriptor': undefined },
    `TST (${tokenAsset}, 6 decimals): at most 0.00123 TST in one payment.`,
  ],
  [
    'Assets',
    { 'assets[0].max_payment': '12345000000000000000000', 'assets[0].payment_currency': undefined },
    `ETH (${ether}, 18 decimals): at most 12345 ETH in one payment.`,
  ],
  [
    'Assets',
    { 'assets[0].decimals': 0, 'assets[0].max_payment': '1200', 'assets[0].payment_currency': undefined },
    `ETH (${ether}, 0 decimals): at most 1200 ETH in one payment.`,
  ],
  [
    'Chains',
    { 'chains[2].lock_height': undefined },
    `On ${regtest}, a test network, a transaction may cost up to 0.001 of the native asset in fees, up to 200 satoshi per virtual byte, may not be locked until a later block, and sends change at most 20 addresses ahead of the highest that was seen.`,
  ],
  [
    'Chains',
    { 'chains[1].data_fee': undefined },
    `On ${sepolia}, a test network, a transaction may cost up to 0.002 of the native asset in fees, up to 2 gwei per gas, and may have no access list.`,
  ],
  [
    'Wallets',
    { 'wallets[2].evidence.above': undefined },
    'A withdrawal that desk pays takes evidence of 2 different classes or in its place the approval of the operators’ quorum.',
  ],
  [
    'Wallets',
    { 'wallets[2].evidence.or_operators': false, 'wallets[2].evidence.above[1]': { asset: tokenAsset, amount: '70' } },
    'A withdrawal that desk pays takes evidence of 2 different classes, for more than 0.00007 TST and 1.5 ETH and any amount of another asset.',
  ],
  ['Transactions', { nonce_window: 1 }, "A transaction's nonce is the wallet's next, or at most 0 above it."],
  [
    'Limits',
    { 'limits[0].scope': 'asset', 'limits[0].action': 'hold' },
    'Of the asset there may be paid up to 3 ETH within any day; more is held for operators.',
  ],
  [
    'Limits',
    { 'limits[1].young': 'account', 'limits[1].scope': 'account' },
    'Each account may be paid up to 50000 USD within any week on behalf of young accounts, all assets together; more is held for operators.',
  ],
  [
    'Bands',
    { 'bands[1]': { above: '400001', classes: 2 } },
    'A payment above 4000.01 USD takes evidence of 2 different classes.',
  ],
  [
    'Hours',
    { hours: { days: ['sun', 'sat'], from: '00:05', to: '24:00', action: 'refuse' } },
    'Withdrawals are authorized from 00:05 to 24:00 UTC on sun and sat; at other times they are refused.',
  ],
  [
    'Hours',
    { hours: { days: [], from: '23:59', to: '24:00', action: 'refuse' } },
    'Withdrawals are authorized from 23:59 to 24:00 UTC on no day; at other times they are refused.',
  ],
  [
    'Operators',
    { 'operators.recovery.people[1]': undefined, 'operators.recovery.people[0].backup_eligible': true },
    `When too many of them are lost, the recovery quorum stands in: any 1 of 1: ${rita.replace('cannot', 'may')}.`,
  ],
  ['Treasury', { 'treasury[0].evacuation': false }, `So may it to ${alicesAddress} (cold).`],
  [
    'Clients',
    { 'clients.authorities[1]': undefined },
    `Clients’ certificates come from the authority with SHA-256 ${'a'.repeat(64)}.`,
  ],
  ['Clients', { 'clients.wallets[0].wallets': [] }, 'The withdrawal service exchange may use no wallet.'],
  [
    'Witnesses',
    {
      'witnesses.large_withdrawals.by': 2,
      'witnesses.large_withdrawals.above[1]': { asset: tokenAsset, amount: '70' },
    },
    'Above 1.5 ETH and 0.00007 TST nothing is signed unless 2 witnesses cosigned within 24 hours.',
  ],
  ...(
    [
      ['refusals', 'account', 'more than 1 requests of one account were refused'],
      ['client-refusals', 'station', 'more than 1 requests under one client certificate were refused'],
      ['attestation-failures', 'account', 'more than 1 attestations of one account did not verify'],
      ['shared-destination', 'destination', 'more than 1 accounts paid one destination'],
      ['first-withdrawals', 'station', 'more than 1 accounts made their first withdrawal'],
      ['outflow-share', 'wallet', "one account had more than 1 percent of a wallet's outflow"],
      ['device-refusals', 'wallet', "more than 1 reviews were refused on a wallet's device"],
    ] as const
  ).map(([watch, freeze, what]): [string, Record<string, Json>, string] => [
    'Circuit breaker',
    { breaker: [{ watch, window: 'week', above: 1, freeze }] },
    `When within a week ${what}, the ${freeze} is frozen.`,
  ]),
];

describe('S10: the policy in English', () => {
  it('has these parts, in this order', () => {
    expect(sayPolicy(wholePolicy()).map(({ title }) => title)).toEqual([
      'Trust domain',
      'Where customers approve',
      'Evidence',
      'How authenticators are used',
      'Which authenticators are hardware',
      'Payments that browsers show',
      'Ripening',
      'Admission',
      'MFA services',
      'Chains',
      'Assets',
      'Wallets',
      'Transactions',
      'Limits',
      'Youth',
      'Reference currency',
      'Bands',
      'Hours',
      'Denied destinations',
      'Operators',
      'Treasury',
      'Circuit breaker',
      'Clients',
      'Witnesses',
    ]);
  });

  it.each(said)('says all of "%s"', (title, whole) => {
    expect(english(title)).toEqual(whole);
  });

  it.each(said)('says of "%s" what holds where the policy says nothing of it', (title, _, sentences) => {
    expect(english(title, least)).toEqual(sentences);
  });

  it.each(otherwise)('"%s" with %j: %s', (title, changes, sentence) => {
    expect(english(title, changes)).toContain(sentence);
  });

  it('A5: says whose attestation is believed where policy pins nobody', () => {
    const unpinned = { 'authenticators.roots': undefined, 'authenticators.aaguids': undefined };
    const said = (changes: Record<string, Json | undefined>) =>
      english('Which authenticators are hardware', { ...unpinned, ...changes })[0];
    expect(said({})).toBe('No authenticator is of class hardware: nobody’s attestation is trusted.');
    expect(said({ 'authenticators.metadata.roots': 'believed' })).toBe(
      'An authenticator whose credential cannot be backed up is of class hardware where its attestation leads to what the FIDO metadata name for its model.',
    );
    const pinned = english('Which authenticators are hardware', { 'authenticators.metadata': undefined });
    expect(pinned).toHaveLength(2);
    expect(pinned[0]).toContain('leads to one (');
  });

  it('says nothing of revocations where there are none', () => {
    expect(english('Clients', { 'clients.revoked': undefined, 'clients.wallets': undefined })).toEqual([
      `Clients’ certificates come from the authorities with SHA-256 ${'a'.repeat(64)} and ${'b'.repeat(64)}.`,
    ]);
    expect(wholePolicy({ 'clients.revoked': undefined }).clients?.revoked.size).toBe(0);
  });

  it('shows a long deny list by its beginning, and how many more there are', () => {
    const address = (i: number): string => `eip155:31337:0x${String(i).padStart(40, '0')}`;
    const denied = (count: number) =>
      english('Denied destinations', { denied: Array.from({ length: count }, (_, i) => address(i)) });
    expect(denied(20)).toHaveLength(20);
    expect(denied(20).at(-1)).toBe(`${address(19)} is never paid.`);
    expect(denied(22)).toEqual([...denied(20), 'Nor are 2 others.']);
  });
});
