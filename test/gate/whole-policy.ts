import { parse } from 'yaml';
import { addressOfKey } from '../../src/chains/ethereum/index.ts';
import { formatDescriptor } from '../../src/domain/index.ts';
import { type Policy, parsePolicy } from '../../src/gate/policy.ts';
import { alicesAddress, chain, ether, mallorysAddress, tokenAsset } from '../custody/station.ts';
import { testAuthorities } from './test-authorities.ts';

// A policy that says something of everything that policies can say.

export type Json = string | number | boolean | Json[] | { [name: string]: Json };

const person = (name: string, at: string): string =>
  `{ name: ${name}, credential: ${at.repeat(43)}, key: ${at.repeat(40)}, class: hardware, backup_eligible: false }`;

const hot = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
export const otherKey = '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5';
export const thirdKey = '02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9';
export const sepolia = 'eip155:11155111';
export const regtest = 'bip122:0f9188f13cb7b2c71f2a335e3a4fc328';
/** A multisig of keys that nobody has: of an extended key the gate reads no more than its alphabet. */
export const multisig = (threshold: number): string =>
  formatDescriptor({
    derives: true,
    script: 'wsh-sortedmulti',
    threshold,
    keys: ['A', 'B'].map((of) => ({ fingerprint: '00000001', path: "m/48'/1'/0'/2'", xpub: of.repeat(111) })),
  });

/** A multisig of tokens' keys: raw ones, which nobody has either. */
export const tokens = (threshold: number): string =>
  formatDescriptor({
    derives: false,
    script: 'wsh-sortedmulti',
    threshold,
    keys: [hot, otherKey].map((publicKey) => ({ publicKey })),
  });

export const aaguids = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'] as const;
/** Keys of nobody's, in the form of witnesses'. */
export const witnessKeys = [
  'witness.example/w1+05a4155f+BAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB',
  'witness.example/w2+b3bbd98b+BAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC',
  'witness.example/w3+9609a571+BAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD',
] as const;
/** JSON is YAML. */
const inYaml = (pem: string): string => JSON.stringify(pem);

export const wholePolicyText = `version: 1
trust_domain: station.example
approvals: { rp_id: approve.example, origins: ['https://approve.example', 'https://www.approve.example'] }
ripening: { factor: 24h, destination: 24h, recovery: 96h }
evidence: { assertions: 2, classes: 2, enrolments: 1, webauthn: 1, hardware: 1, accepts: [device, hardware, totp, mfa-service] }
payment_confirmation:
  origins: ['https://www.exchange.example']
  top_origins: ['https://app.exchange.example']
  payee_name: Exchange
  payee_origin: https://www.exchange.example
  icon: https://www.exchange.example/icon.png
authenticators:
  roots: [{ name: one, certificate: ${inYaml(testAuthorities.one)} }, { name: two, certificate: ${inYaml(testAuthorities.two)} }]
  aaguids: [${aaguids[0]}, ${aaguids[1]}]
  metadata: { root: ${inYaml(testAuthorities.meta)}, certification: FIDO_CERTIFIED_L1, unlisted: refuse, grace: 30d, roots: ignored }
authenticators_use: { unverified: [hardware], moving_counter: [hardware], not_backed_up: [synced] }
admission:
  - { issuer: admission.example, kid: one, jwk: { kty: OKP, crv: Ed25519, x: ${'A'.repeat(43)} } }
  - { issuer: admission.example, kid: two, jwk: { kty: EC, crv: P-256, x: ${'B'.repeat(43)}, y: ${'C'.repeat(43)} } }
attesters:
  - { issuer: mfa.example, kid: m1, jwk: { kty: OKP, crv: Ed25519, x: ${'D'.repeat(43)} }, until: '2022-02-01T00:00:00Z' }
  - { issuer: mfa.example, kid: m2, jwk: { kty: EC, crv: P-256, x: ${'E'.repeat(43)}, y: ${'F'.repeat(43)} }, from: '2022-01-01T00:00:00Z' }
chains:
  - { chain: '${chain}', max_fee: '2000000000000000', max_fee_per_gas: '2000000000', data_fee: '1000', access_list_entries: 2 }
  - { chain: '${sepolia}', max_fee: '2000000000000000', max_fee_per_gas: '2000000000', data_fee: '100000', access_list_entries: 0 }
  - { chain: '${regtest}', max_fee: '100000', max_fee_per_kvb: '200000', change_gap: 20, lock_height: 900000 }
assets:
  - { asset: '${ether}', symbol: ETH, decimals: 18, max_payment: '2000000000000000000', payment_currency: ETH }
  - { asset: '${tokenAsset}', symbol: TST, decimals: 6, max_payment: '1000000', ledger_descriptor: '00ff' }
wallets:
  - { id: hot, chain: '${chain}', signer: ledger, path: "m/44'/60'/0'/0/0", address: '${chain}:${addressOfKey(hot)}', public_key: '${hot}', first_nonce: '0', evidence: { assertions: 2, classes: 2, enrolments: 2, webauthn: 1, hardware: 1 } }
  - { id: vault, chain: '${regtest}', address: '${regtest}:bcrt1qtestonly', descriptor: "${multisig(1)}", signers: [ledger, second] }
  - { id: desk, chain: '${chain}', signer: hsm, key: '0a1b', address: '${chain}:${addressOfKey(thirdKey)}', public_key: '${thirdKey}', first_nonce: '0', evidence: { classes: 2, above: [{ asset: '${ether}', amount: '1500000000000000000' }], or_operators: true } }
  - { id: till, chain: '${regtest}', address: '${regtest}:bcrt1qtokensonly', descriptor: "${tokens(1)}", keys: ['01', '02ff'], signers: [hsm, hsm-2] }
nonce_window: 4
batch_most: 3
limits:
  - { scope: account, window: day, asset: '${ether}', most: '3000000000000000000' }
  - { scope: station, window: week, most: '5000000', action: hold }
  - { scope: wallet, window: hour, asset: '${ether}', most: '3000000000000000000' }
  - { scope: account, window: hour, asset: '${ether}', most: '2000000000000000000', young: destination, action: hold }
young: { destination: 48h, account: 72h }
reference: { currency: USD, decimals: 2, prices_last: 24h }
bands:
  - { asset: '${ether}', above: '1000000000000000000', operators: 2 }
  - { above: '400000', operators: 1, assertions: 3, classes: 2, enrolments: 2, webauthn: 1, hardware: 1 }
hours: { days: [mon, tue, wed, thu, fri], from: '07:00', to: '20:00', action: hold }
denied: ['${mallorysAddress}']
treasury:
  - { address: '${alicesAddress}', label: cold, evacuation: true }
breaker:
  - { watch: refusals, window: hour, above: 10, freeze: account }
  - { watch: device-refusals, window: day, above: 3, freeze: wallet }
operators:
  rp_id: localhost
  origins: ['http://localhost:7480']
  quorum: 2
  people: [${person('olivia', 'O')}, ${person('omar', 'P')}, ${person('oscar', 'Q')}]
  recovery: { quorum: 1, people: [${person('rita', 'R')}, ${person('rolf', 'S')}] }
  delays: { policy: 24h, thaw: 12h, reinstate: 36h }
  open_for: 48h
clients:
  authorities: [${'a'.repeat(64)}, ${'b'.repeat(64)}]
  revoked: [${'c'.repeat(64)}]
  wallets: [{ client: exchange, wallets: [hot] }]
witnesses:
  keys: ['${witnessKeys[0]}', '${witnessKeys[1]}']
  large_withdrawals: { cosigned_within: 24h, by: 1, above: [{ asset: '${ether}', amount: '1500000000000000000' }] }
`;

const read: { [name: string]: Json } = parse(wholePolicyText);

export function wholeDocument(): { [name: string]: Json } {
  return structuredClone(read);
}

/** The whole policy with members replaced or, where undefined, left out; `at` as in `limits[0].most`. */
export function wholePolicy(changes: Readonly<Record<string, Json | undefined>> = {}): Policy {
  const document = wholeDocument();
  for (const [at, value] of Object.entries(changes)) put(document, at, value);
  return parsePolicy(document);
}

export function put(document: { [name: string]: Json }, at: string, value: Json | undefined): void {
  const steps = at.split(/[.[\]]+/).filter((step) => step !== '');
  const last = steps.pop() ?? '';
  let where: Json = document;
  for (const step of steps) where = (where as { [name: string]: Json })[step] as Json;
  if (Array.isArray(where) && value === undefined) where.splice(Number(last), 1);
  else if (value === undefined) delete (where as { [name: string]: Json })[last];
  else (where as { [name: string]: Json })[last] = value;
}
