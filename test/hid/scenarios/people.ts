import { beforeAll, describe, expect, it } from 'vitest';
import { TransactionState } from '../../../src/generated/portcullis/v1/transaction.ts';
import type { Bench } from '../bench.ts';
import { nanoX } from '../ledger.ts';
import { aloneConfig, doctorConfig } from '../station.ts';

const { SIGNED, UNCERTAIN } = TransactionState;

/** What happens when nobody decides, when the device says nothing, and when the station is stopped meanwhile. */
export function people(bench: () => Bench): void {
  describe('a read that never ends', () => {
    beforeAll(async () => {
      const { first, second, bitcoin, permit } = bench();
      await permit();
      // One with another app open would be told of first where one is missing: it might be the wallet's own.
      await bitcoin.unplug();
      await first.ensure();
      await second.ensure(nanoX);
    });

    it('F3: a silent device: the child is killed at the deadline and started again, and the next signs the same bytes', async () => {
      const { exchange, alice, second, station } = bench();
      await second.operator.fault({ kind: 'hang', at: 'review' });
      const from = station.log.length;
      const asked = await exchange.pay(alice, 'w-silent', 'eth-2');
      await second.review();
      await exchange.until(asked.id, UNCERTAIN, 'device-timeout');
      expect(
        await station.logs(/"signer":"ledger-2".*did not answer sign in time; it is restarted/, from),
      ).toBeTruthy();
      await second.unplug();
      await second.operator.mend();
      await second.operator.fault({ kind: 'unplug' });
      await second.plug(nanoX);
      await second.approve();
      const signed = await exchange.until(asked.id, SIGNED);
      expect(signed.unsigned).toEqual(asked.unsigned);
    });

    it('F3: a silent device keeps no other wallet from its own', async () => {
      const { exchange, alice, first, second } = bench();
      await second.operator.fault({ kind: 'hang' });
      // Found anew, and behind the silent one.
      await first.unplug();
      await first.plug();
      const asked = await exchange.pay(alice, 'w-beside');
      await first.approve();
      await exchange.until(asked.id, SIGNED);
      await second.unplug();
      await second.operator.mend();
    });

    it('F3: the daemon stops on SIGTERM while a person is thinking; started again, it asks for the same bytes', async () => {
      const { exchange, alice, first, bitcoin, guest, station } = bench();
      const asked = await exchange.pay(alice, 'w-stopped');
      await first.review();
      await first.operator.press('right');
      expect(await station.stop('SIGTERM')).toMatchObject({ code: 0 });
      expect(await guest('ps -o args')).not.toContain('host.ts');
      // Devices are asked by whoever looks while the station is not there.
      await bitcoin.unplug();
      await bitcoin.plug();
      await guest(`udevadm settle && chmod go= ${bitcoin.file}`);
      const { output } = await station.announcement.portcullis('doctor', '--config', doctorConfig);
      expect(output).toMatch(/^ok {4}USB \/dev\/hidraw\d+: Nano S Plus, the app Ethereum open, 1\.22\.0$/m);
      expect(output).toMatch(
        /^WRONG USB \/dev\/hidraw\d+: Nano S Plus: device-missing: .* may not open.*\n +Install deploy\/udev/m,
      );
      await bitcoin.unplug();
      await station.start(aloneConfig);
      await first.approve();
      const signed = await exchange.until(asked.id, SIGNED);
      expect(signed.unsigned).toEqual(asked.unsigned);
    });

    it('S8: a daemon that is killed leaves no child that holds a device', async () => {
      const { exchange, alice, first, guest, station } = bench();
      await exchange.pay(alice, 'w-killed');
      await first.review();
      await station.stop('SIGKILL');
      for (let tries = 0; tries < 100 && (await guest('ps -o args')).includes('host.ts'); tries++);
      expect(await guest('ps -o args')).not.toContain('host.ts');
    });
  });
}
