import { beforeAll, describe, expect, it } from 'vitest';
import { TransactionState } from '../../../src/generated/portcullis/v1/transaction.ts';
import { type Bench, seeds } from '../bench.ts';
import { nanoX } from '../ledger.ts';
import { signerOf } from './devices.ts';

const { PERMITTED, SENT, SIGNED, UNCERTAIN } = TransactionState;

/** What happens to a payment whose device is pulled out: of eth-1, its own and others plugged in. */
export function cables(bench: () => Bench): void {
  describe('a cable that is pulled', () => {
    beforeAll(async () => {
      const { first, second, bitcoin, permit } = bench();
      await permit();
      // One with another app open would be told of first where one is missing: it might be the wallet's own.
      await bitcoin.unplug();
      await first.ensure();
      await second.ensure(nanoX);
    });

    it('F3: before the review: the transaction waits, and goes on by itself', async () => {
      const { exchange, alice, first } = bench();
      await first.unplug();
      const asked = await exchange.pay(alice, 'w-before');
      // Another Ledger with the same app is there: it is told of, and asked nothing more.
      await exchange.until(asked.id, PERMITTED, 'device-foreign');
      await first.plug();
      await first.approve();
      await exchange.until(asked.id, SIGNED);
    });

    it('F3: during the review: uncertain, and the same bytes go out again when the same device is back', async () => {
      const { exchange, alice, first } = bench();
      const asked = await exchange.pay(alice, 'w-review');
      await first.review();
      await exchange.until(asked.id, SENT);
      await first.unplug();
      await exchange.until(asked.id, UNCERTAIN);
      await first.plug();
      await first.approve();
      const signed = await exchange.until(asked.id, SIGNED);
      expect(signed.unsigned).toEqual(asked.unsigned);
    });

    it('F3: in the midst of the answer: half a signature is none', async () => {
      const { exchange, alice, first } = bench();
      const asked = await exchange.pay(alice, 'w-answer');
      await first.review();
      await first.cutAfter(1);
      await first.approve();
      const uncertain = await exchange.until(asked.id, UNCERTAIN);
      expect(uncertain.signed).toHaveLength(0);
      await first.unplug();
      await first.plug();
      await first.approve();
      const signed = await exchange.until(asked.id, SIGNED);
      expect(signed.unsigned).toEqual(asked.unsigned);
    });

    it('F3: out, in, out and in at once, sooner than anyone is told: found again', async () => {
      const { exchange, alice, first } = bench();
      const asked = await exchange.pay(alice, 'w-twice');
      await first.review();
      await first.operator.press('right');
      await first.enumerateAnew();
      await first.enumerateAnew();
      await exchange.until(asked.id, UNCERTAIN);
      await first.approve();
      await exchange.until(asked.id, SIGNED);
    });

    it('S6: where another device comes back in its place, or the same with another seed, nothing is shown to anyone', async () => {
      const { exchange, alice, first, second } = bench();
      const asked = await exchange.pay(alice, 'w-foreign');
      await first.review();
      await first.unplug();
      await exchange.until(asked.id, UNCERTAIN, 'device-foreign');
      await first.operator.fault({ kind: 'seed', seed: seeds.zoo });
      await first.plug();
      await first.identified();
      await exchange.until(asked.id, UNCERTAIN, 'device-foreign');
      for (const ledger of [first, second]) expect(await ledger.operator.screen()).not.toMatch(/^Review/);
      await first.unplug();
      await first.operator.mend();
      await first.operator.fault({ kind: 'unplug' });
      await first.plug();
      await first.approve();
      expect(await signerOf(await exchange.until(asked.id, SIGNED))).toBe(bench().addresses['eth-1']);
    });
  });
}
