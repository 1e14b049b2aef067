import { describe, expect, it } from 'vitest';
import { bytesOf, type Request, recipients } from '../chains/bitcoin/requests.ts';
import { coins, effectsOf, own, refuses, types } from './bitcoin.ts';

const wallet = own('wpkh');
const paying = (script: Uint8Array, amount: bigint): Request => ({ coins, outputs: [{ script, amount }] });

describe('B5: outputs that nobody gets', () => {
  it.each([
    ['data', '6a0b68656c6c6f20776f726c64', 0n],
    ['data with coins', '6a0b68656c6c6f20776f726c64', 60_000n],
    ['OP_RETURN alone', '6a', 1_000n],
  ])('%s', (_what, script, amount) => {
    refuses(wallet, paying(bytesOf(script), amount), 'output-refused', 'Output 0 is refused: it pays data (OP_RETURN)');
  });

  it.each([
    ['no script', ''],
    ['OP_TRUE, which anyone takes', '51'],
    ['a bare key', `21${'02'.repeat(33)}ac`],
    ['bare multisig', `5121${'02'.repeat(33)}21${'03'.repeat(33)}52ae`],
    ['a P2PKH with a byte over', `76a914${'22'.repeat(20)}88ac00`],
    ['a witness program of version 2', `5220${'44'.repeat(32)}`],
    ['a witness program of version 0 of 31 bytes', `001f${'44'.repeat(31)}`],
    ['an anchor that anyone spends (P2A)', '51024e73'],
    ['a taproot key that is no point', `5120${'ff'.repeat(32)}`],
  ])('%s', (_what, script) => {
    refuses(wallet, paying(bytesOf(script), 60_000n), 'output-refused', 'which is no address');
  });

  it.each(types)('nothing at all to an address, and to change of %s', (script) => {
    refuses(own(script), paying(recipients.wpkh, 0n), 'output-refused', 'Output 0 is refused: it pays nothing');
    refuses(
      own(script),
      {
        coins,
        outputs: [
          { script: recipients.wpkh, amount: 1_000n },
          { index: 1, amount: 0n },
        ],
      },
      'output-refused',
      'Output 1 is refused: it pays nothing',
    );
  });

  const limits = { pkh: 546n, sh: 540n, wpkh: 294n, wsh: 330n, tr: 330n } as const;
  for (const [type, script] of Object.entries(recipients)) {
    const least = Object.entries(limits).find(([name]) => name === type)?.[1] ?? 0n;
    it(`dust to ${type}: below ${least} sat no node relays it`, () => {
      const saying = `it pays ${least - 1n} sat, and nodes relay no output of its type below ${least}`;
      refuses(wallet, paying(script, least - 1n), 'output-refused', saying);
      expect(effectsOf(wallet, paying(script, least)).payments).toMatchObject([{ amount: least }]);
    });
  }

  it('dust as change', () => {
    const outputs = [
      { script: recipients.wpkh, amount: 1_000n },
      { index: 1, amount: 293n },
    ];
    refuses(wallet, { coins, outputs }, 'output-refused', 'Output 1 is refused: it pays 293 sat');
  });
});

describe.each(types)('B5: the fee of a transaction of %s', (script) => {
  const own_ = own(script);

  it('is all that goes in and not out, to the satoshi: the gate bounds it', () => {
    expect(effectsOf(own_, paying(recipients.wpkh, 1_000n)).maxFee).toBe(149_000n);
    expect(effectsOf(own_, paying(recipients.wpkh, 150_000n)).maxFee).toBe(0n);
    refuses(
      own_,
      paying(recipients.wpkh, 150_001n),
      'transaction-undecodable',
      'its outputs have 150001 sat, and its inputs 150000',
    );
  });

  it('has a rate by virtual size, rounded up, which grows with the fee', () => {
    const rate = (amount: bigint) => effectsOf(own_, paying(recipients.wpkh, amount)).feeRate;
    expect(rate(150_000n)).toBe(0n);
    expect(rate(149_999n)).toBeGreaterThan(0n);
    // Two inputs and one output have from 150 to 350 virtual bytes.
    expect(rate(1_000n)).toBeGreaterThan((149_000n * 1000n) / 350n);
    expect(rate(1_000n)).toBeLessThan((149_000n * 1000n) / 150n);
  });
});

it('B5: amounts that would wrap in 64 bits', () => {
  const most = 2_100_000_000_000_000n;
  refuses(
    wallet,
    paying(recipients.wpkh, most + 1n),
    'transaction-undecodable',
    'output 0 pays 2100000000000001 sat, more than there are',
  );
  const rich = {
    coins: [{ branch: 0, index: 0, amount: most + 1n }],
    outputs: [{ script: recipients.wpkh, amount: 1_000n }],
  };
  refuses(wallet, rich, 'transaction-undecodable', 'input 0 spends 2100000000000001 sat, more than there are');
});
