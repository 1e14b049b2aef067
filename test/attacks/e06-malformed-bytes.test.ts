import fc from 'fast-check';
import { toRlp } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Malformed, parseWithdrawalId, type Reason, Refusal } from '../../src/domain/index.ts';
import { alicesAddress, TestStation, walletId } from '../custody/station.ts';
import { refused, remembered } from './attempt.ts';
import { bytesOf, type Hex, plain } from './bytes.ts';

type Item = Hex | readonly Item[];

describe('E6: bytes that two readers could read in two ways', () => {
  let station: TestStation;
  beforeEach(async () => {
    station = await TestStation.open();
    await (await station.ripeCustomer('alice')).authorize('w-1');
  });
  afterEach(() => station.close());

  const to = plain(alicesAddress);
  const good: readonly Item[] = [
    '0x7a69',
    '0x',
    '0x3b9aca00',
    '0x04a817c800',
    '0x5208',
    to,
    '0x0de0b6b3a7640000',
    '0x',
    [],
  ];
  const typed = (items: readonly Item[]): Uint8Array => Uint8Array.of(2, ...bytesOf(toRlp(items)));
  const changed = (at: number, item: Item): Uint8Array => typed(good.map((old, i) => (i === at ? item : old)));
  const whole = typed(good);

  const attacks: readonly [string, () => Uint8Array, Reason][] = [
    ['nothing', () => new Uint8Array(), 'transaction-undecodable'],
    ['a leading zero in the chain id', () => changed(0, '0x007a69'), 'transaction-undecodable'],
    ['a zero written as a byte', () => changed(1, '0x00'), 'transaction-undecodable'],
    ['a leading zero in the fee', () => changed(3, '0x0004a817c800'), 'transaction-undecodable'],
    ['a leading zero in the gas limit', () => changed(4, '0x005208'), 'transaction-undecodable'],
    ['a leading zero in the amount', () => changed(6, '0x000de0b6b3a7640000'), 'transaction-undecodable'],
    ['an amount of 33 bytes', () => changed(6, `0x01${'00'.repeat(32)}`), 'transaction-undecodable'],
    ['a nonce beyond 64 bits', () => changed(1, '0x010000000000000000'), 'transaction-undecodable'],
    ['a gas limit beyond 64 bits', () => changed(4, '0x010000000000000000'), 'transaction-undecodable'],
    ['a recipient of 19 bytes', () => changed(5, to.slice(0, -2) as Hex), 'transaction-undecodable'],
    ['a recipient of 32 bytes', () => changed(5, `0x${'00'.repeat(12)}${to.slice(2)}`), 'transaction-undecodable'],
    ['a list where a number belongs', () => changed(6, ['0x01']), 'transaction-undecodable'],
    ['a list nested in the recipient', () => changed(5, [[[[[]]]]]), 'transaction-undecodable'],
    ['a number where the access list belongs', () => changed(8, '0x'), 'transaction-undecodable'],
    ['a field too few', () => typed(good.slice(0, -1)), 'transaction-undecodable'],
    ['a field too many', () => typed([...good, '0x01']), 'transaction-undecodable'],
    ['a byte after the end', () => Uint8Array.of(...whole, 0), 'transaction-undecodable'],
    ['cut short', () => whole.slice(0, -1), 'transaction-undecodable'],
    [
      'a length longer than it needs',
      () => Uint8Array.of(2, 0xf8, whole.length - 2, ...whole.slice(2)),
      'transaction-undecodable',
    ],
    [
      'one byte with a length of its own',
      () => {
        const body = Buffer.from(whole).toString('hex');
        // Nonce 1 is the byte 01; 8101 says the same in two.
        const one = Buffer.from(typed(good.map((old, i) => (i === 1 ? '0x01' : old)))).toString('hex');
        expect(body).toHaveLength(one.length);
        const head = Number.parseInt(one.slice(2, 4), 16) + 1;
        return bytesOf(`02${head.toString(16)}${one.slice(4).replace('827a6901', '827a698101')}`);
      },
      'transaction-undecodable',
    ],
    ['a signature already', () => typed([...good, '0x01', '0x02', '0x03']), 'transaction-signed-already'],
    [
      'a signature already, in a legacy one',
      () => bytesOf(toRlp(['0x', '0x04a817c800', '0x5208', to, '0x01', '0x', '0xf4f5', '0x02', '0x03'])),
      'transaction-signed-already',
    ],
  ];
  for (const [what, bytes, reason] of attacks) {
    it(`E6: ${what}: ${reason}`, async () => {
      const refusal = await refused(station, () => station.sign(['w-1'], bytes()), reason, 'none');
      expect(refusal).toBeInstanceOf(Malformed);
      expect(refusal.details['field']).toBe('unsigned');
    });
  }

  it('E6: the bytes that these are made of are signed', async () => {
    await station.sign(['w-1'], whole);
    await station.settle();
    expect(station.signer.seen).toHaveLength(1);
  });

  it('E6: any change to the bytes is refused with a reason of the catalogue, or pays the same in another way', async () => {
    const before = remembered(station);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
        .map(([at, flip]) => whole.map((byte, i) => (i === at ? byte ^ flip : byte))),
      fc.nat(whole.length).map((end) => whole.slice(0, end)),
    );
    const { transactions } = station.custody;
    await fc.assert(
      fc.asyncProperty(bytes, async (unsigned) => {
        const request = { wallet: walletId, unsigned, pays: [parseWithdrawalId('w-1', 'id')], replaces: undefined };
        const outcome = await transactions.explain(request).catch((error: unknown) => error);
        if (outcome instanceof Refusal) return;
        if (outcome instanceof Error) throw outcome;
      }),
      { numRuns: 500 },
    );
    expect(remembered(station)).toEqual(before);
  });
});
