import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { day, hour, Malformed, minute, type WalletId } from '../../src/domain/index.ts';
import { walletAllowed } from '../../src/gate/policy/clients.ts';
import { type Policy, parsePolicy } from '../../src/gate/policy.ts';
import {
  alicesAddress,
  chain,
  ether,
  mallorysAddress,
  policyDocument,
  token,
  tokenAsset,
  walletId,
} from '../custody/station.ts';
import { policyOf } from './hand-made.ts';
import { type Json, put as putAt, regtest, sepolia, wholeDocument, wholePolicy, witnessKeys } from './whole-policy.ts';

type Document = Record<string, unknown>;

/** The test policy as a document; `at` leads to a member, by names and positions. */
function document(): Document {
  return parse(policyDocument({ x: 'A'.repeat(43) }));
}

function put(root: unknown, at: readonly (string | number)[], value: unknown): void {
  const [last] = at.slice(-1);
  let where = root as Record<string | number, unknown>;
  for (const step of at.slice(0, -1)) where = where[step] as Record<string | number, unknown>;
  if (value === undefined) delete where[last ?? ''];
  else where[last ?? ''] = value;
}

function placeOf(change: (document: Document) => void): string {
  const changed = document();
  change(changed);
  try {
    parsePolicy(changed);
  } catch (error) {
    if (error instanceof Malformed) return error.field;
    throw error;
  }
  return 'parsed';
}

function written(at: readonly (string | number)[]): string {
  return at.reduce<string>(
    (place, step) => (typeof step === 'number' ? `${place}[${step}]` : `${place}.${step}`),
    'policy',
  );
}

const members: readonly (readonly (string | number)[])[] = [
  ['version'],
  ['trust_domain'],
  ['approvals'],
  ['approvals', 'rp_id'],
  ['approvals', 'origins'],
  ['ripening'],
  ['ripening', 'factor'],
  ['ripening', 'destination'],
  ['evidence'],
  ['evidence', 'accepts'],
  ['admission'],
  ['admission', 0, 'issuer'],
  ['admission', 0, 'kid'],
  ['admission', 0, 'jwk'],
  ['admission', 0, 'jwk', 'kty'],
  ['admission', 0, 'jwk', 'crv'],
  ['admission', 0, 'jwk', 'x'],
  ['chains'],
  ['chains', 0, 'chain'],
  ['chains', 0, 'max_fee'],
  ['chains', 0, 'max_fee_per_gas'],
  ['chains', 0, 'access_list_entries'],
  ['assets'],
  ['assets', 0, 'asset'],
  ['assets', 0, 'symbol'],
  ['assets', 0, 'decimals'],
  ['assets', 0, 'max_payment'],
  ['wallets'],
  ['wallets', 0, 'id'],
  ['wallets', 0, 'chain'],
  ['wallets', 0, 'signer'],
  ['wallets', 0, 'path'],
  ['wallets', 0, 'address'],
  ['wallets', 0, 'public_key'],
  ['wallets', 0, 'first_nonce'],
  ['nonce_window'],
];

describe('the policy’s schema', () => {
  it('reads the whole of it', () => {
    const policy = policyOf();
    expect(policy).toMatchObject({ rpId: 'approve.example', trustDomain: 'station.example', nonceWindow: 4 });
    expect(policy.ripening).toEqual({ factor: day, destination: day, recovery: 3 * day });
    expect(policy.assets.get(ether)).toMatchObject({ symbol: 'ETH', maxPayment: 10n ** 20n });
    expect(policy.assets.get(tokenAsset)).toMatchObject({ symbol: 'TST', decimals: 6, ledgerDescriptor: undefined });
    expect(policy.wallets.get(walletId)).toMatchObject({ signer: 'fake', firstNonce: 0 });
    expect(Object.isFrozen(policy)).toBe(true);
  });

  it('is closed: an unknown member is an error that names its place, wherever it stands', () => {
    const places: readonly (readonly (string | number)[])[] = [
      [],
      ['approvals'],
      ['ripening'],
      ['evidence'],
      ['admission', 0],
      ['admission', 0, 'jwk'],
      ['chains', 0],
      ['assets', 0],
      ['wallets', 0],
    ];
    for (const at of places) {
      expect(placeOf((d) => put(d, [...at, 'unknown'], 'x'))).toBe(written([...at, 'unknown']));
    }
  });

  it('misses nothing: a member that is not there is an error that names its place', () => {
    for (const at of members)
      expect(
        placeOf((d) => put(d, at, undefined)),
        written(at),
      ).toBe(written(at));
  });

  it('takes no other type in a member’s place', () => {
    for (const at of members) {
      for (const value of [null, true, { a: 1 }, 1.5, -1, '', '\n']) {
        const place = placeOf((d) => put(d, at, value));
        expect(place.startsWith(written(at)), `${written(at)} = ${JSON.stringify(value)}: ${place}`).toBe(true);
      }
    }
    for (const value of [null, 'policy', 3, [], undefined]) expect(() => parsePolicy(value)).toThrow('policy: ');
  });

  const wrong: readonly [readonly (string | number)[], unknown, string?][] = [
    [['version'], 2],
    [['trust_domain'], 'Station.Example'],
    [['approvals', 'rp_id'], 'https://approve.example'],
    [['approvals', 'origins'], []],
    [['approvals', 'origins'], ['http://approve.example'], 'policy.approvals.origins[0]'],
    [['approvals', 'origins'], ['https://approve.example/'], 'policy.approvals.origins[0]'],
    [
      ['approvals', 'origins'],
      ['https://approve.example', 'https://notapprove.example'],
      'policy.approvals.origins[1]',
    ],
    [['approvals', 'origins'], ['https://evil.example'], 'policy.approvals.origins[0]'],
    [['approvals', 'origins'], ['approve.example'], 'policy.approvals.origins[0]'],
    [['ripening', 'factor'], '24'],
    [['ripening', 'factor'], 86_400],
    [['ripening', 'factor'], '1.5h'],
    [['ripening', 'factor'], '-24h'],
    [['ripening', 'factor'], '24 h'],
    [['evidence', 'webauthn'], 0],
    [['evidence', 'webauthn'], 5],
    [['evidence', 'accepts'], []],
    [['evidence', 'accepts'], ['device', 'sms'], 'policy.evidence.accepts[1]'],
    [['admission', 0, 'issuer'], 'ops <b>'],
    [['admission', 0, 'kid'], 'k\u202e'],
    [['admission', 0, 'jwk', 'x'], 'A'.repeat(42)],
    [['admission', 0, 'jwk', 'x'], `${'A'.repeat(42)}+`],
    [['admission', 0, 'jwk', 'kty'], 'RSA'],
    [['admission', 0, 'jwk', 'kty'], 'oct'],
    [['admission', 0, 'jwk', 'crv'], 'P-256'],
    [['chains', 0, 'max_fee'], 10_000],
    [['chains', 0, 'max_fee'], '0'],
    [['chains', 0, 'max_fee'], '1e18'],
    [['chains', 0, 'max_fee_per_gas'], '0x10'],
    [['chains', 0, 'access_list_entries'], 257],
    [['assets', 0, 'symbol'], 'ETH\u202e'],
    [['assets', 0, 'decimals'], 78],
    [['wallets', 0, 'id'], 'Hot 1'],
    [['wallets', 0, 'path'], "44'/60'"],
    [['wallets', 0, 'address'], `eip155:1:${token}`],
    [['wallets', 0, 'public_key'], '04'.repeat(33)],
    [['wallets', 0, 'first_nonce'], '9007199254740992'],
    [['nonce_window'], 0],
    [['nonce_window'], 1_001],
  ];
  for (const [at, value, place] of wrong) {
    it(`refuses ${written(at)} = ${JSON.stringify(value)}`, () => {
      expect(placeOf((d) => put(d, at, value))).toBe(place ?? written(at));
    });
  }

  it('refuses what stands twice', () => {
    const doubled = (list: string): string =>
      placeOf((d) => {
        const items = d[list];
        if (Array.isArray(items)) items.push(items[0]);
      });
    expect(doubled('admission')).toBe('policy.admission');
    expect(doubled('chains')).toBe('policy.chains');
    expect(doubled('assets')).toBe('policy.assets');
    expect(doubled('wallets')).toBe('policy.wallets');
  });

  it('refuses an asset or a wallet on a chain that it does not name', () => {
    expect(placeOf((d) => put(d, ['assets', 0, 'asset'], 'eip155:1/slip44:60'))).toBe('policy.assets');
    const elsewhere = (d: Document): void => {
      put(d, ['wallets', 0, 'chain'], 'eip155:1');
      put(d, ['wallets', 0, 'address'], `eip155:1:${token}`);
    };
    expect(placeOf(elsewhere)).toBe('policy.wallets');
  });

  it('reads a token’s descriptor as lowercase hex, and knows none for a native asset', () => {
    const descriptor = (value: unknown, at = 1): string =>
      placeOf((d) => put(d, ['assets', at, 'ledger_descriptor'], value));
    expect(descriptor('00ff')).toBe('parsed');
    for (const value of ['00f', '00FF', 'zz', 7]) expect(descriptor(value)).toBe('policy.assets[1].ledger_descriptor');
    expect(descriptor('00ff', 0)).toBe('policy.assets[0].ledger_descriptor');
  });
});

describe('I3: the delays that a policy may set', () => {
  const onChain = (chain: string) => (d: string) => d.replaceAll('eip155:31337', chain);
  const shortened = (member: string, value: string) => (d: string) =>
    d.replace(`${member}: 24h`, `${member}: ${value}`);

  it('I3: a delay shorter than a day is refused where a main network is named', () => {
    for (const member of ['factor', 'destination']) {
      const short = (d: string) => onChain('eip155:1')(shortened(member, '23h')(d));
      expect(() => policyOf(short)).toThrow(`policy.ripening.${member}: shorter than 24h`);
      expect(policyOf((d) => onChain('eip155:1')(shortened(member, '1d')(d))).chains.size).toBe(1);
    }
  });

  it('A8: a recovery takes longer than any other enrolment, three days at least where a main network is named', () => {
    const ripening = (members: string) => (d: string) =>
      d.replace('ripening: { factor: 24h, destination: 24h }', `ripening: { ${members} }`);
    const of = (members: string) => () => policyOf(ripening(members)).ripening.recovery;
    expect(of('factor: 24h, destination: 24h')()).toBe(3 * day);
    expect(of('factor: 48h, destination: 24h')()).toBe(4 * day);
    expect(of('factor: 2h, destination: 1h, recovery: 121m')()).toBe(121 * minute);
    expect(of('factor: 2h, destination: 1h, recovery: 2h')).toThrow('policy.ripening.recovery: is not longer');
    const main = (members: string) => () => policyOf((d) => onChain('eip155:1')(ripening(members)(d)));
    expect(main('factor: 24h, destination: 24h, recovery: 71h')).toThrow('policy.ripening.recovery: shorter than');
    expect(main('factor: 24h, destination: 24h, recovery: 72h')().ripening.recovery).toBe(3 * day);
  });

  it('I3: a chain that nobody knows counts as a main network', () => {
    const short = (chain: string) => () => policyOf((d) => onChain(chain)(shortened('factor', '1s')(d)));
    for (const chain of ['eip155:313370', 'eip155:031337', 'eip156:31337', 'cosmos:31337']) {
      expect(short(chain)).toThrow('policy.ripening.factor');
    }
    for (const chain of ['eip155:31337', 'eip155:11155111', 'eip155:17000', 'eip155:560048']) {
      expect(short(chain)().ripening.factor).toBe(1_000);
    }
  });

  it('S11: acts get an hour to reach their quorum, or no policy could ever be changed back', () => {
    const openFor = (value: string) => () => wholePolicy({ 'operators.open_for': value });
    for (const short of ['0s', '59m']) expect(openFor(short)).toThrow('policy.operators.open_for');
    expect(openFor('60m')().operators?.openFor).toBe(3_600_000);
  });

  it('I3: one main network among test networks is enough', () => {
    const both = (d: string) =>
      shortened(
        'destination',
        '1h',
      )(d).replace(
        'assets:\n',
        "  - { chain: 'eip155:1', max_fee: '1', max_fee_per_gas: '1', access_list_entries: 0 }\nassets:\n",
      );
    expect(() => policyOf(both)).toThrow('policy.ripening.destination: shorter than 24h');
    expect(policyOf(shortened('destination', '1h')).ripening.destination).toBe(hour);
  });

  it('E9: a chain whose fees are not all in its transactions needs a bound', () => {
    for (const chain of ['eip155:10', 'eip155:8453', 'eip155:42161']) {
      expect(() => policyOf(onChain(chain))).toThrow('policy.chains[0].data_fee: is missing');
    }
  });
});

describe('the schema of a whole policy', () => {
  const places = (value: Json, at: string): string[] => {
    if (Array.isArray(value)) return value.flatMap((item, i) => places(item, `${at}[${i}]`));
    if (typeof value !== 'object') return [];
    return [at, ...Object.entries(value).flatMap(([name, item]) => places(item, at === '' ? name : `${at}.${name}`))];
  };

  it('is closed everywhere: an unknown member is an error that names its place', () => {
    const all = places(wholeDocument(), '');
    expect(all.length).toBeGreaterThan(30);
    for (const at of all) {
      const member = at === '' ? 'unknown' : `${at}.unknown`;
      expect(() => wholePolicy({ [member]: 'x' }), member).toThrow(
        `policy.${member}: is not a member that is known here`,
      );
    }
  });

  it('has every part, whatever the document leaves out', () => {
    const parts = Object.keys(wholePolicy());
    const left = [
      'payment_confirmation',
      'authenticators',
      'authenticators_use',
      'young',
      'denied',
      'treasury',
      'breaker',
    ];
    const out = { reference: undefined, limits: undefined, bands: undefined, hours: undefined, clients: undefined };
    const least = wholePolicy({ ...Object.fromEntries(left.map((name) => [name, undefined])), ...out });
    expect(Object.keys(least)).toEqual(parts);
  });

  const person = (of: Record<string, Json>): Json => ({
    name: 'otto',
    credential: 'T'.repeat(43),
    key: 'T'.repeat(40),
    class: 'hardware',
    backup_eligible: false,
    ...of,
  });
  const hex = 'd'.repeat(64);
  const hotKey = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
  const uuid = '00000000-0000-4000-8000-000000000001';
  const first = (list: string): Json => (wholeDocument()[list] as Json[])[0] ?? '';

  it.each<[changes: Record<string, Json | undefined>, message: string]>([
    [{ version: 0 }, 'policy.version: expected a whole number from 1 to 1'],
    [{ 'assets[0].symbol': '\u202eETH' }, 'policy.assets[0].symbol: expected 1 to 12 letters, digits or dots'],
    [{ 'assets[0].symbol': 'ABCDEFGHIJKLM' }, 'policy.assets[0].symbol: expected 1 to 12 letters, digits or dots'],
    [{ 'assets[1].ledger_descriptor': 'z00' }, 'policy.assets[1].ledger_descriptor: expected lowercase hex'],
    [{ 'assets[1].ledger_descriptor': '00z' }, 'policy.assets[1].ledger_descriptor: expected lowercase hex'],
    [{ 'assets[1].ledger_descriptor': '00'.repeat(513) }, 'policy.assets[1].ledger_descriptor: expected lowercase hex'],
    [{ 'assets[0].ledger_descriptor': '00' }, 'policy.assets[0].ledger_descriptor: is not a member'],
    [
      { 'attesters[0].until': '2022-01-01T00:00:00Z', 'attesters[0].from': '2022-01-01T00:00:00Z' },
      'attesters[0].until: is not later',
    ],
    [{ 'attesters[0].jwk.x': 'A'.repeat(44) }, 'policy.attesters[0].jwk.x: expected 32 bytes'],
    [{ 'attesters[0].jwk.x': `+${'A'.repeat(43)}` }, 'policy.attesters[0].jwk.x: expected 32 bytes'],
    [{ 'attesters[0].kid': ' k' }, 'policy.attesters[0].kid: expected 1 to 128 printable'],
    [{ 'attesters[0].kid': 'k'.repeat(129) }, 'policy.attesters[0].kid: expected 1 to 128 printable'],
    [{ 'authenticators.aaguids[0]': `x${uuid}` }, 'policy.authenticators.aaguids[0]: expected a UUID'],
    [{ 'authenticators.aaguids[0]': `${uuid}x` }, 'policy.authenticators.aaguids[0]: expected a UUID'],
    [
      { 'authenticators.roots': undefined, 'authenticators.metadata': undefined },
      'policy.authenticators.roots: is missing',
    ],
    [{ 'authenticators.roots[0].name': 'x '.repeat(2) }, 'policy.authenticators.roots[0].name: expected a name'],
    [{ 'authenticators.roots[0].name': '-x' }, 'policy.authenticators.roots[0].name: expected a name'],
    [{ 'bands[2]': first('bands') }, `policy.bands: "${ether} above 1000000000000000000" stands twice`],
    [{ 'bands[0].operators': undefined }, 'policy.bands[0]: demands neither operators nor evidence'],
    [{ 'bands[0].operators': 0 }, 'policy.bands[0].operators: expected a whole number from 1 to 32'],
    [{ 'bands[0].operators': 4 }, 'policy.bands: a band demands 4 operators, and there are not so many'],
    [{ 'limits[4]': first('limits') }, `policy.limits: "account day ${ether} refuse" stands twice`],
    [{ 'limits[1].scope': 'asset' }, 'policy.limits[1].asset: is missing'],
    [{ 'limits[2].action': 'hold' }, 'policy.limits[2].action: a wallet is chosen when a transaction is signed'],
    [{ 'limits[0].asset': 'eip155:31337/slip44:1' }, 'policy.limits: eip155:31337/slip44:1 is no asset of the policy'],
    [{ reference: undefined, bands: [] }, 'policy.reference: is missing: a limit or a band names no asset'],
    [{ reference: undefined, limits: [] }, 'policy.reference: is missing: a limit or a band names no asset'],
    [{ 'reference.currency': 'US' }, 'policy.reference.currency: expected 3 to 8 capital letters'],
    [{ 'reference.currency': 'USDOLLARS' }, 'policy.reference.currency: expected 3 to 8 capital letters'],
    [{ 'reference.currency': 'xUSD' }, 'policy.reference.currency: expected 3 to 8 capital letters'],
    [{ 'reference.currency': 'USDx' }, 'policy.reference.currency: expected 3 to 8 capital letters'],
    [{ 'hours.days[0]': 'monday' }, 'policy.hours.days[0]: expected one of sun, mon, tue, wed, thu, fri, sat'],
    [{ 'hours.to': '07:00' }, 'policy.hours.to: is not later than from'],
    [{ 'hours.from': '20:01' }, 'policy.hours.to: is not later than from'],
    [{ 'hours.from': 'x07:00' }, 'policy.hours.from: expected a time of the day, UTC'],
    [{ 'hours.to': '20:00x' }, 'policy.hours.to: expected a time of the day, UTC'],
    [{ 'hours.to': '24:01' }, 'policy.hours.to: expected a time of the day, UTC'],
    [{ 'hours.from': '7:00' }, 'policy.hours.from: expected a time of the day, UTC'],
    [{ 'hours.action': 'wait' }, 'policy.hours.action: expected one of refuse, hold'],
    [{ 'treasury[1]': first('treasury') }, `policy.treasury: "${alicesAddress}" stands twice`],
    [{ 'treasury[0].address': `eip155:1:${token}` }, `policy.treasury: eip155:1:${token} is on no chain of the policy`],
    [
      { 'breaker[2]': { watch: 'refusals', window: 'hour', above: 1, freeze: 'account' } },
      'policy.breaker: "refusals-hour-account" stands twice',
    ],
    [{ 'breaker[0].above': 1_000_001 }, 'policy.breaker[0].above: expected a whole number from 0 to 1000000'],
    [{ 'breaker[0].watch': 'nothing' }, 'policy.breaker[0].watch: expected one of refusals,'],
    [{ 'operators.origins': [] }, 'policy.operators.origins: names no origin'],
    [{ 'operators.origins[0]': 'ftp://localhost' }, 'policy.operators.origins[0]: expected an https origin'],
    [{ 'operators.quorum': 4 }, 'policy.operators.quorum: 4 of 3 can never be reached'],
    [{ 'operators.recovery.quorum': 3 }, 'policy.operators.recovery.quorum: 3 of 2 can never be reached'],
    [{ 'operators.people[3]': person({ name: 'rita' }) }, 'policy.operators: "rita" stands twice'],
    [
      { 'operators.people[3]': person({ credential: 'R'.repeat(43) }) },
      `policy.operators: "${'R'.repeat(43)}" stands twice`,
    ],
    [{ 'operators.recovery.people[2]': person({ key: 'O'.repeat(40) }) }, 'stands twice'],
    [{ 'operators.people[0].key': 'O'.repeat(19) }, 'policy.operators.people[0].key: expected a COSE key in base64url'],
    [{ 'operators.people[0].key': `+${'O'.repeat(40)}` }, 'policy.operators.people[0].key: expected a COSE key'],
    [{ 'operators.people[0].key': `${'O'.repeat(40)}=` }, 'policy.operators.people[0].key: expected a COSE key'],
    [{ operators: undefined, bands: [], hours: undefined }, 'policy.operators: is missing: limits or hours hold'],
    [{ operators: undefined, bands: [], limits: [] }, 'policy.operators: is missing: limits or hours hold'],
    [{ operators: undefined, limits: [], hours: undefined }, 'policy.bands: a band demands 2 operators'],
    [{ 'clients.authorities': [] }, 'policy.clients.authorities: names no certificate'],
    [{ 'clients.authorities[0]': `x${hex}` }, 'policy.clients.authorities[0]: expected a SHA-256'],
    [{ 'clients.revoked[0]': `${hex}x` }, 'policy.clients.revoked[0]: expected a SHA-256'],
    [{ 'clients.revoked[0]': hex.toUpperCase() }, 'policy.clients.revoked[0]: expected a SHA-256'],
    [
      { 'clients.wallets[0].client': 'x/exchange' },
      'policy.clients.wallets[0].client: no client\'s name: "x/exchange"',
    ],
    [{ 'clients.wallets[0].client': 'exchange ' }, "policy.clients.wallets[0].client: no client's name"],
    [{ 'clients.wallets[0].client': ' exchange' }, "policy.clients.wallets[0].client: no client's name"],
    [{ 'clients.wallets[1]': { client: 'exchange', wallets: [] } }, 'policy.clients.wallets: "exchange" stands twice'],
    [{ 'witnesses.keys': [] }, 'policy.witnesses.keys: names no witness'],
    [{ 'witnesses.keys[1]': witnessKeys[0] }, 'policy.witnesses.keys: "witness.example/w1" stands twice'],
    [{ 'witnesses.keys[0]': `${witnessKeys[0]}A` }, 'policy.witnesses.keys[0]: expected a witness'],
    [{ 'witnesses.keys[0]': ` ${witnessKeys[0]}` }, 'policy.witnesses.keys[0]: expected a witness'],
    [{ 'witnesses.keys[0]': witnessKeys[0].replace('+BA', '+AQ') }, 'policy.witnesses.keys[0]: expected a witness'],
    [{ 'witnesses.keys[0]': witnessKeys[0].replace('/w1', '/wX') }, 'policy.witnesses.keys[0]: has id '],
    [{ 'witnesses.name': 'x' }, 'policy.witnesses.name: is not a member'],
    [
      { 'witnesses.large_withdrawals.by': 3 },
      'policy.witnesses.large_withdrawals.by: expected a whole number from 1 to 2',
    ],
    [
      { 'witnesses.large_withdrawals.by': 0 },
      'policy.witnesses.large_withdrawals.by: expected a whole number from 1 to 2',
    ],
    [
      { 'witnesses.large_withdrawals.cosigned_within': '59s' },
      'policy.witnesses.large_withdrawals.cosigned_within: expected 1m or more',
    ],
    [{ 'witnesses.large_withdrawals.above': [] }, 'policy.witnesses.large_withdrawals.above: names no amount'],
    [{ 'witnesses.large_withdrawals.above[0].amount': '0' }, 'policy.witnesses.large_withdrawals.above[0].amount: '],
    [
      { 'witnesses.large_withdrawals.above[1]': { asset: ether, amount: '1' } },
      'policy.witnesses.large_withdrawals.above: ',
    ],
    [
      { 'witnesses.large_withdrawals.above[0].asset': `${sepolia}/slip44:60` },
      `policy.witnesses.large_withdrawals.above: ${sepolia}/slip44:60 is no asset of the policy`,
    ],
    [{ 'witnesses.large_withdrawals.every': '1h' }, 'policy.witnesses.large_withdrawals.every: is not a member'],
    [
      { 'clients.wallets[0].wallets[1]': 'warm' },
      'policy.clients.wallets: exchange is allowed warm, which is no wallet',
    ],
    [
      { 'payment_confirmation.icon': 'xdata:image/png;base64,AAAA' },
      'policy.payment_confirmation.icon: expected an https URL',
    ],
    [
      { 'payment_confirmation.icon': 'data:image/png;base64,AAAA$' },
      'policy.payment_confirmation.icon: expected an https URL',
    ],
    [
      { 'payment_confirmation.icon': 'xhttps://www.exchange.example/i' },
      'policy.payment_confirmation.icon: expected an https URL',
    ],
    [
      { 'payment_confirmation.icon': `https://www.exchange.example/${'i'.repeat(2020)}` },
      'policy.payment_confirmation.icon: is longer than 2048',
    ],
    [
      { 'chains[1].chain': 'eip155:10', 'chains[1].data_fee': undefined },
      'policy.chains[1].data_fee: is missing: eip155:10 charges fees',
    ],
    [{ 'chains[2].change_gap': 0 }, 'policy.chains[2].change_gap: expected a whole number from 1 to 10000'],
    [
      { 'chains[2].lock_height': 500_000_000 },
      'policy.chains[2].lock_height: expected a whole number from 0 to 499999999',
    ],
    [{ 'chains[2].data_fee': '1' }, 'policy.chains[2].data_fee: is not a member'],
    [{ 'chains[0].change_gap': 1 }, 'policy.chains[0].change_gap: is not a member'],
    [{ 'wallets[0].public_key': `x${hotKey}` }, 'policy.wallets[0].public_key: expected a compressed secp256k1 key'],
    [{ 'wallets[0].public_key': `${hotKey}0` }, 'policy.wallets[0].public_key: expected a compressed secp256k1 key'],
    [{ 'wallets[0].path': "xm/44'" }, 'policy.wallets[0].path: expected a BIP-32 path'],
    [{ 'wallets[0].path': "m/44'x" }, 'policy.wallets[0].path: expected a BIP-32 path'],
    [{ 'wallets[0].path': 'm' }, 'policy.wallets[0].path: expected a BIP-32 path'],
    [{ 'wallets[0].key': '0a' }, 'policy.wallets[0].key: excludes path'],
    [{ 'wallets[0].path': undefined }, 'policy.wallets[0].path'],
    [{ 'wallets[2].key': '' }, 'policy.wallets[2].key: expected a text'],
    [{ 'wallets[2].key': '0A1B' }, "policy.wallets[2].key: expected a key's CKA_ID"],
    [{ 'wallets[2].key': '0a1' }, "policy.wallets[2].key: expected a key's CKA_ID"],
    [{ 'wallets[2].key': '0a'.repeat(33) }, "policy.wallets[2].key: expected a key's CKA_ID"],
    [{ 'wallets[2].key': 10 }, 'policy.wallets[2].key'],
    [{ 'wallets[3].keys': ['01'] }, 'policy.wallets[3].keys: names 1 for 2 key(s) of the descriptor'],
    [{ 'wallets[3].keys[2]': '03' }, 'policy.wallets[3].keys: names 3 for 2 key(s) of the descriptor'],
    [{ 'wallets[3].keys[1]': 'x' }, "policy.wallets[3].keys[1]: expected a key's CKA_ID"],
    [{ 'wallets[3].keys': undefined }, 'policy.wallets[3].keys: is missing: the descriptor has raw keys'],
    [{ 'wallets[3].signers[1]': 'hsm' }, 'policy.wallets[3].signers: names one twice'],
    [{ 'wallets[1].keys': ['01', '02'] }, 'policy.wallets[1].keys: names keys of tokens'],
    [{ 'wallets[0].evidence': {} }, 'policy.wallets[0].evidence: demands nothing'],
    [{ 'wallets[0].evidence': { or_operators: true } }, 'policy.wallets[0].evidence: demands nothing'],
    [{ 'wallets[2].evidence.or_operators': 2 }, 'policy.wallets[2].evidence.or_operators: expected true or false'],
    [{ 'wallets[2].evidence.above[0].amount': '0' }, 'policy.wallets[2].evidence.above[0].amount: must be more than 0'],
    [
      { 'wallets[2].evidence.above[0].asset': `${regtest}/slip44:0` },
      `policy.wallets[2].evidence.above[0].asset: ${regtest}/slip44:0 is not on the wallet’s`,
    ],
    [
      { 'wallets[2].evidence.above[0].asset': `${chain}/slip44:61` },
      `policy.wallets[desk].evidence.above: ${chain}/slip44:61 is no asset of the policy`,
    ],
    [
      { 'wallets[2].evidence.above[1]': { asset: ether, amount: '1' } },
      `policy.wallets[2].evidence.above: "${ether}" stands twice`,
    ],
    [{ 'wallets[2].evidence.above[0].most': '1' }, 'policy.wallets[2].evidence.above[0].most: is not a member'],
    [{ 'wallets[2].evidence.or': true }, 'policy.wallets[2].evidence.or: is not a member'],
    [
      { operators: undefined, bands: [], limits: [], hours: undefined },
      'policy.operators: is missing: policy.wallets[desk].evidence lets operators approve',
    ],
    [{ 'wallets[0].chain': sepolia }, `policy.wallets[0].address: is not on ${sepolia}`],
    [{ 'wallets[1].signers': ['ledger'] }, 'policy.wallets[1].signers: names 1 for 2 key(s) of the descriptor'],
    [{ 'wallets[1].signers': ['ledger', 'ledger'] }, 'policy.wallets[1].signers: names one twice'],
    [{ 'wallets[1].signers[2]': 'third' }, 'policy.wallets[1].signers: names 3 for 2 key(s) of the descriptor'],
    [
      { 'wallets[1].chain': sepolia, 'wallets[1].address': `${sepolia}:${token}` },
      `policy.wallets[1]: a wallet on ${sepolia} is a key with its place and a nonce`,
    ],
    [
      { 'wallets[0].chain': regtest, 'wallets[0].address': `${regtest}:bcrt1qone` },
      `policy.wallets[0]: a wallet on ${regtest} is a descriptor and its signers`,
    ],
    [{ trust_domain: '-station' }, 'policy.trust_domain: expected a host name'],
    [{ trust_domain: 'station.' }, 'policy.trust_domain: expected a host name'],
  ])('refuses a policy with %j: %s', (changes, message) => {
    expect(() => wholePolicy(changes)).toThrow(message);
  });

  const icon = `https://www.exchange.example/${'i'.repeat(2019)}`;
  it.each<[changes: Record<string, Json | undefined>]>([
    [{ trust_domain: 's' }],
    [{ 'authenticators.roots[0].name': 'x' }],
    [{ 'payment_confirmation.payee_name': 'E' }],
    [{ 'payment_confirmation.payee_name': 'E'.repeat(64) }],
    [{ 'payment_confirmation.icon': icon }],
    [{ 'hours.to': '23:59', 'hours.from': '23:58' }],
    [{ 'operators.people[0].key': 'O'.repeat(20) }],
    [{ 'operators.open_for': '1h' }],
    [{ 'reference.currency': 'DOLLARS' }],
    [{ 'treasury[1]': { address: mallorysAddress, label: 'colder', evacuation: false }, denied: [] }],
    [{ 'breaker[0].above': 1_000_000 }],
    [{ 'breaker[0].above': 0 }],
    [{ 'bands[0].operators': 3 }],
    [{ 'attesters[0].from': '2022-01-31T23:59:59Z' }],
    [{ 'attesters[0].until': undefined, 'attesters[1].from': undefined }],
    [{ 'ripening.factor': '95h' }],
  ])('takes a policy with %j', (changes) => {
    expect(wholePolicy(changes).trustDomain).toBeTruthy();
  });

  it('S3: a watch freezes the station, or what it names', () => {
    const freezes: Readonly<Record<string, readonly string[]>> = {
      refusals: ['account'],
      'client-refusals': [],
      'attestation-failures': ['account'],
      'shared-destination': ['destination'],
      'first-withdrawals': [],
      'outflow-share': ['wallet', 'account'],
      'device-refusals': ['wallet'],
    };
    for (const [watch, named] of Object.entries(freezes)) {
      for (const freeze of ['station', 'wallet', 'account', 'destination']) {
        const of = () => wholePolicy({ breaker: [{ watch, window: 'hour', above: 1, freeze }] }).breaker;
        if (freeze === 'station' || named.includes(freeze)) expect(of()).toHaveLength(1);
        else expect(of).toThrow(`policy.breaker[0].freeze: ${watch} names no ${freeze}`);
      }
    }
  });

  it('S1: a client that is named may use its wallets alone, one that is not, all', () => {
    const [hot, warm] = ['hot', 'warm'].map((id) => id as WalletId);
    if (hot === undefined || warm === undefined) throw new Error('two');
    const { clients } = wholePolicy();
    expect(walletAllowed(clients, 'exchange', hot)).toBe(true);
    expect(walletAllowed(clients, 'exchange', warm)).toBe(false);
    expect(walletAllowed(clients, 'other', warm)).toBe(true);
    expect(walletAllowed(undefined, 'exchange', warm)).toBe(true);
    expect(wholePolicy({ 'clients.wallets': undefined }).clients?.wallets.size).toBe(0);
  });

  it('S5: with a main network at stake, no one person decides, and nothing is changed back at once', () => {
    const onMain = (changes: Record<string, Json | undefined>): Policy => {
      const document = wholeDocument();
      for (const [at, value] of Object.entries({
        'chains[1].chain': 'eip155:1',
        'operators.recovery.people[2]': person({ name: 'ruth' }),
        'operators.recovery.quorum': 2,
        ...changes,
      }))
        putAt(document, at, value);
      return parsePolicy(document);
    };
    expect(onMain({}).chains.size).toBeGreaterThan(1);
    expect(sepolia).not.toBe('eip155:1');
    const people = (wholeDocument()['operators'] as { people: Json[] }).people;
    for (const [changes, why] of [
      [{ 'operators.quorum': 1, 'bands[0].operators': 1 }, 'policy.operators: 1 of 3: main networks need at least 2'],
      [{ 'operators.people': people.slice(0, 2) }, 'policy.operators: 2 of 2: main networks need at least 2'],
      [{ 'operators.recovery.quorum': 1 }, 'policy.operators: 1 of 3: main networks need at least 2'],
      [{ 'operators.recovery.quorum': 3 }, 'policy.operators: 3 of 3: main networks need at least 2'],
      [{ 'operators.delays.policy': '23h' }, 'policy.operators.delays.policy: shorter than 24h'],
      [{ 'operators.delays.reinstate': '23h' }, 'policy.operators.delays.reinstate: shorter than 24h'],
    ] as const) {
      expect(() => onMain(changes), why).toThrow(why);
      const test = { 'operators.recovery.people[2]': person({ name: 'ruth' }), ...changes };
      expect(() => wholePolicy(test)).not.toThrow();
    }
    // A thaw is no loosening of what policy says.
    expect(onMain({ 'operators.delays.thaw': '1h' }).operators?.delays.thaw).toBe(hour);
    expect(onMain({ 'operators.delays.policy': '24h' }).operators?.delays.policy).toBe(day);
    const none = {
      operators: undefined,
      bands: [],
      limits: [],
      hours: undefined,
      'wallets[2].evidence': undefined,
    };
    expect(onMain(none).operators).toBeUndefined();
  });
});
