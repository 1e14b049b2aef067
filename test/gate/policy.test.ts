import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { day, hour, Malformed, minute } from '../../src/domain/index.ts';
import { parsePolicy } from '../../src/gate/policy.ts';
import { ether, policyDocument, token, tokenAsset, walletId } from '../custody/station.ts';
import { policyOf } from './hand-made.ts';
import { wholePolicy } from './whole-policy.ts';

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
