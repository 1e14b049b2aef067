import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Customer } from '../../simulators/exchange/customer.ts';
import { startEmulator } from '../../simulators/ledger/emulator.ts';
import { payees } from '../custody/bitcoin-station.ts';
import { Exchange, payee } from '../e2e/exchange.ts';
import { FoundedStation, ports } from './founded-station.ts';
import { cache } from './image/image.ts';
import { VirtualLedger } from './ledger.ts';
import { freePort, Machine } from './machine.ts';
import { GuestStation } from './station.ts';

/** Public test seeds: Speculos' own, and two of BIP-39's vectors. */
export const seeds = {
  glory:
    'glory promote mansion idle axis finger extra february uncover one trip resource lawn turtle enact monster seven myth punch hobby comfort wild raise skin',
  abandon: 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about',
  zoo: 'zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong',
} as const;

/** One machine, a station in it, a Ledger for each of its wallets, and an exchange that calls it from outside. */
export interface Bench extends AsyncDisposable {
  readonly machine: Machine;
  readonly station: GuestStation;
  readonly exchange: Exchange;
  /** Who is paid by eth-1 and eth-2, and by btc-1. */
  readonly alice: Customer;
  readonly bob: Customer;
  /** On USB in slots 0 to 2: of the wallets eth-1, eth-2, btc-1. */
  readonly first: VirtualLedger;
  readonly second: VirtualLedger;
  readonly bitcoin: VirtualLedger;
  /** Of the Ethereum wallets, by their ids. */
  readonly addresses: GuestStation['addresses'];
  /** Installs the udev rules that a station has. */
  permit(): Promise<void>;
  /** Runs a line of shell as root in the guest, and gives what it printed. */
  guest(line: string): Promise<string>;
}

/** @param name of what the machine and the station said, of the last run: `last-run-NAME.log` */
export async function openBench(name: string): Promise<Bench> {
  const things = new AsyncDisposableStack();
  try {
    const transcript = join(cache, `last-run-${name}.log`);
    writeFileSync(transcript, '');
    const begun = Date.now();
    const note = (line: string) => appendFileSync(transcript, `${((Date.now() - begun) / 1000).toFixed(1)} ${line}\n`);
    const forwarded = { api: await freePort(), operators: await freePort() };
    const emulated = async (app: 'ethereum' | 'bitcoin-test', seed: string) => {
      const emulator = await startEmulator({ model: 'nanosp', app, seed, apiPort: 0, apduPort: 0 });
      things.defer(() => emulator.close());
      return emulator;
    };
    const glory = await emulated('ethereum', seeds.glory);
    const abandon = await emulated('ethereum', seeds.abandon);
    const zoo = await emulated('bitcoin-test', seeds.zoo);
    const booting = Machine.boot({
      image: inject('image'),
      forwards: [
        { host: forwarded.api, guest: ports.api },
        { host: forwarded.operators, guest: ports.operators },
      ],
      console: (line) => note(`console: ${line}`),
    });
    things.defer(() =>
      booting.then(
        (machine) => machine.close(),
        () => undefined,
      ),
    );
    const founded = await FoundedStation.found({
      'eth-1': glory.apiUrl,
      'eth-2': abandon.apiUrl,
      'btc-1': zoo.apiUrl,
    });
    things.defer(() => founded.remove());
    note('the station is founded');
    const [alice, bob] = await founded.customers({ alice: payee, bob: payees.wpkh });
    if (alice === undefined || bob === undefined) throw new Error('nobody was enrolled');
    note('customers are enrolled');
    const machine = await booting;
    machine.onTold((told) => note(JSON.stringify(told)));
    note('the agent is there');
    const first = await VirtualLedger.attach(machine, 0, glory);
    const second = await VirtualLedger.attach(machine, 1, abandon);
    const bitcoin = await VirtualLedger.attach(machine, 2, zoo);
    const station = await GuestStation.carry(machine, founded, forwarded);
    note('the station is carried over');
    await station.start();
    note('the station serves');
    const exchange = new Exchange(station.announcement);
    things.defer(() => exchange.close());
    const opened = things.move();
    const guest = async (line: string): Promise<string> => {
      const { code, output = '' } = await machine.order({ order: 'run', argv: ['/bin/sh', '-c', line], as: 'root' });
      if (code !== 0) throw new Error(`in the guest, ${line} ended with ${code}: ${output}`);
      return output;
    };
    const permit = async (): Promise<void> => {
      await guest('cp deploy/udev/*.rules /etc/udev/rules.d/');
      await guest('udevadm control --reload');
      await guest('udevadm trigger --subsystem-match=hidraw --subsystem-match=usb');
    };
    const ledgers = { first, second, bitcoin };
    const { addresses } = station;
    const dispose = () => opened.disposeAsync();
    return {
      machine,
      station,
      exchange,
      alice,
      bob,
      ...ledgers,
      addresses,
      permit,
      guest,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await things.disposeAsync();
    throw error;
  }
}
