import type { startEmulator } from '../../simulators/ledger/emulator.ts';
import { Operator } from '../simulators/ledger/operator.ts';
import type { Machine } from './machine.ts';

/** What Ledger's models say of themselves over USB: the low byte of the product id changes with the app that is open. */
export const nanoSPlus = { productId: 0x5011, product: 'Nano S Plus' } as const;
/** The same model with its dashboard open. */
export const nanoSPlusDashboard = { productId: 0x5015, product: 'Nano S Plus' } as const;
export const nanoX = { productId: 0x4011, product: 'Nano X' } as const;

type UsbIdentity = typeof nanoSPlus | typeof nanoSPlusDashboard | typeof nanoX;

type Emulator = Awaited<ReturnType<typeof startEmulator>>;

/** An emulated Ledger on this machine, with a cable that goes into the virtual one, and a person before it. */
export class VirtualLedger {
  readonly operator: Operator;
  readonly url: string;
  readonly #machine: Machine;
  readonly #slot: number;
  readonly #close: () => Promise<void>;
  #file = '';

  private constructor(machine: Machine, slot: number, { apiUrl, close }: Emulator) {
    this.operator = new Operator(apiUrl);
    this.url = apiUrl;
    this.#machine = machine;
    this.#slot = slot;
    this.#close = close;
  }

  /** Gives the machine its end of the cable. */
  static async attach(machine: Machine, slot: number, emulator: Emulator): Promise<VirtualLedger> {
    await machine.order({ order: 'ledger', slot, emulator: emulator.apduPort ?? 0 });
    return new VirtualLedger(machine, slot, emulator);
  }

  /** Puts the cable in. A device that was without power starts afresh. Resolves to its file, such as `/dev/hidraw0`. */
  async plug(identity: UsbIdentity = nanoSPlus): Promise<string> {
    await this.operator.fault({ kind: 'plug' });
    return this.#connect(identity);
  }

  async #connect(identity: UsbIdentity): Promise<string> {
    const { output = '' } = await this.#machine.order({ order: 'plug', slot: this.#slot, ...identity });
    this.#file = output;
    return output;
  }

  /** Where it is plugged in; empty where it isn't. */
  get file(): string {
    return this.#file;
  }

  /** Plugs it in unless it is. */
  async ensure(identity: UsbIdentity = nanoSPlus): Promise<void> {
    if (this.#file === '') await this.plug(identity);
  }

  /** Pulls it: the device has no battery. */
  async unplug(): Promise<void> {
    this.#file = '';
    await this.#machine.order({ order: 'unplug', slot: this.#slot });
    await this.operator.fault({ kind: 'unplug' });
  }

  /** Leaves the bus and comes back as the same device goes on: what opening an app does. */
  async enumerateAnew(identity: UsbIdentity = nanoSPlus): Promise<void> {
    await this.#machine.order({ order: 'unplug', slot: this.#slot });
    await this.#connect(identity);
  }

  /** Has the cable pulled once so many reports of the next answer are out. */
  async cutAfter(reports: number): Promise<void> {
    await this.#machine.order({ order: 'cut', slot: this.#slot, reports });
  }

  /** Waits for a review and signs it. Returns the screens that it saw. */
  async approve(): Promise<readonly string[]> {
    const screens = [await this.operator.sees(/^Review transaction/)];
    for (let now = screens[0] ?? ''; !now.startsWith('Sign transaction'); screens.push(now)) {
      await this.operator.press('right');
      now = await this.operator.screen();
    }
    await this.operator.press('both');
    return screens;
  }

  /** Resolves when it is asked for its key the next time. */
  async identified(): Promise<void> {
    await fetch(`${this.url}/log`, { method: 'DELETE' });
    const asked = (crossings: readonly { data: string }[]) => crossings.some(({ data }) => data.startsWith('e002'));
    while (!asked(await this.#log())) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  async #log(): Promise<readonly { data: string }[]> {
    const { log }: { log: readonly { data: string }[] } = JSON.parse(await (await fetch(`${this.url}/log`)).text());
    return log;
  }

  async review(): Promise<void> {
    await this.operator.sees(/^Review transaction/);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
