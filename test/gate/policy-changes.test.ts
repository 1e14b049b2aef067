import { describe, expect, it, vi } from 'vitest';
import { Members } from '../../src/gate/document.ts';
import type { Direction } from '../../src/gate/policy/change.ts';
import { onlyTightens, policyChanges, sayPolicy } from '../../src/gate/policy.ts';
import { alicesAddress, chain, ether, mallorysAddress, tokenAsset } from '../custody/station.ts';
import { testAuthorities } from './test-authorities.ts';
import {
  aaguids,
  type Json,
  multisig,
  otherKey,
  regtest,
  sepolia,
  tokens,
  wholeDocument,
  wholePolicy,
  witnessKeys,
} from './whole-policy.ts';

const { three, meta2 } = testAuthorities;
const model = '00000000-0000-4000-8000-000000000003';
const fresh = 'eip155:31337:0x90F79bf6EB2c4f870365E785982E1f101E93b906';
/** A second wallet. */
const warm = {
  id: 'warm',
  chain,
  signer: 'ledger',
  path: "m/44'/60'/0'/0/7",
  address: fresh,
  public_key: otherKey,
  first_nonce: '0',
};
const newcomer = {
  name: 'otto',
  credential: 'T'.repeat(43),
  key: 'T'.repeat(40),
  class: 'hardware',
  backup_eligible: false,
};
const list = (name: string): Json[] => wholeDocument()[name] as Json[];
const people = (): Json[] => (wholeDocument()['operators'] as { people: Json[] }).people;

/** A change of the whole policy, what it is called, and its direction. */
const rows: readonly [changes: Record<string, Json | undefined>, member: string, direction: Direction][] = [
  [{ trust_domain: 'other.example' }, 'trust_domain', 'looser'],
  [{ 'approvals.rp_id': 'example', 'approvals.origins': ['https://approve.example'] }, 'approvals.rp_id', 'looser'],
  [{ 'approvals.origins[1]': undefined }, 'approvals.origins[https://www.approve.example]', 'tighter'],
  [{ 'approvals.origins[2]': 'https://x.approve.example' }, 'approvals.origins[https://x.approve.example]', 'looser'],
  [{ 'ripening.factor': '25h' }, 'ripening.factor', 'looser'],
  [{ 'ripening.factor': '23h' }, 'ripening.factor', 'looser'],
  [{ 'ripening.recovery': '97h' }, 'ripening.recovery', 'looser'],
  [{ 'ripening.recovery': '95h' }, 'ripening.recovery', 'looser'],
  [{ 'ripening.destination': '25h' }, 'ripening.destination', 'tighter'],
  [{ 'ripening.destination': '23h' }, 'ripening.destination', 'looser'],
  [{ 'evidence.webauthn': 2 }, 'evidence', 'tighter'],
  [{ 'evidence.assertions': 3 }, 'evidence', 'tighter'],
  [{ 'evidence.classes': 3 }, 'evidence', 'tighter'],
  [{ 'evidence.classes': undefined }, 'evidence', 'looser'],
  [{ 'evidence.enrolments': 2 }, 'evidence', 'tighter'],
  [{ 'evidence.hardware': undefined }, 'evidence', 'looser'],
  [{ 'evidence.hardware': undefined, 'evidence.webauthn': 0 }, 'evidence', 'looser'],
  [{ 'evidence.classes': undefined, 'evidence.webauthn': 2 }, 'evidence', 'looser'],
  [{ 'evidence.accepts': ['hardware', 'totp', 'mfa-service'] }, 'evidence.accepts[device]', 'looser'],
  [{ 'evidence.accepts[4]': 'synced' }, 'evidence.accepts[synced]', 'looser'],
  [
    { 'payment_confirmation.origins[0]': 'https://x.example' },
    'payment_confirmation.origins[https://x.example]',
    'looser',
  ],
  [
    { 'payment_confirmation.origins[1]': 'https://x.example' },
    'payment_confirmation.origins[https://x.example]',
    'looser',
  ],
  [
    { 'payment_confirmation.top_origins': undefined },
    'payment_confirmation.top_origins[https://app.exchange.example]',
    'tighter',
  ],
  [
    { 'payment_confirmation.top_origins[1]': 'https://x.example' },
    'payment_confirmation.top_origins[https://x.example]',
    'looser',
  ],
  [{ 'payment_confirmation.payee_name': 'Exchange 2' }, 'payment_confirmation.payee_name', 'looser'],
  [{ 'payment_confirmation.payee_origin': 'https://x.example' }, 'payment_confirmation.payee_origin', 'looser'],
  [{ 'payment_confirmation.payee_origin': undefined }, 'payment_confirmation.payee_origin', 'looser'],
  [{ 'payment_confirmation.icon': 'data:image/png;base64,AAAA' }, 'payment_confirmation.icon', 'looser'],
  [{ payment_confirmation: undefined }, 'payment_confirmation', 'tighter'],
  [{ 'authenticators.roots[2]': { name: 'three', certificate: three } }, 'authenticators.roots[three]', 'looser'],
  [{ 'authenticators.roots[0]': undefined }, 'authenticators.roots[one]', 'tighter'],
  [{ 'authenticators.roots[0].name': 'uno' }, 'authenticators.roots[uno]', 'looser'],
  [{ 'authenticators.roots[0].certificate': three }, 'authenticators.roots[one]', 'looser'],
  [{ 'authenticators.aaguids[0]': undefined }, `authenticators.aaguids[${aaguids[0]}]`, 'tighter'],
  [{ 'authenticators.aaguids[2]': model }, `authenticators.aaguids[${model}]`, 'looser'],
  [{ 'authenticators.aaguids': undefined }, 'authenticators.aaguids', 'looser'],
  [{ 'authenticators.metadata.root': meta2 }, 'authenticators.metadata.root', 'looser'],
  [{ 'authenticators.metadata.certification': 'FIDO_CERTIFIED' }, 'authenticators.metadata.certification', 'looser'],
  [
    { 'authenticators.metadata.certification': 'FIDO_CERTIFIED_L1plus' },
    'authenticators.metadata.certification',
    'tighter',
  ],
  [{ 'authenticators.metadata.unlisted': 'accept' }, 'authenticators.metadata.unlisted', 'looser'],
  [{ 'authenticators.metadata.grace': '31d' }, 'authenticators.metadata.grace', 'looser'],
  [{ 'authenticators.metadata.grace': '29d' }, 'authenticators.metadata.grace', 'tighter'],
  [{ 'authenticators.metadata.roots': 'believed' }, 'authenticators.metadata.roots', 'looser'],
  [{ 'authenticators.metadata': undefined }, 'authenticators.metadata', 'looser'],
  [{ authenticators: undefined }, 'authenticators.aaguids', 'looser'],
  [{ 'authenticators_use.unverified': [] }, 'authenticators_use.unverified[hardware]', 'tighter'],
  [{ 'authenticators_use.unverified[1]': 'device' }, 'authenticators_use.unverified[device]', 'looser'],
  [{ 'authenticators_use.moving_counter': undefined }, 'authenticators_use.moving_counter[hardware]', 'looser'],
  [{ 'authenticators_use.moving_counter[1]': 'device' }, 'authenticators_use.moving_counter[device]', 'tighter'],
  [{ 'authenticators_use.not_backed_up': [] }, 'authenticators_use.not_backed_up[synced]', 'looser'],
  [{ 'authenticators_use.not_backed_up[1]': 'hardware' }, 'authenticators_use.not_backed_up[hardware]', 'tighter'],
  [{ authenticators_use: undefined }, 'authenticators_use.moving_counter[hardware]', 'looser'],
  [{ 'assets[0].payment_currency': 'XET' }, `assets[${ether}].payment_currency`, 'looser'],
  [{ 'assets[1].payment_currency': 'TST' }, `assets[${tokenAsset}].payment_currency`, 'looser'],
  [{ 'assets[0].payment_currency': undefined }, `assets[${ether}].payment_currency`, 'tighter'],
  [{ 'admission[0].issuer': 'other.example' }, 'admission[one].issuer', 'looser'],
  [{ 'admission[0].kid': 'three' }, 'admission[three]', 'looser'],
  [{ 'admission[0].jwk.x': 'D'.repeat(43) }, 'admission[one].jwk', 'looser'],
  [{ 'admission[1].jwk.y': 'D'.repeat(43) }, 'admission[two].jwk', 'looser'],
  [{ 'admission[1].jwk': { kty: 'OKP', crv: 'Ed25519', x: 'B'.repeat(43) } }, 'admission[two].jwk', 'looser'],
  [{ 'admission[0]': undefined }, 'admission[one]', 'tighter'],
  [{ 'attesters[0].issuer': 'other.example' }, 'attesters[m1].issuer', 'looser'],
  [{ 'attesters[0].kid': 'm3' }, 'attesters[m3]', 'looser'],
  [{ 'attesters[0].jwk.x': 'G'.repeat(43) }, 'attesters[m1].jwk', 'looser'],
  [{ 'attesters[1].jwk.y': 'G'.repeat(43) }, 'attesters[m2].jwk', 'looser'],
  [{ 'attesters[1].jwk': { kty: 'OKP', crv: 'Ed25519', x: 'E'.repeat(43) } }, 'attesters[m2].jwk', 'looser'],
  [{ 'attesters[0].until': '2022-02-01T00:00:01Z' }, 'attesters[m1].until', 'looser'],
  [{ 'attesters[0].until': undefined }, 'attesters[m1].until', 'looser'],
  [{ 'attesters[0].until': '2022-01-31T23:59:59Z' }, 'attesters[m1].until', 'tighter'],
  [{ 'attesters[1].until': '2023-01-01T00:00:00Z' }, 'attesters[m2].until', 'tighter'],
  [{ 'attesters[1].from': '2021-12-31T23:59:59Z' }, 'attesters[m2].from', 'looser'],
  [{ 'attesters[1].from': undefined }, 'attesters[m2].from', 'looser'],
  [{ 'attesters[1].from': '2022-01-01T00:00:01Z' }, 'attesters[m2].from', 'tighter'],
  [{ 'attesters[0].from': '2021-01-01T00:00:00Z' }, 'attesters[m1].from', 'tighter'],
  [{ 'attesters[0]': undefined }, 'attesters[m1]', 'tighter'],
  [{ attesters: undefined, 'evidence.accepts': ['device', 'hardware', 'totp'] }, 'attesters[m2]', 'tighter'],
  [{ 'chains[0].max_fee': '2000000000000001' }, `chains[${chain}].max_fee`, 'looser'],
  [{ 'chains[0].max_fee': '1999999999999999' }, `chains[${chain}].max_fee`, 'tighter'],
  [{ 'chains[0].max_fee_per_gas': '1' }, `chains[${chain}].max_fee_per_gas`, 'tighter'],
  [{ 'chains[0].max_fee_per_gas': '2000000001' }, `chains[${chain}].max_fee_per_gas`, 'looser'],
  [{ 'chains[0].data_fee': '1001' }, `chains[${chain}].data_fee`, 'tighter'],
  [{ 'chains[0].data_fee': undefined }, `chains[${chain}].data_fee`, 'looser'],
  [{ 'chains[0].access_list_entries': 3 }, `chains[${chain}].access_list_entries`, 'looser'],
  [{ 'chains[0].access_list_entries': 0 }, `chains[${chain}].access_list_entries`, 'tighter'],
  [{ 'chains[2].max_fee_per_kvb': '1' }, `chains[${regtest}].max_fee_per_kvb`, 'tighter'],
  [{ 'chains[2].max_fee_per_kvb': '200001' }, `chains[${regtest}].max_fee_per_kvb`, 'looser'],
  [{ 'chains[2].change_gap': 1 }, `chains[${regtest}].change_gap`, 'tighter'],
  [{ 'chains[2].change_gap': 21 }, `chains[${regtest}].change_gap`, 'looser'],
  [{ 'chains[2].lock_height': 0 }, `chains[${regtest}].lock_height`, 'tighter'],
  [{ 'chains[2].lock_height': 900001 }, `chains[${regtest}].lock_height`, 'looser'],
  [{ 'chains[1]': undefined }, `chains[${sepolia}]`, 'tighter'],
  [{ 'chains[1].chain': 'eip155:17000' }, 'chains[eip155:17000]', 'looser'],
  [{ 'assets[0].symbol': 'ETHER' }, `assets[${ether}].symbol`, 'looser'],
  [{ 'assets[0].decimals': 17 }, `assets[${ether}].decimals`, 'looser'],
  [{ 'assets[0].max_payment': '1' }, `assets[${ether}].max_payment`, 'tighter'],
  [{ 'assets[0].max_payment': '2000000000000000001' }, `assets[${ether}].max_payment`, 'looser'],
  [{ 'assets[1].ledger_descriptor': '00fe' }, `assets[${tokenAsset}].ledger_descriptor`, 'looser'],
  [{ 'assets[1].ledger_descriptor': undefined }, `assets[${tokenAsset}].ledger_descriptor`, 'tighter'],
  [{ 'assets[1]': undefined }, `assets[${tokenAsset}]`, 'tighter'],
  [
    { 'assets[1].asset': `${sepolia}/slip44:60`, 'assets[1].ledger_descriptor': undefined },
    `assets[${sepolia}/slip44:60]`,
    'looser',
  ],
  [{ 'wallets[0].id': 'warm', 'clients.wallets[0].wallets': ['warm'] }, 'wallets[warm]', 'looser'],
  [{ wallets: [], 'clients.wallets[0].wallets': [] }, 'wallets[hot]', 'tighter'],
  [
    { 'wallets[0].chain': sepolia, 'wallets[0].address': `${sepolia}:0x90F79bf6EB2c4f870365E785982E1f101E93b906` },
    'wallets[hot].chain',
    'looser',
  ],
  [{ 'wallets[0].signer': 'other' }, 'wallets[hot].signer', 'looser'],
  [{ 'wallets[0].path': "m/44'/60'/0'/0/1" }, 'wallets[hot].path', 'looser'],
  [{ 'wallets[0].address': fresh }, 'wallets[hot].address', 'looser'],
  [{ 'wallets[0].public_key': otherKey }, 'wallets[hot].public_key', 'looser'],
  [{ 'wallets[0].evidence': undefined }, 'wallets[hot].evidence', 'looser'],
  [{ 'wallets[0].evidence.assertions': 3 }, 'wallets[hot].evidence', 'tighter'],
  [{ 'wallets[0].evidence.classes': undefined }, 'wallets[hot].evidence', 'looser'],
  [{ 'wallets[0].evidence.enrolments': 3 }, 'wallets[hot].evidence', 'tighter'],
  [{ 'wallets[0].evidence.webauthn': 2 }, 'wallets[hot].evidence', 'tighter'],
  [{ 'wallets[0].evidence.hardware': undefined }, 'wallets[hot].evidence', 'looser'],
  [{ 'wallets[2].evidence.above[0].amount': '1500000000000000001' }, 'wallets[desk].evidence', 'looser'],
  [{ 'wallets[2].evidence.above[0].amount': '1499999999999999999' }, 'wallets[desk].evidence', 'tighter'],
  [{ 'wallets[2].evidence.above[1]': { asset: tokenAsset, amount: '1' } }, 'wallets[desk].evidence', 'looser'],
  [{ 'wallets[2].evidence.above[0].asset': tokenAsset }, 'wallets[desk].evidence', 'looser'],
  [{ 'wallets[2].evidence.above': undefined }, 'wallets[desk].evidence', 'tighter'],
  [{ 'wallets[2].evidence.or_operators': false }, 'wallets[desk].evidence', 'tighter'],
  [{ 'wallets[2].evidence.or_operators': undefined }, 'wallets[desk].evidence', 'tighter'],
  [{ 'wallets[2].evidence.classes': 3 }, 'wallets[desk].evidence', 'tighter'],
  // Tighter in one thing, and looser in another.
  [
    { 'wallets[2].evidence.classes': 3, 'wallets[2].evidence.above[0].amount': '1600000000000000000' },
    'wallets[desk].evidence',
    'looser',
  ],
  [{ 'wallets[0].evidence.or_operators': true }, 'wallets[hot].evidence', 'looser'],
  [{ 'wallets[0].evidence.above': [{ asset: ether, amount: '1' }] }, 'wallets[hot].evidence', 'looser'],
  [{ 'wallets[1].evidence': { classes: 2, or_operators: true } }, 'wallets[vault].evidence', 'tighter'],
  [{ 'wallets[0].first_nonce': '1' }, 'wallets[hot].first_nonce', 'looser'],
  [{ 'wallets[1].descriptor': multisig(2) }, 'wallets[vault].descriptor', 'looser'],
  [{ 'wallets[1].signers': ['second', 'ledger'] }, 'wallets[vault].signers', 'looser'],
  [{ 'wallets[1].address': `${regtest}:bcrt1qanother` }, 'wallets[vault].address', 'looser'],
  [{ 'wallets[2].key': '0a1c' }, 'wallets[desk].key', 'looser'],
  [{ 'wallets[2].key': undefined, 'wallets[2].path': "m/44'" }, 'wallets[desk].key', 'looser'],
  [{ 'wallets[3].keys': ['02ff', '01'] }, 'wallets[till].keys', 'looser'],
  [{ 'wallets[3].descriptor': tokens(2) }, 'wallets[till].descriptor', 'looser'],
  [{ 'wallets[3].descriptor': multisig(1), 'wallets[3].keys': undefined }, 'wallets[till].keys', 'looser'],
  [{ nonce_window: 5 }, 'nonce_window', 'looser'],
  [{ nonce_window: 3 }, 'nonce_window', 'tighter'],
  [{ batch_most: 4 }, 'batch_most', 'looser'],
  [{ batch_most: undefined }, 'batch_most', 'looser'],
  [{ batch_most: 2 }, 'batch_most', 'tighter'],
  [{ 'limits[0].most': '3000000000000000001' }, `limits[account day ${ether} refuse]`, 'looser'],
  [{ 'limits[0].most': '2999999999999999999' }, `limits[account day ${ether} refuse]`, 'tighter'],
  [{ 'limits[0].scope': 'station' }, `limits[account day ${ether} refuse]`, 'looser'],
  [{ 'limits[0].window': 'hour' }, `limits[account day ${ether} refuse]`, 'looser'],
  [{ 'limits[0].window': 'week' }, `limits[account day ${ether} refuse]`, 'same'],
  [{ 'limits[0].window': 'week' }, `limits[account week ${ether} refuse]`, 'tighter'],
  [{ 'limits[0].asset': tokenAsset }, `limits[account day ${ether} refuse]`, 'looser'],
  [{ 'limits[0].action': 'hold' }, `limits[account day ${ether} refuse]`, 'looser'],
  [{ 'limits[1].most': '4999999' }, 'limits[station week reference hold]', 'tighter'],
  [{ 'limits[1].action': 'refuse' }, 'limits[station week reference hold]', 'same'],
  [{ 'limits[1].action': undefined }, 'limits[station week reference refuse]', 'tighter'],
  [{ 'limits[3].young': undefined }, `limits[account hour ${ether} young destination hold]`, 'looser'],
  [{ 'limits[0]': undefined }, `limits[account day ${ether} refuse]`, 'looser'],
  [{ 'young.destination': '49h' }, 'young.destination', 'tighter'],
  [{ 'young.destination': '47h' }, 'young.destination', 'looser'],
  [{ 'young.account': '73h' }, 'young.account', 'tighter'],
  [{ 'young.account': '1h' }, 'young.account', 'looser'],
  [{ 'reference.currency': 'EUR' }, 'reference.currency', 'looser'],
  [{ 'reference.decimals': 3 }, 'reference.decimals', 'looser'],
  [{ 'reference.prices_last': '25h' }, 'reference.prices_last', 'tighter'],
  [{ 'reference.prices_last': '23h' }, 'reference.prices_last', 'looser'],
  [{ reference: undefined, 'limits[1]': undefined, 'bands[1]': undefined }, 'reference', 'looser'],
  [{ 'bands[0].above': '1000000000000000001' }, `bands[${ether} above 1000000000000000000]`, 'looser'],
  [{ 'bands[0].above': '999999999999999999' }, `bands[${ether} above 1000000000000000000]`, 'same'],
  [{ 'bands[0].above': '999999999999999999' }, `bands[${ether} above 999999999999999999]`, 'tighter'],
  [{ 'bands[0].asset': tokenAsset }, `bands[${ether} above 1000000000000000000]`, 'looser'],
  [{ 'bands[0].operators': 1 }, `bands[${ether} above 1000000000000000000]`, 'looser'],
  [{ 'bands[0].operators': 3 }, `bands[${ether} above 1000000000000000000]`, 'tighter'],
  [{ 'bands[1].classes': 3 }, 'bands[reference above 400000]', 'tighter'],
  [{ 'bands[1].classes': undefined }, 'bands[reference above 400000]', 'looser'],
  [{ 'bands[1].classes': undefined, 'bands[1].webauthn': 2 }, 'bands[reference above 400000]', 'looser'],
  [{ 'bands[1].webauthn': 2 }, 'bands[reference above 400000]', 'tighter'],
  [{ 'bands[1].enrolments': 3 }, 'bands[reference above 400000]', 'tighter'],
  [{ 'bands[1].assertions': 4 }, 'bands[reference above 400000]', 'tighter'],
  [{ 'bands[1].hardware': undefined }, 'bands[reference above 400000]', 'looser'],
  [{ 'bands[1].hardware': 2 }, 'bands[reference above 400000]', 'tighter'],
  [{ 'bands[0]': undefined }, `bands[${ether} above 1000000000000000000]`, 'looser'],
  [{ 'hours.days': ['mon'] }, 'hours.days[fri]', 'tighter'],
  [{ 'hours.days[5]': 'sun' }, 'hours.days[sun]', 'looser'],
  [{ 'hours.from': '06:59' }, 'hours.from', 'looser'],
  [{ 'hours.from': '07:01' }, 'hours.from', 'tighter'],
  [{ 'hours.to': '20:01' }, 'hours.to', 'looser'],
  [{ 'hours.to': '19:59' }, 'hours.to', 'tighter'],
  [{ 'hours.action': 'refuse' }, 'hours.action', 'tighter'],
  [{ hours: undefined }, 'hours', 'looser'],
  [{ 'denied[1]': fresh }, `denied[${fresh}]`, 'tighter'],
  [{ 'denied[0]': undefined }, `denied[${mallorysAddress}]`, 'looser'],
  [{ 'treasury[0].address': fresh }, `treasury[${fresh}]`, 'looser'],
  [{ 'treasury[0].label': 'colder' }, `treasury[${alicesAddress}].label`, 'looser'],
  [{ 'treasury[0].evacuation': undefined }, `treasury[${alicesAddress}].evacuation`, 'tighter'],
  [{ 'treasury[0]': undefined }, `treasury[${alicesAddress}]`, 'tighter'],
  [{ 'breaker[0].watch': 'attestation-failures' }, 'breaker[refusals hour 10 account]', 'looser'],
  [{ 'breaker[0].window': 'day' }, 'breaker[refusals hour 10 account]', 'looser'],
  [{ 'breaker[0].above': 11 }, 'breaker[refusals hour 10 account]', 'looser'],
  [{ 'breaker[0].above': 9 }, 'breaker[refusals hour 10 account]', 'same'],
  [{ 'breaker[0].above': 9 }, 'breaker[refusals hour 9 account]', 'tighter'],
  [{ 'breaker[0].freeze': 'station' }, 'breaker[refusals hour 10 account]', 'looser'],
  [{ 'breaker[1]': undefined }, 'breaker[device-refusals day 3 wallet]', 'looser'],
  [{ 'operators.rp_id': 'example', 'operators.origins': ['https://example'] }, 'operators.rp_id', 'looser'],
  [{ 'operators.origins[1]': 'http://localhost:1' }, 'operators.origins[http://localhost:1]', 'looser'],
  [{ 'operators.quorum': 1 }, 'operators.quorum', 'looser'],
  [{ 'operators.quorum': 3 }, 'operators.quorum', 'tighter'],
  [{ 'operators.people[3]': newcomer }, 'operators.people[otto]', 'looser'],
  [{ 'operators.people[2]': undefined }, 'operators.people[oscar]', 'looser'],
  [{ 'operators.people[0].name': 'opal' }, 'operators.people[opal]', 'looser'],
  [{ 'operators.people[0].credential': 'Z'.repeat(43) }, 'operators.people[olivia].credential', 'looser'],
  [{ 'operators.people[0].key': 'Z'.repeat(40) }, 'operators.people[olivia].key', 'looser'],
  [{ 'operators.people[0].class': 'device' }, 'operators.people[olivia].class', 'looser'],
  [{ 'operators.people[0].backup_eligible': true }, 'operators.people[olivia].backup_eligible', 'looser'],
  [{ 'operators.recovery.quorum': 2 }, 'operators.recovery.quorum', 'tighter'],
  [{ 'operators.recovery.people[0].name': 'ruth' }, 'operators.recovery.people[ruth]', 'looser'],
  [
    { 'operators.recovery.people[0].credential': 'Z'.repeat(43) },
    'operators.recovery.people[rita].credential',
    'looser',
  ],
  [{ 'operators.recovery.people[0].key': 'Z'.repeat(40) }, 'operators.recovery.people[rita].key', 'looser'],
  [{ 'operators.recovery.people[0].class': 'synced' }, 'operators.recovery.people[rita].class', 'looser'],
  [
    { 'operators.recovery.people[0].backup_eligible': true },
    'operators.recovery.people[rita].backup_eligible',
    'looser',
  ],
  [{ 'operators.delays.policy': '23h' }, 'operators.delays.policy', 'looser'],
  [{ 'operators.delays.policy': '25h' }, 'operators.delays.policy', 'tighter'],
  [{ 'operators.delays.thaw': '11h' }, 'operators.delays.thaw', 'looser'],
  [{ 'operators.delays.reinstate': '1h' }, 'operators.delays.reinstate', 'looser'],
  [{ 'operators.open_for': '49h' }, 'operators.open_for', 'looser'],
  [{ 'operators.open_for': '47h' }, 'operators.open_for', 'tighter'],
  [
    { operators: undefined, bands: [], limits: [], hours: undefined, 'wallets[2].evidence': undefined },
    'operators',
    'looser',
  ],
  [{ 'clients.authorities[2]': 'd'.repeat(64) }, `clients.authorities[${'d'.repeat(64)}]`, 'looser'],
  [{ 'clients.authorities[1]': undefined }, `clients.authorities[${'b'.repeat(64)}]`, 'tighter'],
  [{ 'clients.revoked[1]': 'd'.repeat(64) }, `clients.revoked[${'d'.repeat(64)}]`, 'tighter'],
  [{ 'clients.revoked': undefined }, `clients.revoked[${'c'.repeat(64)}]`, 'looser'],
  [{ 'clients.wallets[0].client': 'other' }, 'clients.wallets[exchange]', 'looser'],
  [{ 'clients.wallets[0].client': 'other' }, 'clients.wallets[other]', 'tighter'],
  [{ 'clients.wallets[0].wallets': [] }, 'clients.wallets[exchange][hot]', 'tighter'],
  [{ 'wallets[1]': warm, 'clients.wallets[0].wallets[1]': 'warm' }, 'clients.wallets[exchange][warm]', 'looser'],
  [{ clients: undefined }, 'clients', 'looser'],
  [{ 'witnesses.keys[2]': witnessKeys[2] }, `witnesses.keys[${witnessKeys[2]}]`, 'looser'],
  [{ 'witnesses.keys[1]': undefined }, `witnesses.keys[${witnessKeys[1]}]`, 'tighter'],
  [{ 'witnesses.large_withdrawals.cosigned_within': '23h' }, 'witnesses.large_withdrawals.cosigned_within', 'tighter'],
  [{ 'witnesses.large_withdrawals.cosigned_within': '25h' }, 'witnesses.large_withdrawals.cosigned_within', 'looser'],
  [{ 'witnesses.large_withdrawals.by': 2 }, 'witnesses.large_withdrawals.by', 'tighter'],
  [{ 'witnesses.large_withdrawals.above[0].amount': '1' }, `witnesses.large_withdrawals.above[${ether}]`, 'tighter'],
  [
    { 'witnesses.large_withdrawals.above[0].amount': '1500000000000000001' },
    `witnesses.large_withdrawals.above[${ether}]`,
    'looser',
  ],
  [
    { 'witnesses.large_withdrawals.above[0].asset': tokenAsset },
    `witnesses.large_withdrawals.above[${ether}]`,
    'looser',
  ],
  [
    { 'witnesses.large_withdrawals.above[1]': { asset: tokenAsset, amount: '1' } },
    `witnesses.large_withdrawals.above[${tokenAsset}]`,
    'tighter',
  ],
  [{ 'witnesses.large_withdrawals': undefined }, 'witnesses.large_withdrawals', 'looser'],
  [{ witnesses: undefined }, 'witnesses.large_withdrawals', 'looser'],
];

/** A change of the whole policy, what it is called, and how people read what was and what will be. */
const told: readonly [changes: Record<string, Json | undefined>, member: string, was: string, will: string][] = [
  [{ trust_domain: 'other.example' }, 'trust_domain', 'station.example', 'other.example'],
  [{ 'ripening.destination': '25h' }, 'ripening.destination', '24 hours', '25 hours'],
  [{ 'ripening.factor': '3d' }, 'ripening.factor', '24 hours', '3 days'],
  [{ 'ripening.recovery': '73h' }, 'ripening.recovery', '4 days', '73 hours'],
  [
    { 'evidence.webauthn': 2 },
    'evidence',
    'one WebAuthn assertion by a factor of class hardware and evidence of 2 different classes',
    '2 WebAuthn assertions by different factors, 1 of them of class hardware and evidence of 2 different classes',
  ],
  [{ 'evidence.accepts[4]': 'synced' }, 'evidence.accepts[synced]', 'none', 'synced'],
  [
    { 'payment_confirmation.payee_origin': undefined },
    'payment_confirmation.payee_origin',
    'https://www.exchange.example',
    'none',
  ],
  [
    { 'payment_confirmation.icon': `data:image/png;base64,${'A'.repeat(100)}` },
    'payment_confirmation.icon',
    'https://www.exchange.example/icon.png',
    `data:image/png;base64,${'A'.repeat(42)}… (122 characters)`,
  ],
  [
    { 'payment_confirmation.icon': `data:image/png;base64,${'A'.repeat(74)}` },
    'payment_confirmation.icon',
    'https://www.exchange.example/icon.png',
    `data:image/png;base64,${'A'.repeat(74)}`,
  ],
  [
    { 'authenticators.roots[0]': undefined },
    'authenticators.roots[one]',
    'one (49fac1c4d5a166f2c6e3dd631e218726dffc1fe4cac46a22e1a64e66702bf840)',
    'none',
  ],
  [
    { 'authenticators.aaguids': undefined },
    'authenticators.aaguids',
    '00000000-0000-4000-8000-000000000001 and 00000000-0000-4000-8000-000000000002',
    'none',
  ],
  [
    { 'authenticators.metadata.certification': 'FIDO_CERTIFIED_L3plus' },
    'authenticators.metadata.certification',
    'FIDO_CERTIFIED_L1',
    'FIDO_CERTIFIED_L3plus',
  ],
  [{ 'authenticators.metadata.unlisted': 'accept' }, 'authenticators.metadata.unlisted', 'refuse', 'accept'],
  [{ 'authenticators.metadata.grace': '29d' }, 'authenticators.metadata.grace', '30 days', '29 days'],
  [{ 'authenticators.metadata.roots': 'believed' }, 'authenticators.metadata.roots', 'not believed', 'believed'],
  [
    { 'admission[0].jwk.x': 'D'.repeat(43) },
    'admission[one].jwk',
    `Ed25519 ${'A'.repeat(43)}`,
    `Ed25519 ${'D'.repeat(43)}`,
  ],
  [{ 'admission[0]': undefined }, 'admission[one]', `admission.example Ed25519 ${'A'.repeat(43)}`, 'none'],
  [{ 'attesters[0].until': undefined }, 'attesters[m1].until', '2022-02-01T00:00:00Z', 'none'],
  [{ 'attesters[0].from': '2022-01-01T00:00:01Z' }, 'attesters[m1].from', 'none', '2022-01-01T00:00:01Z'],
  [
    { 'attesters[0]': undefined },
    'attesters[m1]',
    `mfa.example under its key m1, Ed25519 ${'D'.repeat(43)}, issued until 2022-02-01T00:00:00Z`,
    'none',
  ],
  [{ 'assets[0].symbol': 'EETH' }, `assets[${ether}].symbol`, 'ETH', 'EETH'],
  [{ 'assets[0].max_payment': '1' }, `assets[${ether}].max_payment`, '2000000000000000000', '1'],
  [{ 'assets[1].ledger_descriptor': undefined }, `assets[${tokenAsset}].ledger_descriptor`, '00ff', 'none'],
  [{ nonce_window: 5 }, 'nonce_window', '4', '5'],
  [
    { 'limits[0].most': '1' },
    `limits[account day ${ether} refuse]`,
    'Each account may be paid up to 3 ETH within any day; more is refused',
    'Each account may be paid up to 0.000000000000000001 ETH within any day; more is refused',
  ],
  [
    { 'assets[1]': undefined, 'limits[3].asset': undefined, 'limits[0]': undefined },
    `limits[account day ${ether} refuse]`,
    'Each account may be paid up to 3 ETH within any day; more is refused',
    'none',
  ],
  // Told with what will be known: an asset, or a currency, that goes has no decimals any more.
  [
    {
      'assets[0]': undefined,
      limits: [],
      bands: [],
      'witnesses.large_withdrawals': undefined,
      'wallets[2].evidence.above': undefined,
    },
    `bands[${ether} above 1000000000000000000]`,
    `A payment above 1000000000000000000 base units of ${ether} takes the approval of 2 operators`,
    'none',
  ],
  [
    { reference: undefined, 'limits[1]': undefined, 'bands[1]': undefined },
    'limits[station week reference hold]',
    'The station may pay up to 5000000 within any week, all assets together; more is held for operators',
    'none',
  ],
  [{ 'young.account': '73h' }, 'young.account', '3 days', '73 hours'],
  [{ 'young.destination': '1h' }, 'young.destination', '2 days', '1 hour'],
  [{ 'reference.currency': 'EUR' }, 'reference.currency', 'USD', 'EUR'],
  [{ 'reference.prices_last': '25h' }, 'reference.prices_last', '24 hours', '25 hours'],
  [{ 'hours.days[5]': 'sun' }, 'hours.days[sun]', 'none', 'sun'],
  [{ 'hours.from': '06:59' }, 'hours.from', '07:00', '06:59'],
  [{ 'hours.to': '24:00' }, 'hours.to', '20:00', '24:00'],
  [{ 'hours.action': 'refuse' }, 'hours.action', 'hold', 'refuse'],
  [
    { hours: undefined },
    'hours',
    'Withdrawals are authorized from 07:00 to 20:00 UTC on mon, tue, wed, thu and fri; at other times they are held for operators',
    'none',
  ],
  [{ denied: undefined }, `denied[${mallorysAddress}]`, mallorysAddress, 'none'],
  [{ 'treasury[0].evacuation': undefined }, `treasury[${alicesAddress}].evacuation`, 'true', 'false'],
  [{ 'treasury[0]': undefined }, `treasury[${alicesAddress}]`, `${alicesAddress} (cold), even under a freeze`, 'none'],
  [
    { 'breaker[0].above': 9 },
    'breaker[refusals hour 9 account]',
    'none',
    'When within an hour more than 9 requests of one account were refused, the account is frozen',
  ],
  [
    { 'operators.people[2]': undefined },
    'operators.people[oscar]',
    `oscar (hardware credential ${'Q'.repeat(43)} that cannot be backed up, key 0b864b82f84c5c4444b20cc43c391b2991a6399bcfbd8afea52cde79ef274b50)`,
    'none',
  ],
  [{ 'operators.quorum': 1 }, 'operators.quorum', '2', '1'],
  [{ 'operators.delays.policy': '25h' }, 'operators.delays.policy', '24 hours', '25 hours'],
  [{ 'operators.delays.thaw': '13h' }, 'operators.delays.thaw', '12 hours', '13 hours'],
  [{ 'operators.delays.reinstate': '35h' }, 'operators.delays.reinstate', '36 hours', '35 hours'],
  [{ 'operators.open_for': '49h' }, 'operators.open_for', '2 days', '49 hours'],
  [{ 'operators.people[0].backup_eligible': true }, 'operators.people[olivia].backup_eligible', 'false', 'true'],
  [{ 'clients.wallets[0].client': 'other' }, 'clients.wallets[exchange]', 'hot', 'none'],
  [{ 'clients.wallets[0].client': 'other' }, 'clients.wallets[other]', 'none', 'hot'],
  [{ 'clients.wallets[0].wallets': [] }, 'clients.wallets[exchange][hot]', 'hot', 'none'],
  [
    { 'witnesses.large_withdrawals.cosigned_within': '23h' },
    'witnesses.large_withdrawals.cosigned_within',
    '24 hours',
    '23 hours',
  ],
  [
    { 'witnesses.large_withdrawals': undefined },
    'witnesses.large_withdrawals',
    'Above 1.5 ETH nothing is signed unless 1 witness cosigned within 24 hours',
    'none',
  ],
  [
    { clients: undefined },
    'clients',
    `Clients’ certificates come from the authorities with SHA-256 ${'a'.repeat(64)} and ${'b'.repeat(64)}. Revoked are ${'c'.repeat(64)}. The withdrawal service exchange may use hot`,
    'none',
  ],
];

describe('I3: which way a change of policy is', () => {
  it('S1: a client is allowed wallets of the policy: whatever came to have another name would be its to use', () => {
    expect(() => wholePolicy({ 'clients.wallets[0].wallets[1]': 'warm' })).toThrow('policy.clients.wallets');
    expect(() => wholePolicy({ 'wallets[0].id': 'warm' })).toThrow('policy.clients.wallets');
  });

  for (const [changes, member, direction] of rows) {
    it(`I3: ${Object.entries(changes)
      .map(([at, value]) => `${at} = ${JSON.stringify(value) ?? 'none'}`)
      .join(', ')} makes ${member} ${direction}`, () => {
      const found = policyChanges(wholePolicy(), wholePolicy(changes));
      const [change, ...twice] = found.filter((c) => c.member === member);
      expect(change, JSON.stringify(found)).toMatchObject({ member, direction });
      expect(change?.was).not.toBe(change?.will);
      expect(twice).toEqual([]);
      expect(onlyTightens(found)).toBe(found.every((c) => c.direction !== 'looser'));
    });
  }

  it.each(told)('S10: with %j, %s is told as "%s" before and "%s" after', (changes, member, was, will) => {
    const found = policyChanges(wholePolicy(), wholePolicy(changes)).filter((c) => c.member === member);
    expect(found.map((c) => [c.was, c.will])).toEqual([[was, will]]);
    // The other way round likewise, in words of the policy that comes.
    const back = policyChanges(wholePolicy(changes), wholePolicy()).filter((c) => c.member === member);
    expect(back).toHaveLength(1);
    if (was === 'none' || will === 'none') expect([back[0]?.was, back[0]?.will]).toContain('none');
    else expect(back.map((c) => [c.was, c.will])).toEqual([[will, was]]);
  });

  it('I3: hours that refuse, and hold then, loosen', () => {
    const was = wholePolicy({ 'hours.action': 'refuse' });
    expect(policyChanges(was, wholePolicy())).toEqual([
      { member: 'hours.action', was: 'refuse', will: 'hold', direction: 'looser' },
    ]);
  });

  it('I3: a part that goes or comes whole is told whole', () => {
    const parts = ['payment_confirmation', 'authenticators.metadata', 'reference', 'operators', 'hours', 'clients'];
    const none = {
      'authenticators.metadata': undefined,
      payment_confirmation: undefined,
      reference: undefined,
      'wallets[2].evidence': undefined,
    };
    const without = { ...none, operators: undefined, hours: undefined, clients: undefined, limits: [], bands: [] };
    const [gone, came] = [
      policyChanges(wholePolicy(), wholePolicy(without)),
      policyChanges(wholePolicy(without), wholePolicy()),
    ];
    for (const part of parts) {
      const [goes, comes] = [gone, came].map((of) => of.filter((c) => c.member === part));
      expect(goes, part).toHaveLength(1);
      expect(goes?.[0]?.will).toBe('none');
      expect(comes).toMatchObject([{ was: 'none', will: goes?.[0]?.was }]);
      expect(goes?.[0]?.was.length).toBeGreaterThan(20);
    }
  });

  it('I3: an added part is told by itself: limits, hours, clients tighten; operators loosen', () => {
    const without = { limits: undefined, hours: undefined, clients: undefined, bands: undefined, operators: undefined };
    const took = { reference: undefined, 'wallets[2].evidence': undefined };
    const [was, will] = [wholePolicy({ ...without, ...took }), wholePolicy()];
    const direction = (member: string) => policyChanges(was, will).find((c) => c.member.startsWith(member))?.direction;
    for (const member of ['limits', 'hours', 'clients', 'bands', 'reference'])
      expect(direction(member)).toBe('tighter');
    expect(direction('operators')).toBe('looser');
  });

  it('I3: an asset’s limits and bands go with it, which loosens nothing', () => {
    const will = wholePolicy({
      'assets[0]': undefined,
      'witnesses.large_withdrawals.above': [{ asset: tokenAsset, amount: '1' }],
      'wallets[2].evidence.above': undefined,
      limits: [list('limits')[1] ?? ''],
      bands: [list('bands')[1] ?? ''],
    });
    expect(onlyTightens(policyChanges(wholePolicy(), will))).toBe(true);
  });

  // Everything in it takes one factor: whatever an account has is all the same.
  const single = { 'evidence.assertions': undefined, 'evidence.classes': undefined, 'evidence.hardware': undefined };
  const lenient = {
    clients: undefined,
    ...single,
    'wallets[0].evidence': undefined,
    'wallets[2].evidence': undefined,
    bands: [],
    'evidence.accepts': ['device', 'synced', 'totp'],
  };
  const directions = (base: Record<string, Json | undefined>, changes: Record<string, Json | undefined>) =>
    policyChanges(wholePolicy({ ...lenient, ...base }), wholePolicy({ ...lenient, ...base, ...changes })).map(
      (change) => change.direction,
    );

  it('A8: where a payment takes several factors, one that stops counting loosens: enrolment takes fewer then', () => {
    const shrinking = [
      { 'ripening.factor': '25h' },
      { 'ripening.recovery': '97h' },
      { 'evidence.accepts': ['device', 'totp'] },
    ];
    const several = [
      { 'evidence.webauthn': 2 },
      { 'evidence.classes': 2 },
      { bands: [{ asset: ether, above: '1', classes: 2 }] },
      { 'wallets[0].evidence': { enrolments: 2 } },
      // Also where it takes that of large amounts alone, and where operators do instead.
      { 'wallets[0].evidence': { enrolments: 2, above: [{ asset: ether, amount: '1' }], or_operators: true } },
    ];
    for (const changes of shrinking) {
      expect(directions({}, changes)).toEqual(['tighter']);
      for (const base of several)
        expect(directions(base, changes), JSON.stringify([base, changes])).toEqual(['looser']);
    }
    // Where one factor was enough before, there is nothing that it could fall short of.
    expect(directions({}, { 'evidence.webauthn': 2, 'ripening.factor': '25h' })).toEqual(['tighter', 'tighter']);
    const hardware = { 'evidence.hardware': 1, 'evidence.accepts': ['device', 'hardware'] };
    expect(directions(hardware, { 'ripening.factor': '25h' })).toEqual(['looser']);
    for (const base of several) expect(directions(base, { 'ripening.destination': '25h' })).toEqual(['tighter']);
  });

  it('A8: what a band or a wallet demanded, enrolment took too: it does not go unsaid with its asset or its wallet', () => {
    const banded = { bands: [{ asset: tokenAsset, above: '1', classes: 2 }], limits: [] };
    const gone = { 'assets[1]': undefined, bands: [] };
    expect(directions(banded, gone)).toContain('looser');
    expect(directions({ ...banded, 'evidence.classes': 2 }, gone)).not.toContain('looser');
    expect(directions({ 'wallets[0].evidence': { classes: 2 } }, { wallets: [] })).toContain('looser');
    expect(directions({ 'wallets[0].evidence': { classes: 2 }, 'evidence.classes': 2 }, { wallets: [] })).toEqual([
      'tighter',
      'tighter',
      'tighter',
      'tighter',
    ]);
  });

  it('one demand may take the place of two, and two of one', () => {
    const above = (operators: number, classes: number): Json => ({ above: '400000', operators, classes });
    const split = [
      { above: '400000', classes: 2 },
      { above: '300000', operators: 1 },
    ];
    const onlyBands = { bands: [above(1, 2)] };
    expect(policyChanges(wholePolicy(onlyBands), wholePolicy({ bands: split })).map((c) => c.direction)).not.toContain(
      'looser',
    );
    expect(people().length).toBe(3);
  });

  it('a policy differs from itself in nothing', () => {
    expect(policyChanges(wholePolicy(), wholePolicy())).toEqual([]);
    expect(onlyTightens([])).toBe(true);
  });
});

describe('every member of the schema', () => {
  const leaves = (value: Json, at = ''): string[] => {
    if (Array.isArray(value)) return value.flatMap((item) => leaves(item, `${at}[]`));
    if (typeof value === 'object')
      return Object.entries(value).flatMap(([name, item]) => leaves(item, at === '' ? name : `${at}.${name}`));
    return [at];
  };
  const general = (at: string): string => at.replace(/\[[^\]]*\]/g, '[]');

  it('stands in the whole policy: what the parser knows, the tests below know', () => {
    const asked = new Map<string, boolean>();
    const has = Members.prototype.has;
    const spy = vi.spyOn(Members.prototype, 'has').mockImplementation(function (this: Members, name: string) {
      const found = has.call(this, name);
      const place = general(this.at(name));
      asked.set(place, (asked.get(place) ?? false) || found);
      return found;
    });
    wholePolicy();
    spy.mockRestore();
    expect([...asked].filter(([, found]) => !found)).toEqual([]);
    expect(asked.size).toBeGreaterThan(20);
  });

  it('is known to its section: whichever is changed, a change tells of it', () => {
    const plain = (at: string): string => general(at).replace(/\[\]$/, '');
    const changed = new Set(rows.flatMap(([changes]) => Object.keys(changes).map(plain)));
    const members = new Set(leaves(wholeDocument()));
    // A version is not changed; a key's type and curve stand in its `jwk`.
    for (const at of ['version', ...['admission', 'attesters'].flatMap((l) => [`${l}[].jwk.kty`, `${l}[].jwk.crv`])])
      members.delete(at);
    expect([...members].filter((at) => !changed.has(plain(at)))).toEqual([]);
  });

  it('stands in the English', () => {
    const said = sayPolicy(wholePolicy()).flatMap(({ sentences }) => sentences);
    for (const sentence of said) expect(sentence).toMatch(/^[A-Z].*\.$|^\w+.*\.$/);
    const silent: string[] = [];
    const english = (changes: Record<string, Json | undefined>): string =>
      sayPolicy(wholePolicy(changes))
        .flatMap(({ sentences }) => sentences)
        .join('\n');
    for (const [changes] of rows) if (english(changes) === said.join('\n')) silent.push(Object.keys(changes).join());
    expect(silent).toEqual([]);
  });
});
