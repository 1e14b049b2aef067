import type { EmulatedStation } from '../../simulators/demo/emulated-station.ts';
import { aloneName, configName, doctorName, type FoundedStation } from './founded-station.ts';
import type { Told } from './guest/orders.ts';
import type { Machine } from './machine.ts';

/** Where the guest has it. */
export const config = `/station/${configName}`;
/** With the signer of eth-1 alone. */
export const aloneConfig = `/station/${aloneName}`;
export const doctorConfig = `/station/${doctorName}`;
export const node = '/usr/local/bin/node';

/** The station where it belongs, in the guest. */
export class GuestStation {
  readonly #machine: Machine;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  readonly announcement: EmulatedStation;
  readonly addresses: FoundedStation['addresses'];
  #ended: { readonly code: number | null; readonly signal: string | null } | undefined;

  private constructor(machine: Machine, announcement: EmulatedStation, addresses: FoundedStation['addresses']) {
    this.#machine = machine;
    this.announcement = announcement;
    this.addresses = addresses;
    machine.onTold((told) => this.#hear(told));
  }

  /** Carries a station over: keys, policy and database, each the station's alone. */
  static async carry(
    machine: Machine,
    founded: FoundedStation,
    forwarded: { readonly api: number; readonly operators: number },
  ): Promise<GuestStation> {
    for (const { path, content } of founded.files()) {
      await machine.order({
        order: 'put',
        path: `/station/${path}`,
        content: content.toString('base64'),
        as: 'station',
      });
    }
    const announcement: EmulatedStation = {
      ...founded.announcement,
      address: `localhost:${forwarded.api}`,
      operatorsAddress: `localhost:${forwarded.operators}`,
      config,
      ports: { ...forwarded, ledger: 0, bitcoinLedger: 0 },
      portcullis: async (...args) => {
        const { code = -1, output = '' } = await machine.order({
          order: 'run',
          argv: [node, 'src/cli/main.ts', ...args],
          as: 'station',
        });
        return { code, output };
      },
    };
    return new GuestStation(machine, announcement, founded.addresses);
  }

  /** All that it logged since it was started last. */
  get log(): readonly string[] {
    return this.#lines;
  }

  /** Resolves when it answers. */
  async start(own = config): Promise<void> {
    this.#lines.length = 0;
    this.#ended = undefined;
    await this.#machine.order({
      order: 'start',
      name: 'station',
      argv: [node, 'src/daemon.ts', '--config', own],
      as: 'station',
    });
    await this.logs(/"event":"serving"/);
  }

  /** Ends it as systemd does; resolves to how it ended. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<{ code: number | null; signal: string | null }> {
    await this.#machine.order({ order: 'signal', name: 'station', signal });
    return this.#until(() => this.#ended);
  }

  /** Resolves to the first line, from that number on, that is so; fails where the daemon ends before. */
  logs(line: RegExp, from = 0): Promise<string> {
    return this.#until(() => {
      const found = this.#lines.slice(from).find((one) => line.test(one));
      if (found === undefined && this.#ended !== undefined) {
        throw new Error(`the station ended before it said ${line}:\n${this.#lines.join('\n')}`);
      }
      return found;
    });
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #hear(told: Told): void {
    if (told.name !== 'station') return;
    if (told.told === 'line') this.#lines.push(told.line);
    else this.#ended = told;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
