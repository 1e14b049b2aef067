import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../../simulators/authenticator/authenticator.ts';
import { parseCreationOptions } from '../../simulators/authenticator/options.ts';
import type { WithdrawalId } from '../../src/domain/index.ts';
import { verifyReceipt } from '../../src/journal/receipt.ts';
import { ReceiptError } from '../../src/journal/receipt-error.ts';
import { deviceOf, furtherFactor } from '../attacks/people.ts';
import { Customer, TestStation, testSeed } from '../custody/station.ts';
import { forge, forgeable, type LooseLeaf, type LooseReceipt } from './forged-log.ts';

let station: TestStation;
let genuine: LooseReceipt;
let verifierKey: string;
let bob: Customer;

const text = (receipt: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(receipt));
const receiptOf = (id: string): Promise<Uint8Array> => station.custody.journal.receipt(id as WithdrawalId);

/** A customer's second device, attested by the first; ripe. */
async function secondFactor(customer: Customer): Promise<{ credential: string; second: Customer }> {
  const { factors } = station.custody;
  const { account } = customer;
  const device = new Authenticator({ origin: 'https://approve.example', seed: testSeed(`${account}’s second device`) });
  const options = parseCreationOptions(await factors.begin(account));
  const registration = text(device.create(options));
  const { intent, credential } = await factors.prepare({
    account,
    registration,
    attestedBy: customer.credential,
    lifetime: undefined,
  });
  const attestation = customer.attest(intent.digest);
  await factors.add({
    intent: intent.bytes,
    registration,
    approval: { kind: 'attestations', attestations: [attestation] },
  });
  await station.deliver();
  station.passDay();
  return { credential, second: new Customer(station, account, device, credential) };
}

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ReceiptError) return error.reason;
    throw error;
  }
  return 'verified';
}

// One station, and in it Alice: enrolled, whitelisted, paid, with a replacement, beside Bob, of whom her receipt says nothing.
beforeAll(async () => {
  station = await TestStation.open();
  const alice = await station.ripeCustomer('alice');
  bob = await station.ripeCustomer('bob');
  await alice.authorize('w-1');
  await bob.authorize('w-2');
  const first = await station.sign(['w-1']);
  await station.settle();
  await station.sign(['w-1'], station.payment({ maxFeePerGas: 30_000_000_000n }), first.id);
  await station.settle();
  await alice.authorize('w-3');
  await alice.authorize('w-4');
  await station.custody.withdrawals.cancel('w-4' as WithdrawalId);
  verifierKey = station.verifierKey;
  genuine = JSON.parse(new TextDecoder().decode(await receiptOf('w-1')));
});
afterAll(() => station.close());

describe('I5: a receipt proves a withdrawal to someone who has only the log’s public key', () => {
  it('says who approved what, to where, ripe since when, permitted and signed as what', async () => {
    const facts = verifyReceipt(await receiptOf('w-1'), verifierKey);
    expect(facts.map((f) => f.what)).toEqual([
      'log',
      'station',
      'approved',
      'attested',
      'ripe',
      'enrolled',
      'permitted',
      'signed',
      'permitted',
      'signed',
    ]);
    const said = facts.map((f) => f.sentence).join('\n');
    expect(said).toContain('of account alice, 1000000000000000000 of eip155:31337/slip44:60');
    expect(said).toContain('on https://approve.example');
    expect(said).toContain('simulated time');
    expect(said).toContain(station.policyHash);
    expect(new TextDecoder().decode(await receiptOf('w-1'))).not.toContain('bob');
  });

  it('proves an authorization that nothing pays yet, and one that was cancelled', async () => {
    expect(verifyReceipt(await receiptOf('w-3'), verifierKey).map((f) => f.what)).toEqual([
      'log',
      'station',
      'approved',
      'attested',
      'ripe',
      'enrolled',
    ]);
    expect(verifyReceipt(await receiptOf('w-4'), verifierKey).at(-1)?.what).toBe('ended');
  });

  it('shows the factor that approved the destination, where another one approved the withdrawal', async () => {
    const carol = await station.ripeCustomer('carol');
    const { credential, second } = await secondFactor(carol);
    const prepared = await carol.prepare('w-5');
    await station.custody.withdrawals.authorize({
      intent: prepared.intent.bytes,
      attestations: [second.attest(prepared.intent.digest)],
    });

    const receipt: LooseReceipt = JSON.parse(new TextDecoder().decode(await receiptOf('w-5')));
    expect(receipt.factors.map((f) => f.credential)).toEqual([credential, carol.credential]);
    const facts = verifyReceipt(await receiptOf('w-5'), verifierKey);
    expect(facts.find((f) => f.what === 'attested')?.sentence).toContain(credential);
    expect(facts.find((f) => f.what === 'ripe')?.sentence).toContain(carol.credential);
    const enrolled = facts.filter((f) => f.what === 'enrolled').map((f) => f.sentence);
    expect(enrolled).toEqual([
      expect.stringContaining(`Factor ${credential} was enrolled`),
      expect.stringContaining('vouched for by admission.example under its key test-1'),
    ]);
    expect(enrolled[0]).toContain(`attested by factor ${carol.credential} on https://approve.example`);
  });

  it.each([
    ['ES384', -35],
    ['RS256', -257],
    ['EdDSA', -8],
  ])('is of a factor whose key is for %s as of any other', async (name, algorithm) => {
    const erin = await station.ripeCustomer(`erin-${name}`);
    const device = await furtherFactor(erin, deviceOf(name, { algorithms: [algorithm] }));
    station.passDay();
    const prepared = await erin.prepare(`w-${name}`);
    const attestations = [device.attest(prepared.intent.digest)];
    await station.custody.withdrawals.authorize({ intent: prepared.intent.bytes, attestations });
    const facts = verifyReceipt(await receiptOf(`w-${name}`), verifierKey);
    expect(facts.find((f) => f.what === 'attested')?.sentence).toContain(device.credential);
  });

  it('S12: holds no signature that is withheld', async () => {
    const dave = await station.ripeCustomer('dave');
    await dave.authorize('w-6');
    station.signer.behaviour = async (_permit, signed) => {
      await station.custody.operators.freeze('account:dave', 'operator', 'a test');
      return signed;
    };
    const { id } = await station.sign(['w-6'], station.payment({ nonce: 1 }));
    await station.settle();
    expect(station.custody.transactions.get(id).state).toBe('WITHHELD');
    expect(verifyReceipt(await receiptOf('w-6'), verifierKey).map((f) => f.what)).toEqual([
      'log',
      'station',
      'approved',
      'attested',
      'ripe',
      'enrolled',
      'permitted',
    ]);
    const receipt: LooseReceipt = JSON.parse(new TextDecoder().decode(await receiptOf('w-6')));
    expect(receipt.transactions.map((t) => t.signed)).toEqual(['']);
  });

  it('verifies anew with nothing but node:crypto, by formats.md', () => {
    const authorized = genuine.leaves.map((l) => JSON.parse(l.leaf)).find((l) => l.kind === 'withdrawal-authorized');
    const sha256 = (...parts: (string | Buffer)[]): string => {
      const hash = createHash('sha256');
      for (const part of parts) hash.update(part);
      return hash.digest('hex');
    };
    expect(sha256(genuine.intent)).toBe(authorized.intent);
    expect(sha256(genuine.policies[0] ?? '')).toBe(authorized.policy);
    for (const { leaf, openings } of genuine.leaves) {
      for (const { field, salt, value } of openings) {
        const opened = sha256('portcullis/commitment/v1\0', Buffer.from(salt, 'hex'), `${field}\0`, value);
        expect(JSON.parse(leaf)[field]).toBe(`commit:${opened}`);
      }
    }
    for (const { id, wallet, unsigned } of genuine.transactions) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(wallet.length);
      expect(sha256('portcullis/transaction/v1\0', length, wallet, Buffer.from(unsigned, 'hex'))).toBe(id);
    }
    const [assertion] = genuine.evidence.attestations;
    const [factor] = genuine.factors;
    const cose = Buffer.from(factor?.cose_key ?? '', 'base64url');
    const spki =
      cose.length === 77
        ? [
            Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'),
            cose.subarray(10, 42),
            cose.subarray(45),
          ]
        : [Buffer.from('302a300506032b6570032100', 'hex'), cose.subarray(10)];
    const key = createPublicKey({ key: Buffer.concat(spki), format: 'der', type: 'spki' });
    const [data, client, signature] = ['authenticator_data', 'client_data', 'signature'].map((name) =>
      Buffer.from(assertion?.[name] ?? '', 'base64url'),
    );
    const signed = Buffer.concat([
      data ?? cose,
      createHash('sha256')
        .update(client ?? cose)
        .digest(),
    ]);
    expect(verify(cose.length === 77 ? 'sha256' : null, signed, key, signature ?? cose)).toBe(true);
  });
});

describe('I5: a receipt with any part changed proves nothing', () => {
  /** Every place in a document that holds a text or a number. */
  function places(value: unknown, path: (string | number)[] = []): (string | number)[][] {
    if (typeof value !== 'object' || value === null) return [path];
    return Object.entries(value).flatMap(([key, inner]) =>
      places(inner, [...path, Array.isArray(value) ? Number(key) : key]),
    );
  }

  function changed(path: (string | number)[], change: (value: unknown) => unknown): LooseReceipt {
    const copy = structuredClone(genuine);
    let at: unknown = copy;
    for (const key of path.slice(0, -1)) at = Reflect.get(Object(at), key);
    const last = path.at(-1) ?? '';
    Reflect.set(Object(at), last, change(Reflect.get(Object(at), last)));
    return copy;
  }

  it('wherever a character is changed, added or taken', () => {
    const all = places(genuine);
    expect(all.length).toBeGreaterThan(100);
    const flip = (value: string, i: number): string =>
      `${value.slice(0, i)}${value[i] === '0' ? '1' : '0'}${value.slice(i + 1)}`;
    const changes: ((value: unknown) => unknown)[] = [
      (v) => (typeof v === 'number' ? v + 1 : flip(String(v), 0)),
      (v) => (typeof v === 'number' ? v - 1 : flip(String(v), Math.max(0, String(v).length - 2))),
      (v) => (typeof v === 'number' ? String(v) : `${String(v)}0`),
      () => null,
    ];
    for (const path of all) {
      for (const change of changes) {
        const broken = text(changed(path, change));
        expect
          .soft(
            reasonOf(() => verifyReceipt(broken, verifierKey)),
            path.join('.'),
          )
          .not.toBe('verified');
      }
    }
  });

  it.each([
    'type',
    'checkpoint',
    'leaves',
    'intent',
    'evidence',
    'destination',
    'factors',
    'policies',
    'transactions',
  ] as const)('without %s', (name) => {
    const { [name]: _gone, ...rest } = genuine;
    expect(reasonOf(() => verifyReceipt(text(rest), verifierKey))).toBe('receipt-malformed');
  });

  it.each(['factors', 'policies', 'transactions'] as const)('with one of its %s taken or repeated', (name) => {
    const less = { ...genuine, [name]: genuine[name].slice(1) };
    expect(reasonOf(() => verifyReceipt(text(less), verifierKey))).not.toBe('verified');
    const more = { ...genuine, [name]: [...genuine[name], genuine[name][0]] };
    expect(reasonOf(() => verifyReceipt(text(more), verifierKey))).not.toBe('verified');
  });

  it.each([
    'station-founded',
    'factor-added',
    'factor-ripening',
    'destination-added',
    'destination-ripening',
    'withdrawal-authorized',
    'transaction-permitted',
    'transaction-signed',
  ])('without its %s leaf', (kind) => {
    const leaves = genuine.leaves.filter(({ leaf }) => JSON.parse(leaf).kind !== kind);
    expect(leaves.length).toBeLessThan(genuine.leaves.length);
    expect(reasonOf(() => verifyReceipt(text({ ...genuine, leaves }), verifierKey))).not.toBe('verified');
  });

  it('with another spelling of the same document: white space, a repeated or an unknown member', () => {
    const plain = JSON.stringify(genuine);
    const said = (document: string): string =>
      reasonOf(() => verifyReceipt(new TextEncoder().encode(document), verifierKey));
    expect(said(plain)).toBe('verified');
    expect(said(`${plain}\n`)).toBe('receipt-malformed');
    expect(said(plain.replace('{', '{"type":"portcullis/receipt/v1",'))).toBe('receipt-malformed');
    expect(said(plain.replace('{', '{"extra":"",'))).toBe('receipt-malformed');
    expect(said('[]')).toBe('receipt-malformed');
    expect(said('')).toBe('receipt-malformed');
  });

  it('whatever bytes it is made of: refused as a receipt, never otherwise', () => {
    const plain = text(genuine);
    const broken = fc.oneof(
      fc.uint8Array(),
      fc.json().map((json) => new TextEncoder().encode(json)),
      fc
        .tuple(fc.nat(plain.length - 1), fc.integer({ min: 1, max: 255 }))
        .map(([at, by]) => plain.map((byte, i) => (i === at ? byte ^ by : byte))),
      fc.nat(plain.length - 1).map((length) => plain.slice(0, length)),
    );
    fc.assert(
      fc.property(broken, (bytes) => {
        expect(reasonOf(() => verifyReceipt(bytes, verifierKey))).not.toBe('verified');
      }),
      { numRuns: 500 },
    );
  });

  it('under another log’s key, though its name is the same', () => {
    const forged = forge(genuine, () => {});
    expect(reasonOf(() => verifyReceipt(text(genuine), forged.verifierKey))).toBe('checkpoint-invalid');
    expect(reasonOf(() => verifyReceipt(text(genuine), 'no key'))).toBe('checkpoint-invalid');
  });
});

describe('I5: a receipt whose leaves do not fit together proves nothing, even signed by the log', () => {
  const leafOf = (leaves: LooseLeaf[], kind: string, nth = 0): LooseLeaf => {
    const leaf = leaves.filter((l) => l.kind === kind)[nth];
    if (leaf === undefined) throw new Error(`no ${kind} leaf`);
    return leaf;
  };
  const forgedReason = (
    change: (leaves: LooseLeaf[], receipt: LooseReceipt) => void,
    origin?: string,
    of = genuine,
  ): string => {
    const { bytes, verifierKey: key } = forge(of, change, origin);
    return reasonOf(() => verifyReceipt(bytes, key));
  };
  const set =
    (kind: string, name: string, value: string, nth = 0) =>
    (leaves: LooseLeaf[]): void => {
      const leaf = leafOf(leaves, kind, nth);
      if (name in leaf.personal) leaf.personal[name] = value;
      else leaf.fields[name] = value;
    };
  const other = '0'.repeat(64);
  const stationId = '0'.repeat(32);

  it('while one whose leaves are unchanged verifies', () => {
    expect(forgedReason(() => {})).toBe('verified');
  });

  it.each([
    ['another withdrawal', set('withdrawal-authorized', 'withdrawal', 'w-9'), 'intent-differs'],
    ['another asset', set('withdrawal-authorized', 'asset', 'eip155:1/slip44:60'), 'intent-differs'],
    ['another amount', set('withdrawal-authorized', 'amount', '2'), 'intent-differs'],
    ['another fee ceiling', set('withdrawal-authorized', 'max_fee', '2'), 'intent-differs'],
    ['another time to pay by', set('withdrawal-authorized', 'pay_by', '2022-01-17T00:46:00Z'), 'intent-differs'],
    ['another account', set('withdrawal-authorized', 'account', 'bob'), 'intent-differs'],
    ['another destination', set('withdrawal-authorized', 'destination', 'eip155:31337:0x0'), 'intent-differs'],
    ['another intent', set('withdrawal-authorized', 'intent', other), 'leaf-missing'],
    ['another policy', set('withdrawal-authorized', 'policy', other), 'policy-differs'],
    ['other factors', set('withdrawal-authorized', 'factors', 'A'.repeat(43)), 'evidence-invalid'],
    ['no ripening leaf of that index', set('withdrawal-authorized', 'destination_leaf', '3'), 'leaf-missing'],
    ['another W₀', set('withdrawal-authorized', 'destination_w0', '1'), 'destination-differs'],
    ['another d₀', set('withdrawal-authorized', 'destination_d0', '1'), 'destination-differs'],
    ['another W₀ of a factor', set('withdrawal-authorized', 'factors_w0', '1'), 'factor-differs'],
    ['another d₀ of a factor', set('withdrawal-authorized', 'factors_d0', '1'), 'factor-differs'],
    ['the ripening of one factor more', set('withdrawal-authorized', 'factors_w0', '1 1'), 'leaf-missing'],
    ['another W₀ of who listed it', set('destination-added', 'attested_by_w0', '1'), 'factor-differs'],
    ['another d₀ of who listed it', set('destination-added', 'attested_by_d0', '1'), 'factor-differs'],
    ['another W₀ at a permit', set('transaction-permitted', 'destinations_w0', '1'), 'destination-differs'],
    ['another d₀ at a permit', set('transaction-permitted', 'destinations_d0', '1', 1), 'destination-differs'],
    ['the ripening of one payment more', set('transaction-permitted', 'destinations_w0', '1 1'), 'leaf-missing'],
    ['a factor of another kind', set('factor-added', 'kind_of_factor', 'totp'), 'factor-differs'],
    ['a factor that another attested', set('factor-added', 'attested_by', 'A'.repeat(43)), 'factor-differs'],
    ['a factor of another intent', set('factor-added', 'intent', other), 'factor-differs'],
    ['a factor admitted by another authority', set('factor-added', 'admitted_by', 'evil.example'), 'evidence-invalid'],
    ['a factor admitted by nobody', set('factor-added', 'admitted_by', ''), 'evidence-invalid'],
    ['a first factor that relied on another', set('factor-added', 'attested_by_w0', '1'), 'evidence-invalid'],
    ['a factor’s other key', set('factor-added', 'key', other), 'factor-differs'],
    ['a factor’s other class', set('factor-added', 'class', 'hardware'), 'factor-differs'],
    ['a factor of another account', set('factor-added', 'account', 'bob'), 'factor-differs'],
    ['another factor’s enrolment', set('factor-added', 'factor', 'A'.repeat(43)), 'leaf-missing'],
    ['a factor announced by another notice', set('factor-ripening', 'notice', '0'.repeat(32)), 'leaf-missing'],
    ['a factor’s ripening of another intent', set('factor-ripening', 'intent', other), 'leaf-missing'],
    ['a factor that was not ripe', set('factor-ripening', 'd0', '999999999999'), 'factor-differs'],
    ['a factor whose ripening says no number', set('factor-ripening', 'w0', ''), 'factor-differs'],
    ['a destination listed by another intent', set('destination-added', 'intent', other), 'destination-differs'],
    ['a destination announced by another notice', set('destination-added', 'notice', other), 'destination-differs'],
    ['a destination of another account', set('destination-added', 'account', 'bob'), 'destination-differs'],
    ['another destination listed', set('destination-added', 'destination', 'eip155:1:0x0'), 'destination-differs'],
    [
      'a destination listed by another factor',
      set('destination-added', 'attested_by', 'A'.repeat(43)),
      'evidence-invalid',
    ],
    ['a permit for another transaction', set('transaction-permitted', 'transaction', other), 'leaf-missing'],
    ['a permit for another wallet', set('transaction-permitted', 'wallet', 'hot-2'), 'transaction-differs'],
    ['a permit for other withdrawals', set('transaction-permitted', 'withdrawals', 'w-9'), 'transaction-differs'],
    ['a permit for one withdrawal more', set('transaction-permitted', 'withdrawals', 'w-1 w-9'), 'transaction-differs'],
    ['a permit for another payment set', set('transaction-permitted', 'payment_set', other), 'transaction-differs'],
    ['I4: two anchors', set('transaction-permitted', 'anchor', 'nonce:9', 1), 'transaction-differs'],
    ['a replacement of nothing', set('transaction-permitted', 'replaces', '', 1), 'transaction-differs'],
    ['a first version that replaces one', set('transaction-permitted', 'replaces', other), 'transaction-differs'],
    ['other signed bytes', set('transaction-signed', 'raw', other), 'transaction-differs'],
    ['a signature of something else', set('transaction-signed', 'transaction', other), 'transaction-differs'],
    ['the wrong journal key', set('station-founded', 'journal_key', 'other'), 'leaf-unproven'],
    ['another source of time', set('station-founded', 'time_source', 'machine'), 'leaf-unproven'],
  ] as const)('%s', (_, change, reason) => {
    expect(forgedReason(change)).toBe(reason);
  });

  it('a destination that was not ripe, though both leaves agree', () => {
    expect(
      forgedReason((leaves) => {
        set('withdrawal-authorized', 'destination_d0', '999999999999')(leaves);
        set('destination-ripening', 'd0', '999999999999')(leaves);
      }),
    ).toBe('destination-differs');
  });

  it('a leaf of another station, a log of another station, time that went back', () => {
    expect(
      forgedReason((leaves) => {
        leafOf(leaves, 'transaction-sent').station = `${stationId}/1`;
      }),
    ).toBe('leaf-unproven');
    expect(forgedReason(() => {}, `portcullis/simulated/${stationId}`)).toBe('leaf-unproven');
    expect(
      forgedReason((leaves) => {
        leafOf(leaves, 'transaction-sent').w = 0;
      }),
    ).toBe('leaf-unproven');
    expect(forgedReason((leaves) => void leaves.reverse())).toBe('leaf-unproven');
  });

  it('a leaf whose time is none', () => {
    expect(
      forgedReason((leaves) => {
        leafOf(leaves, 'transaction-sent').time = 'yesterday';
      }),
    ).toBe('leaf-unproven');
  });

  it('an intent of another generation, or authorized before it was issued or after it expired', () => {
    const at = (time: string) => (leaves: LooseLeaf[]) => {
      leafOf(leaves, 'withdrawal-authorized').time = time;
    };
    expect(forgedReason(at('2022-01-16T00:00:00Z'))).toBe('intent-differs');
    expect(forgedReason(at('2032-01-16T00:00:00Z'))).toBe('intent-differs');
    expect(
      forgedReason((leaves) => {
        const leaf = leafOf(leaves, 'withdrawal-authorized');
        leaf.station = leaf.station.replace(/1$/, '2');
      }),
    ).toBe('intent-differs');
  });

  it('a factor revoked, or a destination removed, before the authorization', () => {
    const insert = (leaves: LooseLeaf[], like: string, kind: LooseLeaf['kind']): void => {
      const authorized = leaves.findIndex((l) => l.kind === 'withdrawal-authorized');
      const model = leafOf(leaves, like);
      const at = leaves[authorized];
      if (at === undefined) throw new Error('no authorization');
      const index = at.index - 1;
      const leaf = { ...at, index, kind, fields: { ...model.fields }, personal: {} };
      // In the place of an entry that this receipt does not need.
      const rest = leaves.filter((l) => l.index !== index);
      leaves.splice(0, leaves.length, ...rest, leaf);
      leaves.sort((a, b) => a.index - b.index);
    };
    expect(forgedReason((leaves) => insert(leaves, 'factor-added', 'factor-revoked'))).toBe('factor-differs');
    expect(forgedReason((leaves) => insert(leaves, 'destination-added', 'destination-removed'))).toBe(
      'destination-differs',
    );
  });

  it('an erased opening that its sentence needs, while one that it does not need may be gone', () => {
    const erase = (kind: string, field: string) => (leaves: LooseLeaf[]) => {
      leafOf(leaves, kind).erased.push(field);
    };
    expect(forgedReason(erase('withdrawal-authorized', 'account'))).toBe('opening-wrong');
    expect(forgedReason(erase('withdrawal-authorized', 'destination'))).toBe('opening-wrong');
    expect(forgedReason(erase('withdrawal-authorized', 'factors'))).toBe('opening-wrong');
    expect(forgedReason(erase('destination-added', 'account'))).toBe('opening-wrong');
    expect(forgedReason(erase('factor-added', 'account'))).toBe('opening-wrong');
    expect(forgedReason(erase('factor-added', 'attested_by'))).toBe('verified');
  });

  it('an intent that is not canonical, or of another type', () => {
    const digest = (intent: string): string => createHash('sha256').update(intent).digest('hex');
    const withIntent = (intent: string) => (leaves: LooseLeaf[], receipt: LooseReceipt) => {
      receipt.intent = intent;
      leafOf(leaves, 'withdrawal-authorized').fields['intent'] = digest(intent);
    };
    expect(forgedReason(withIntent(` ${genuine.intent}`))).toBe('intent-differs');
    expect(forgedReason(withIntent('{"type":"portcullis/destination/v1"}'))).toBe('intent-differs');
  });

  it('A1, A2: evidence that is missing, of another challenge or kind, unverified, or not signed by the factor', async () => {
    const evidence =
      (change: (assertion: Record<string, string>) => void) => (_: LooseLeaf[], receipt: LooseReceipt) => {
        const [assertion] = receipt.evidence.attestations;
        if (assertion !== undefined) change(assertion);
      };
    const edited = (name: string, edit: (bytes: Buffer) => Buffer) => (assertion: Record<string, string>) => {
      assertion[name] = edit(Buffer.from(assertion[name] ?? '', 'base64url')).toString('base64url');
    };
    const client = (from: string, to: string) =>
      edited('client_data', (b) => Buffer.from(b.toString().replace(from, to)));
    const why = (change: (assertion: Record<string, string>) => void): string => {
      const { bytes, verifierKey: key } = forge(genuine, evidence(change));
      try {
        verifyReceipt(bytes, key);
      } catch (error) {
        return error instanceof ReceiptError ? `${error.reason}: ${error.message}` : String(error);
      }
      return 'verified';
    };
    expect(why(client('webauthn.get', 'webauthn.create'))).toMatch(/^evidence-invalid: .* request for an assertion$/);
    expect(why(client('"challenge":"', '"challenge":"A'))).toMatch(/^evidence-invalid: .* another challenge$/);
    expect(why(client('"origin"', '"o"'))).toMatch(/^evidence-invalid: .* no origin$/);
    expect(why(client('{', '['))).toMatch(/^evidence-invalid: .* not a JSON object$/);
    const flags = (value: number) => edited('authenticator_data', (b) => Buffer.from(b.fill(value, 32, 33)));
    expect(why(flags(0x04))).toMatch(/^evidence-invalid: .* without a person$/);
    expect(why(client('"crossOrigin":false', '"crossOrigin": false'))).toMatch(/^evidence-invalid: .* factor’s key$/);
    expect(why(client('"crossOrigin":false', '"crossOrigin":true'))).toMatch(
      /^evidence-invalid: .* within another one$/,
    );
    expect(why(client('https://approve.example', 'https://evil.example'))).toMatch(
      /^evidence-invalid: .* made on "https:..evil.example", which the policy does not name$/,
    );
    expect(why(edited('authenticator_data', (b) => Buffer.from(b.fill(7, 0, 32))))).toMatch(
      /^evidence-invalid: .* another relying party than the policy’s$/,
    );
    expect(
      forgedReason((leaves, receipt) => {
        receipt.evidence.attestations = [];
        leafOf(leaves, 'withdrawal-authorized').personal['factors'] = '';
      }),
    ).toBe('evidence-invalid');
    expect(
      forgedReason((leaves, receipt) => {
        const [factor] = receipt.factors;
        if (factor === undefined) throw new Error('no factor');
        factor.cose_key = 'oA';
        leafOf(leaves, 'factor-added').fields['key'] = createHash('sha256')
          .update(Buffer.from('a0', 'hex'))
          .digest('hex');
      }),
    ).toBe('factor-differs');
  });

  it('signed bytes without a leaf of their release, a leaf of a release without its bytes', () => {
    expect(
      forgedReason((leaves) => {
        leaves.splice(leaves.indexOf(leafOf(leaves, 'transaction-signed')), 1);
      }),
    ).toBe('transaction-differs');
    expect(
      forgedReason((_, receipt) => {
        for (const transaction of receipt.transactions) transaction.signed = '';
      }),
    ).toBe('transaction-differs');
  });

  it('a destination removed between the authorization and the permit', () => {
    expect(
      forgedReason((leaves) => {
        const authorized = leafOf(leaves, 'withdrawal-authorized');
        const permit = leafOf(leaves, 'transaction-permitted');
        const { entry = '' } = leafOf(leaves, 'destination-added').fields;
        const index = authorized.index + 1;
        expect(index).toBeLessThan(permit.index);
        const removed = { ...authorized, index, kind: 'destination-removed' as const, fields: { entry }, personal: {} };
        leaves.push(removed);
        leaves.sort((a, b) => a.index - b.index);
      }),
    ).toBe('destination-differs');
  });

  it('D4: a destination without the evidence of its owner’s factor, or with that of another intent', () => {
    const listed = (change: (destination: LooseReceipt['destination'], receipt: LooseReceipt) => void) =>
      forgedReason((_, receipt) => change(receipt.destination, receipt));
    expect(
      listed((d) => {
        d.evidence.attestations = [];
      }),
    ).toBe('evidence-invalid');
    expect(
      listed((d, { evidence }) => {
        d.evidence = evidence;
      }),
    ).toBe('evidence-invalid');
    expect(
      listed((d, { intent }) => {
        d.intent = intent;
      }),
    ).toBe('intent-differs');
    expect(
      listed((d) => {
        d.intent = d.intent.replace('my wallet', 'my safe');
      }),
    ).toBe('destination-differs');
    const rewritten = (from: string, to: string) => (leaves: LooseLeaf[], receipt: LooseReceipt) => {
      const intent = receipt.destination.intent.replace(from, to);
      receipt.destination.intent = intent;
      const digest = createHash('sha256').update(intent).digest('hex');
      for (const kind of ['destination-added', 'destination-ripening']) leafOf(leaves, kind).fields['intent'] = digest;
    };
    // The log may lie about the digest; the factor did not sign it.
    expect(forgedReason(rewritten('my wallet', 'my safe'))).toBe('evidence-invalid');
    expect(forgedReason(rewritten('"alice"', '"mallory"'))).toBe('destination-differs');
    expect(forgedReason(rewritten('entry-alice', 'entry-mallory'))).toBe('destination-differs');
    expect(
      forgedReason(
        rewritten('0x70997970C51812dc3A010C7d01b50e0d17dc79C8', '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'),
      ),
    ).toBe('destination-differs');
    expect(
      forgedReason((leaves) => {
        leafOf(leaves, 'destination-added').time = '2032-01-16T00:00:00Z';
      }),
    ).toBe('destination-differs');
  });

  it('A10: a first factor without the voucher of an authority that the policy pins, or with a wrong one', () => {
    const enrolled = (
      change: (factor: LooseReceipt['factors'][number], leaves: LooseLeaf[], receipt: LooseReceipt) => void,
    ) =>
      forgedReason((leaves, receipt) => {
        const [factor] = receipt.factors;
        if (factor === undefined) throw new Error('no factor');
        change(factor, leaves, receipt);
      });
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const part = (jws: string, n: number) => JSON.parse(Buffer.from(jws.split('.')[n] ?? '', 'base64url').toString());
    /** A voucher with other claims by a new key, which the policy pins instead. */
    const voucher =
      (claims: Record<string, unknown>, header: Record<string, unknown> = {}, pin = true) =>
      (factor: LooseReceipt['factors'][number], leaves: LooseLeaf[], receipt: LooseReceipt) => {
        const signed = `${b64({ ...part(factor.voucher, 0), ...header })}.${b64({ ...part(factor.voucher, 1), ...claims })}`;
        factor.voucher = `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
        if (!pin) return;
        const { x } = publicKey.export({ format: 'jwk' });
        const policy = (receipt.policies[0] ?? '').replace(/x: \S+/, `x: ${x}`);
        receipt.policies = [policy];
        const hash = createHash('sha256').update(policy).digest('hex');
        for (const { fields } of leaves) if ('policy' in fields) fields['policy'] = hash;
      };
    expect(enrolled(voucher({}))).toBe('verified');
    expect(enrolled(voucher({}, {}, false))).toBe('evidence-invalid');
    expect(
      enrolled((f) => {
        f.voucher = '';
      }),
    ).toBe('evidence-invalid');
    expect(
      enrolled((f) => {
        f.voucher = `${f.voucher}.`;
      }),
    ).toBe('evidence-invalid');
    expect(
      enrolled((f) => {
        f.voucher = 'W10.W10.W10';
      }),
    ).toBe('evidence-invalid');
    expect(
      enrolled((f, _, { evidence }) => {
        f.evidence = evidence;
      }),
    ).toBe('evidence-invalid');
    for (const claims of [
      { sub: 'mallory' },
      { aud: `${stationId}/1` },
      { iss: 'evil.example' },
      { key: other },
      { credential: 'A'.repeat(43) },
      { extra: '' },
      { jti: 1 },
      { exp: 1 },
      { exp: 4_000_000_000 },
      { iat: '0' },
      { iat: 1_900_000_000, exp: 1_900_000_600 },
      { iat: 1_500_000_000, exp: 1_500_000_600 },
    ]) {
      expect.soft(enrolled(voucher(claims)), JSON.stringify(claims)).toBe('evidence-invalid');
    }
    expect(enrolled(voucher({}, { typ: 'JWT' }))).toBe('evidence-invalid');
    expect(enrolled(voucher({}, { jku: 'https://evil.example' }))).toBe('evidence-invalid');
    expect(enrolled(voucher({}, { alg: 'ES256' }))).toBe('evidence-invalid');
    expect(enrolled(voucher({}, { kid: 'test-2' }))).toBe('policy-differs');
    const policy = (from: string | RegExp, to: string) =>
      enrolled((_, leaves, receipt) => {
        receipt.policies = receipt.policies.map((document) => document.replace(from, to));
        const hash = createHash('sha256')
          .update(receipt.policies[0] ?? '')
          .digest('hex');
        for (const { fields } of leaves) if ('policy' in fields) fields['policy'] = hash;
      });
    expect(policy('issuer: admission.example', 'issuer: other.example')).toBe('policy-differs');
    expect(policy('admission:', 'admission: {}\nother:')).toBe('policy-differs');
    expect(policy('crv: Ed25519', 'crv: Ed448')).toBe('policy-differs');
    expect(policy(/^( {2}- \{ issuer.*)$/m, '$1\n$1')).toBe('policy-differs');
    expect(policy('crv: Ed25519, x: ', 'crv: Ed25519, x: A')).toBe('policy-differs');
    expect(policy('version: 1', 'version: [')).toBe('policy-differs');
  });

  it('A8, A14: a factor whose enrolment the factor that it names did not sign, or not while it was ripe', async () => {
    const dora = await station.ripeCustomer('dora');
    const { credential, second } = await secondFactor(dora);
    const prepared = await dora.prepare('w-7');
    await station.custody.withdrawals.authorize({
      intent: prepared.intent.bytes,
      attestations: [second.attest(prepared.intent.digest)],
    });
    const receipt: LooseReceipt = JSON.parse(new TextDecoder().decode(await receiptOf('w-7')));
    const reason = (change: (leaves: LooseLeaf[], receipt: LooseReceipt) => void) =>
      forgedReason(change, undefined, receipt);
    const added = (leaves: LooseLeaf[]): LooseLeaf => {
      const leaf = leaves.find((l) => l.personal['factor'] === credential && l.kind === 'factor-added');
      if (leaf === undefined) throw new Error('no enrolment');
      return leaf;
    };
    const shown = (of: LooseReceipt) => {
      const factor = of.factors.find((f) => f.credential === credential);
      if (factor === undefined) throw new Error('no factor');
      return factor;
    };
    expect(reason(() => {})).toBe('verified');
    expect(
      reason((leaves) => {
        added(leaves).fields['attested_by_w0'] = '1';
      }),
    ).toBe('factor-differs');
    expect(
      reason((leaves) => {
        added(leaves).fields['attested_by_d0'] = '1';
      }),
    ).toBe('factor-differs');
    expect(
      reason((leaves) => {
        added(leaves).fields['admitted_by'] = 'admission.example';
      }),
    ).toBe('evidence-invalid');
    expect(
      reason((_, r) => {
        shown(r).voucher = 'a.b.c';
      }),
    ).toBe('evidence-invalid');
    expect(
      reason((_, r) => {
        shown(r).evidence.attestations = [];
      }),
    ).toBe('evidence-invalid');
    expect(
      reason((_, r) => {
        shown(r).evidence = r.evidence;
      }),
    ).toBe('evidence-invalid');
    expect(
      reason((_, r) => {
        shown(r).evidence = r.destination.evidence;
      }),
    ).toBe('evidence-invalid');
    expect(
      reason((_, r) => {
        shown(r).intent = r.factors.find((f) => f !== shown(r))?.intent ?? '';
      }),
    ).toBe('factor-differs');
    expect(
      reason((leaves) => {
        added(leaves).time = '2032-01-16T00:00:00Z';
      }),
    ).toBe('factor-differs');
    // Another name for it: an assertion does not sign the credential's id.
    expect(
      reason((leaves, r) => {
        const name = 'A'.repeat(43);
        const [assertion] = r.evidence.attestations;
        if (assertion !== undefined) assertion['credential'] = name;
        shown(r).credential = name;
        leafOf(leaves, 'withdrawal-authorized').personal['factors'] = name;
        added(leaves).personal['factor'] = name;
      }),
    ).toBe('factor-differs');
    // The first factor’s ripening told only after it attested the second.
    expect(
      reason((leaves) => {
        const ripening = leafOf(leaves, 'factor-ripening');
        const late = added(leaves).index + 1;
        leaves.splice(
          leaves.findIndex((l) => l.index === late),
          leaves.some((l) => l.index === late) ? 1 : 0,
        );
        Object.assign(ripening, { index: late, w: added(leaves).w });
        leaves.sort((a, b) => a.index - b.index);
      }),
    ).not.toBe('verified');
    // The second’s enrolment alone, without the factor that attested it.
    expect(
      reason((_, r) => {
        r.factors = [shown(r)];
      }),
    ).toBe('factor-differs');
    // And a factor on which nothing rests.
    const w8 = await dora.prepare('w-8');
    await station.custody.withdrawals.authorize({
      intent: w8.intent.bytes,
      attestations: [dora.attest(w8.intent.digest)],
    });
    const plain: LooseReceipt = JSON.parse(new TextDecoder().decode(await receiptOf('w-8')));
    expect(plain.factors.map((f) => f.credential)).toEqual([dora.credential]);
    expect(
      forgedReason(
        (leaves, r) => {
          const more = forgeable(receipt).filter(
            (l) => !leaves.some((o) => o.index === l.index) && l.kind.startsWith('factor-'),
          );
          leaves.push(...more);
          leaves.sort((a, b) => a.index - b.index);
          r.factors.push(shown(receipt));
        },
        undefined,
        plain,
      ),
    ).toBe('factor-differs');
  });

  it('A8: another account’s factor, enrolled and ripe, that signed this very intent', async () => {
    const bobs: LooseReceipt = JSON.parse(new TextDecoder().decode(await receiptOf('w-2')));
    const digest = createHash('sha256').update(genuine.intent).digest('hex');
    const { credential, authenticatorData, clientData, signature } = bob.attest(digest);
    const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
    expect(
      forgedReason((leaves, receipt) => {
        const more = forgeable(bobs).filter((l) => l.kind === 'factor-added' || l.kind === 'factor-ripening');
        leaves.push(...more);
        leaves.sort((a, b) => a.index - b.index);
        receipt.factors.push(...bobs.factors);
        receipt.evidence.attestations = [
          {
            kind: 'webauthn',
            credential,
            authenticator_data: b64(authenticatorData),
            client_data: b64(clientData),
            signature: b64(signature),
          },
        ];
        const authorized = leafOf(leaves, 'withdrawal-authorized');
        authorized.personal['factors'] = credential;
        authorized.fields['factors_w0'] = more.find((l) => l.kind === 'factor-ripening')?.fields['w0'] ?? '';
      }),
    ).toBe('factor-differs');
  });

  it.each(['factor', 'destination'] as const)('a %s that ripened before it was added', (what) => {
    expect(
      forgedReason((leaves) => {
        const [added, ripening] = [leafOf(leaves, `${what}-added`), leafOf(leaves, `${what}-ripening`)];
        const { index, w } = added;
        Object.assign(added, { index: ripening.index, w: ripening.w });
        Object.assign(ripening, { index, w });
        if (what === 'destination') leafOf(leaves, 'withdrawal-authorized').fields['destination_leaf'] = String(index);
        leaves.sort((a, b) => a.index - b.index);
      }),
    ).toBe(what === 'factor' ? 'leaf-missing' : 'destination-differs');
  });
});
