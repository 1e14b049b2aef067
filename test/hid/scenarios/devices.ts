import { bytesToHex, recoverTransactionAddress, type TransactionSerializedEIP1559 } from 'viem';
import { describe, expect, it } from 'vitest';
import { type Transaction, TransactionState } from '../../../src/generated/portcullis/v1/transaction.ts';
import type { Bench } from '../bench.ts';
import { nanoSPlusDashboard, nanoX } from '../ledger.ts';
import { payBitcoin } from '../payments.ts';

const { PERMITTED, SIGNED, UNCERTAIN } = TransactionState;

/** Who signed a transaction of Ethereum's. */
export function signerOf({ signed }: Transaction): Promise<string> {
  return recoverTransactionAddress({ serializedTransaction: bytesToHex(signed) as TransactionSerializedEIP1559 });
}

/** Which devices are found, and who may open them. They are left plugged in, with their apps open. */
export function devices(bench: () => Bench): void {
  describe('devices on USB', () => {
    it('F3: one that the station’s user may not open is as good as missing, until the udev rules are there', async () => {
      const { exchange, alice, first, guest, permit } = bench();
      const file = await first.plug();
      expect(await guest(`ls -l ${file}`)).toMatch(/^crw------- +1 root +root/);
      const asked = await exchange.pay(alice, 'w-permission');
      await exchange.until(asked.id, PERMITTED, 'device-missing');
      await permit();
      const screens = await first.approve();
      expect(screens).toContain('Amount\n1 ETH');
      const signed = await exchange.until(asked.id, SIGNED);
      expect(exchange.station.wallet.address).toContain(await signerOf(signed));
      // The group’s, and nobody else’s: the raw reports, and the device that libusb opens.
      expect(await guest(`ls -l ${file}`)).toMatch(/^crw-rw---- +1 root +portcull/);
      expect(await guest('ls -l /dev/bus/usb/*/* | grep portcull')).toMatch(/^crw-rw---- /);
    });

    it('S6: of several, each wallet finds its own; a review on one keeps no other waiting', async () => {
      const { exchange, alice, first, second, bitcoin } = bench();
      await second.plug(nanoX);
      await bitcoin.plug();
      const ether = await exchange.pay(alice, 'w-first');
      await first.review();
      const coins = await payBitcoin(bench(), 'w-bitcoin');
      await bitcoin.approve();
      const paid = await exchange.until(coins.id, SIGNED);
      expect(paid.signedBy).toEqual(['ledger-btc']);
      const other = await exchange.pay(alice, 'w-second', 'eth-2');
      await second.approve();
      expect(await signerOf(await exchange.until(other.id, SIGNED))).toBe(bench().addresses['eth-2']);
      // Whatever had been sent to it meanwhile would have cost the first its signature.
      await first.approve();
      expect(await signerOf(await exchange.until(ether.id, SIGNED))).toBe(bench().addresses['eth-1']);
    });

    it('S6: so they do when the devices have changed their places', async () => {
      const { exchange, alice, first, second, bitcoin } = bench();
      const before = [first.file, second.file];
      for (const ledger of [first, second, bitcoin]) await ledger.unplug();
      await second.plug(nanoX);
      await first.plug();
      await bitcoin.plug();
      expect([first.file, second.file]).not.toEqual(before);
      const asked = await Promise.all([exchange.pay(alice, 'w-moved-1'), exchange.pay(alice, 'w-moved-2', 'eth-2')]);
      await Promise.all([first.approve(), second.approve()]);
      const signed = await Promise.all(asked.map(({ id }) => exchange.until(id, SIGNED)));
      const { addresses } = bench();
      expect(await Promise.all(signed.map(signerOf))).toEqual([addresses['eth-1'], addresses['eth-2']]);
    });

    it('F3, S6: an app that is closed and opened again is another device on USB: it is waited for, and found', async () => {
      const { exchange, alice, first } = bench();
      await first.operator.select(/^Quit app/);
      await first.enumerateAnew(nanoSPlusDashboard);
      const asked = await exchange.pay(alice, 'w-app');
      await exchange.until(asked.id, PERMITTED, 'device-wrong-app');
      await first.operator.select(/^Ethereum/);
      await first.enumerateAnew();
      await first.approve();
      await exchange.until(asked.id, SIGNED);
    });

    it('F3: another program that talks to the device costs a review its answer, never the payment', async () => {
      const { exchange, alice, first, guest } = bench();
      const asked = await exchange.pay(alice, 'w-shared');
      await first.review();
      await first.operator.press('right');
      // B001 by a channel of its own: what the device answers, both programs read.
      const command = String.raw`printf '\0\1\1\5\0\0\0\5\260\1\0\0\0'`;
      await guest(`${command} | dd bs=65 conv=sync of=${first.file} 2> /dev/null`);
      await exchange.until(asked.id, UNCERTAIN, 'device-busy');
      await first.approve();
      const signed = await exchange.until(asked.id, SIGNED);
      expect(signed.unsigned).toEqual(asked.unsigned);
    });
  });
}
