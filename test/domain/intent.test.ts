import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalBytes,
  type Flat,
  type IntentType,
  intentBytesMost,
  Malformed,
  parseIntent,
  sealIntent,
} from '../../src/domain/index.ts';

const common = {
  station: `${'9f'.repeat(16)}/1`,
  issued: '2022-01-17T00:46:00Z',
  expires: '2022-01-17T00:51:00Z',
  ticket: 'T'.repeat(43),
};
const address = 'eip155:1:0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B';

const samples: { readonly [T in IntentType]: Flat } = {
  'portcullis/withdrawal/v1': {
    ...common,
    type: 'portcullis/withdrawal/v1',
    withdrawal: 'w-1',
    account: 'alice',
    asset: 'eip155:1/slip44:60',
    amount: '1000000000000000000',
    destination: address,
    max_fee: '1000000000000000',
    pay_by: '2022-01-18T00:46:00Z',
  },
  'portcullis/destination/v1': {
    ...common,
    type: 'portcullis/destination/v1',
    entry: 'entry-1',
    account: 'alice',
    destination: address,
    label: "Zoë's",
  },
  'portcullis/factor/v1': {
    ...common,
    type: 'portcullis/factor/v1',
    account: 'alice',
    kind: 'webauthn',
    class: 'device',
    credential: 'B'.repeat(43),
    key: 'b'.repeat(64),
    attested_by: '',
  },
  'portcullis/operator/v1': {
    ...common,
    type: 'portcullis/operator/v1',
    verb: 'approve',
    subject: 'w-1',
    digest: 'd'.repeat(64),
    base: 'e'.repeat(64),
  },
};
const types = Object.keys(samples) as IntentType[];

function fieldOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Malformed) return error.field;
    throw error;
  }
  return 'parsed';
}

const placeOf = (type: IntentType, change: Record<string, string | undefined>): string => {
  const flat = Object.fromEntries(
    Object.entries<string | undefined>({ ...samples[type], ...change }).flatMap(([k, v]) =>
      v === undefined ? [] : [[k, v]],
    ),
  );
  return fieldOf(() => parseIntent(canonicalBytes(flat), type));
};

/** Golden: computed apart from this program, with Python's json and hashlib. A change here breaks every intent in flight. */
const golden: { readonly [T in IntentType]: string } = {
  'portcullis/withdrawal/v1': 'b61848aa65f89cdeb9691e77c5b0f1d5ce3b7e855e0d97f62380899d96c5949b',
  'portcullis/destination/v1': 'e8da8d3736b33ff31c3b2c8236cc72c7aa1b049ee71522b69d7903e736136fd0',
  'portcullis/factor/v1': '6d550a4d37a768c95e68820340e5dcf3c8bf33f718b2fb9c29059714ebec8bf5',
  'portcullis/operator/v1': '3d1d62f7552ac3e4db4834f52689194039b91569282c2a3b3c45b4b8f7324f3a',
};

describe('intents', () => {
  for (const type of types) {
    describe(type, () => {
      it('I2: comes back as exactly the bytes that were handed out, under the same digest', () => {
        const sealed = sealIntent(type, samples[type]);
        expect(sealed.digest).toBe(golden[type]);
        const parsed = parseIntent(sealed.bytes, type);
        expect(parsed).toEqual({ ...sealed, fields: expect.objectContaining(sealed.fields) });
        expect(parsed.intent.type).toBe(type);
      });

      it('I2: a member that is missing is named', () => {
        for (const name of Object.keys(samples[type])) {
          expect(placeOf(type, { [name]: undefined })).toBe(`intent.${name}`);
        }
      });

      it('I2: a member that is unknown is named', () => {
        expect(placeOf(type, { memo: 'x' })).toBe('intent.memo');
        expect(placeOf(type, { constructor: 'x' })).toBe('intent.constructor');
        expect(placeOf(type, { '': 'x' })).toBe('intent.""');
        // S10: and cannot speak for itself.
        expect(placeOf(type, { 'a\n\u202eb': 'x' })).toBe('intent."a\\n\\u{202e}b"');
        expect(placeOf(type, { ['a'.repeat(500)]: 'x' }).length).toBeLessThan(100);
      });

      it('I2: a member that is malformed is named', () => {
        const free = new Set(['label', 'attested_by']);
        for (const name of Object.keys(samples[type])) {
          if (!free.has(name)) expect(placeOf(type, { [name]: '' }), name).toBe(`intent.${name}`);
          // An operator's subject is any printable ASCII.
          const markup = name === 'subject' ? [] : ['<b>'];
          for (const bad of [...markup, '\u0000', 'a\nb', '\u202e', 'é\ud7ff\ufffd', ' 1']) {
            expect(placeOf(type, { [name]: bad }), `${name} = ${JSON.stringify(bad)}`).toBe(`intent.${name}`);
          }
        }
      });

      it('I2: is not taken for another type', () => {
        for (const other of types) {
          if (other !== type)
            expect(fieldOf(() => parseIntent(canonicalBytes(samples[other]), type))).toBe('intent.type');
        }
        expect(placeOf(type, { type: `${type}0` })).toBe('intent.type');
      });

      it('A11: lives a quarter of an hour at most, and more than nothing', () => {
        expect(placeOf(type, { expires: '2022-01-17T01:01:00Z' })).toBe('parsed');
        expect(placeOf(type, { expires: '2022-01-17T01:01:01Z' })).toBe('intent.expires');
        expect(placeOf(type, { expires: common.issued })).toBe('intent.expires');
        expect(placeOf(type, { expires: '2022-01-17T00:45:59Z' })).toBe('intent.expires');
      });

      it('throws Malformed and nothing else, whatever the members', () => {
        const name = fc.oneof(fc.constantFrom(...Object.keys(samples[type])), fc.string({ unit: 'binary' }));
        const value = fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('9999-99-99T99:99:99Z', '0', `${'9'.repeat(78)}`, 'a:b:c', '-1', '/'),
        );
        fc.assert(
          fc.property(fc.dictionary(name, value), (change) => {
            expect(placeOf(type, change)).toMatch(/^(parsed|intent[\x20-\x7e…]*)$/);
          }),
          { numRuns: 300 },
        );
      });
    });
  }

  it('refuses nothing, and more than any intent can be', () => {
    expect(fieldOf(() => parseIntent(new Uint8Array(), 'portcullis/withdrawal/v1'))).toBe('intent');
    const long = canonicalBytes({ ...samples['portcullis/withdrawal/v1'], account: 'a'.repeat(intentBytesMost) });
    expect(() => parseIntent(long, 'portcullis/withdrawal/v1')).toThrow('longer than 4096 bytes');
  });

  it('names the field as its caller calls it', () => {
    const bytes = canonicalBytes({ ...samples['portcullis/withdrawal/v1'], amount: '0' });
    expect(fieldOf(() => parseIntent(bytes, 'portcullis/withdrawal/v1', 'authorizations[2].intent'))).toBe(
      'authorizations[2].intent.amount',
    );
  });

  it('keeps its own copy of the bytes', () => {
    const bytes = canonicalBytes(samples['portcullis/withdrawal/v1']);
    const sealed = parseIntent(bytes, 'portcullis/withdrawal/v1');
    bytes.fill(0);
    expect(sealed.bytes[0]).toBe(0x7b);
  });

  it('A withdrawal’s pay_by lies within a day of its issue', () => {
    const payBy = (pay_by: string) => placeOf('portcullis/withdrawal/v1', { pay_by });
    expect(payBy('2022-01-17T00:46:00Z')).toBe('parsed');
    expect(payBy('2022-01-17T00:45:59Z')).toBe('intent.pay_by');
    expect(payBy('2022-01-18T00:46:00Z')).toBe('parsed');
    expect(payBy('2022-01-18T00:46:01Z')).toBe('intent.pay_by');
  });

  it('never hands out what would come back malformed', () => {
    const bad = { ...samples['portcullis/withdrawal/v1'], amount: '0' };
    expect(fieldOf(() => sealIntent('portcullis/withdrawal/v1', bad))).toBe('amount');
  });

  it('throws Malformed and nothing else, whatever the bytes', () => {
    const whole = canonicalBytes(samples['portcullis/withdrawal/v1']);
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc
        .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
        .map(([at, flip]) => whole.map((byte, i) => (i === at ? byte ^ flip : byte))),
    );
    fc.assert(
      fc.property(any, fc.constantFrom(...types), (bytes, type) => {
        expect(fieldOf(() => parseIntent(bytes, type))).toMatch(/^(parsed|intent[\x20-\x7e…]*)$/);
      }),
      { numRuns: 1_000 },
    );
  });
});
